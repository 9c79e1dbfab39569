package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/credproc/credproc/source/sourcetest"
)

// commands are what scripts can say besides testscript's own commands.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits":       exits,
	"credentials": credentials,
	"sts":         controlSTS,
	"stscalls":    stsCalls,
	"asked":       asked,
	"token":       writeToken,
	"entry":       entry,
	"age":         age,
	"life":        life,
	"retry-in":    retryIn,
	"secretless":  secretless,
	"proxy":       proxy,
	"system":      controlSystem,
	"user":        user,
	"subject":     subject,
	"variable":    setVariable,
}

func usage(ts *testscript.TestScript, ok bool, text string) {
	if !ok {
		ts.Fatalf("usage: %s", text)
	}
}

// exits runs a program as exec does, and asserts its exit status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "exits STATUS PROGRAM [ARG...]")
	got := 0
	err := ts.Exec(args[1], args[2:]...)
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status is %d, not %s", got, args[0])
	}
}

// printed is what credproc prints, to the byte but for the values.
var printed = regexp.MustCompile(`^{"Version":1,"AccessKeyId":"(ASIA[A-Z0-9]{16})","SecretAccessKey":"([^"]{40})","SessionToken":"([^"]{16,})",` +
	`"Expiration":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"(,"AccountId":"\d{12}")?}` + "\n$")

// output is the same, read.
type output struct {
	Version         int
	AccessKeyId     string
	SecretAccessKey string
	SessionToken    string
	Expiration      string
	AccountId       string
}

// maxPrinted is what Go's SDK v1 reads, in bytes.
const maxPrinted = 8192

// checkForm asserts that text has the form that SDKs read, and gives its parts.
func checkForm(text string) (output, error) {
	var out output
	if !printed.MatchString(text) || len(text) >= maxPrinted {
		return out, fmt.Errorf("this is not one credential_process object of less than %d bytes", maxPrinted)
	}
	err := json.Unmarshal([]byte(text), &out)
	return out, err
}

// checkPrinted asserts that text is what SDKs want to read now, and gives its
// parts.
func checkPrinted(text string) (output, error) {
	out, err := checkForm(text)
	if err != nil {
		return out, err
	}
	expiration, err := time.Parse(time.RFC3339, out.Expiration)
	if err == nil && !expiration.After(time.Now()) {
		err = errors.New("Expiration is in the past")
	}
	return out, err
}

// credentials asserts that stdout holds one set of credentials and nothing else.
// It keeps their access key id in the variable that is named.
func credentials(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) <= 1, "credentials [VARIABLE]")
	out, err := checkPrinted(ts.ReadFile("stdout"))
	ts.Check(err)
	if len(args) == 1 {
		ts.Setenv(args[0], out.AccessKeyId)
	}
}

// controlSTS changes how STS behaves from now on, or replaces it.
func controlSTS(ts *testscript.TestScript, neg bool, args []string) {
	const how = "sts heal|refuse STATUS CODE MESSAGE|refuse-once STATUS CODE MESSAGE|echo-token|throttle|drop|hang|html STATUS|empty|empty-result|half|huge|without ELEMENT|skew TIME|lifetime TIME|add-role ARN|tls|close"
	usage(ts, !neg && len(args) >= 1, how)
	w := worldOf(ts)
	arg := func(n int) string {
		usage(ts, n < len(args), how)
		return args[n]
	}
	refusal := func() sourcetest.Fault {
		n, err := strconv.Atoi(arg(1))
		ts.Check(err)
		message, err := strconv.Unquote(`"` + arg(3) + `"`)
		ts.Check(err)
		return sourcetest.Refuse(n, arg(2), message)
	}
	duration := func(text string) time.Duration {
		d, err := time.ParseDuration(text)
		ts.Check(err)
		return d
	}
	status := func(text string) int {
		n, err := strconv.Atoi(text)
		ts.Check(err)
		return n
	}
	switch args[0] {
	case "heal":
		w.sts.SetFault(nil)
	case "refuse":
		w.sts.SetFault(refusal())
	case "refuse-once":
		w.sts.SetFaults(refusal())
	case "echo-token":
		w.sts.SetFault(sourcetest.Refuse(http.StatusBadRequest, "IDPRejectedClaim", "WebIdentityToken="+ts.ReadFile("token")))
	case "throttle":
		w.sts.SetFault(sourcetest.Throttle())
	case "drop":
		w.sts.SetFault(sourcetest.Drop())
	case "hang":
		w.sts.SetFault(sourcetest.Hang())
	case "html":
		w.sts.SetFault(sourcetest.HTML(status(arg(1))))
	case "empty":
		w.sts.SetFault(sourcetest.Empty())
	case "empty-result":
		w.sts.SetFault(sourcetest.EmptyResult())
	case "half":
		w.sts.SetFault(sourcetest.Half())
	case "huge":
		w.sts.SetFault(sourcetest.Huge())
	case "without":
		w.sts.SetFault(sourcetest.Without(arg(1)))
	case "skew":
		w.sts.SetFault(sourcetest.Skew(duration(arg(1))))
	case "lifetime":
		w.sts.SetLifetime(duration(arg(1)))
	case "add-role":
		w.sts.AddRole(sourcetest.Role{ARN: arg(1)})
	case "tls":
		w.serve(sourcetest.NewTLSSTS())
		ts.Setenv("STS", w.sts.URL)
		ts.Setenv("AWS_ENDPOINT_URL_STS", w.sts.URL)
		ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), w.sts.CertificatePEM(), 0o644))
	case "close":
		w.sts.Close()
	default:
		usage(ts, false, how)
	}
}

// stsCalls asserts how many calls STS has had.
func stsCalls(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "stscalls N")
	if n := worldOf(ts).sts.Calls(); strconv.Itoa(n) != args[0] {
		ts.Fatalf("STS had %d calls, not %s", n, args[0])
	}
}

// asked asserts parameters of the last call of STS.
func asked(ts *testscript.TestScript, neg bool, args []string) {
	const how = "asked [-PARAMETER] [PARAMETER=VALUE] [PARAMETER~PATTERN]..."
	usage(ts, !neg && len(args) >= 1, how)
	log := worldOf(ts).sts.Log()
	if len(log) == 0 {
		ts.Fatalf("STS had no call")
	}
	form := log[len(log)-1].Form
	for _, arg := range args {
		if absent, ok := strings.CutPrefix(arg, "-"); ok {
			if form.Has(absent) {
				ts.Fatalf("STS was sent %s = %q", absent, form.Get(absent))
			}
			continue
		}
		i := strings.IndexAny(arg, "=~")
		usage(ts, i > 0, how)
		name, want := arg[:i], arg[i+1:]
		if arg[i] == '=' {
			want = "^" + regexp.QuoteMeta(want) + "$"
		}
		if ok, err := regexp.MatchString(want, form.Get(name)); err != nil || !ok {
			ts.Fatalf("STS was sent %s = %q, not %s", name, form.Get(name), want)
		}
	}
}

// writeToken writes a new token into $TOKEN.
func writeToken(ts *testscript.TestScript, neg bool, args []string) {
	var c sourcetest.Claims
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		fromNow := func() time.Time {
			d, err := time.ParseDuration(value)
			ts.Check(err)
			return time.Now().Add(d)
		}
		switch name {
		case "sub":
			c.Subject = value
		case "aud":
			c.Audience = value
		case "alg":
			c.Algorithm = value
		case "exp":
			c.Expiry = fromNow()
			c.IssuedAt = c.Expiry.Add(-time.Hour)
		case "nbf":
			c.NotBefore = fromNow()
		case "forged":
			c.Forged = true
		default:
			usage(ts, false, "token [sub=SUBJECT] [aud=AUDIENCE] [alg=ALGORITHM] [exp=TIME] [nbf=TIME] [forged]")
		}
	}
	w := worldOf(ts)
	ts.Check(w.iss.WriteToken(w.token, c))
}

// entry asserts that the cache holds one entry, and keeps its path in $ENTRY
// and that of the failure beside it in $FAILURE.
func entry(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 0, "entry")
	path, err := onlyEntry(worldOf(ts).cache)
	ts.Check(err)
	ts.Setenv("ENTRY", path)
	ts.Setenv("FAILURE", strings.TrimSuffix(path, ".json")+".failure")
}

// age makes the one entry look as it will when that time has passed; with a
// negative time, as it did before.
func age(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "age TIME")
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	path, err := onlyEntry(worldOf(ts).cache)
	ts.Check(err)
	ts.Check(ageEntry(path, d))
}

// life asserts how long the credentials in stdout say they live.
func life(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "life LEAST MOST")
	least, err := time.ParseDuration(args[0])
	ts.Check(err)
	most, err := time.ParseDuration(args[1])
	ts.Check(err)
	out, err := checkPrinted(ts.ReadFile("stdout"))
	ts.Check(err)
	expiration, err := time.Parse(time.RFC3339, out.Expiration)
	ts.Check(err)
	if left := time.Until(expiration); left < least || left > most {
		ts.Fatalf("%v are left, not %v to %v", left, least, most)
	}
}

// retryIn makes the failure beside the one entry look as if it had happened
// just now and the next try were due in that time.
func retryIn(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "retry-in TIME")
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	var fields map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(ts.Getenv("FAILURE"))), &fields))
	fields["at"] = time.Now()
	fields["next"] = time.Now().Add(d)
	text, err := json.Marshal(fields)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.Getenv("FAILURE"), text, 0o600))
}

// secretless asserts that no file named holds any piece of the token, of a
// secret access key or of a session token.
func secretless(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 1, "secretless FILE...")
	secrets, err := worldOf(ts).secrets()
	ts.Check(err)
	for _, file := range args {
		if s := leak(ts.ReadFile(file), secrets); s != "" {
			ts.Fatalf("%s holds a piece of a secret: %s", file, s)
		}
	}
}
