//go:build unix

package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/source/internal/command/commandtest"
)

const (
	processSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	processToken  = "IQoJb3JpZ2luX2VjEXAMPLETOKENTHATISVERYLONG"
)

// printed is what a credential_process prints, with some lines replaced or,
// where empty, left out.
func printed(change map[string]string) string {
	lines := []string{}
	for _, field := range []struct{ name, value string }{
		{"Version", "1"},
		{"AccessKeyId", `"ASIAIOSFODNN7EXAMPLE"`},
		{"SecretAccessKey", `"` + processSecret + `"`},
		{"SessionToken", `"` + processToken + `"`},
		{"Expiration", `"2100-01-02T03:04:05Z"`},
		{"AccountId", ""},
	} {
		value, ok := change[field.name]
		if !ok {
			value = field.value
		}
		if value != "" {
			lines = append(lines, fmt.Sprintf("%q: %s", field.name, value))
		}
	}
	return "{" + strings.Join(lines, ",") + "}\n"
}

// prints is a command that prints text, with our process's own variables.
func prints(t *testing.T, text string) *Process {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Process{Command: "cat '" + path + "'", Getenv: os.Getenv}
}

func TestProcess(t *testing.T) {
	end := time.Date(2100, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		name    string
		change  map[string]string
		want    Credentials
		endless bool
	}{
		{"all", map[string]string{"AccountId": `"111122223333"`}, Credentials{SessionToken: processToken, AccountID: "111122223333", Expiration: end}, false},
		{"no account", nil, Credentials{SessionToken: processToken, Expiration: end}, false},
		{"no session token", map[string]string{"SessionToken": ""}, Credentials{Expiration: end}, false},
		{"with more", map[string]string{"AccountId": `"111122223333", "Other": {"x": [1]}`}, Credentials{SessionToken: processToken, AccountID: "111122223333", Expiration: end}, false},
		{"offset", map[string]string{"Expiration": `"2100-01-02T04:04:05+01:00"`}, Credentials{SessionToken: processToken, Expiration: end}, false},
		{"offset without a colon", map[string]string{"Expiration": `"2100-01-02T04:04:05+0100"`}, Credentials{SessionToken: processToken, Expiration: end}, false},
		{"fraction", map[string]string{"Expiration": `"2100-01-02T03:04:05.5Z"`}, Credentials{SessionToken: processToken, Expiration: end.Add(time.Second / 2)}, false},
		{"no expiration", map[string]string{"Expiration": ""}, Credentials{SessionToken: processToken}, true},
		{"empty expiration", map[string]string{"Expiration": `""`}, Credentials{SessionToken: processToken}, true},
		{"null expiration", map[string]string{"Expiration": `null`}, Credentials{SessionToken: processToken}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := prints(t, printed(test.change))
			before := time.Now().Round(0)
			got, err := p.Retrieve(minute(t))
			if err != nil {
				t.Fatal(err)
			}
			if got.Issued.Before(before) || got.Issued.After(time.Now()) || got.Ends() == test.endless {
				t.Errorf("issued at %v, ends is %t", got.Issued, got.Ends())
			}
			want := test.want
			want.AccessKeyID, want.SecretAccessKey, want.Identity, want.Issued = "ASIAIOSFODNN7EXAMPLE", processSecret, p.Key().Identity, got.Issued
			if !got.Expiration.Equal(want.Expiration) {
				t.Errorf("expires at %v, want %v", got.Expiration, want.Expiration)
			}
			want.Expiration = got.Expiration
			if got != want {
				t.Errorf("got %v of account %q, want %v", got, got.AccountID, want)
			}
		})
	}
}

// It is run as the SDKs would run it: by a shell, in our environment.
func TestProcessRuns(t *testing.T) {
	path := string(prints(t, printed(nil)).Command[4:])
	t.Setenv("WORD", "word")
	for name, command := range map[string]string{
		"shell":            "test $WORD = word && cat " + path,
		"AWS_PROFILE":      `test "$AWS_PROFILE" = caller && cat ` + path,
		"noise on stderr":  "echo deprecated >&2; cat " + path,
		"nothing on stdin": "read x || cat " + path,
		"its own session":  `test ! -e /proc/$$/stat || test "$(cut -d" " -f6 /proc/$$/stat)" = $$ && cat ` + path,
		"byte order mark":  `printf '\357\273\277'; cat ` + path,
		"new lines":        "echo; cat " + path + "; echo",
		"leaves a child":   "sleep 3 & cat " + path,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_PROFILE", "caller")
			if _, err := (&Process{Command: command, Getenv: os.Getenv}).Retrieve(minute(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestProcessFails(t *testing.T) {
	type lines = map[string]string
	quiet := func(text string) func(*testing.T) *Process {
		return func(t *testing.T) *Process { return prints(t, text) }
	}
	says := func(command string) func(*testing.T) *Process {
		return func(t *testing.T) *Process {
			p := prints(t, printed(nil))
			return &Process{Command: strings.ReplaceAll(command, "PATH", p.Command[4:]), Getenv: os.Getenv}
		}
	}
	for _, test := range []struct {
		name string
		p    func(*testing.T) *Process
		text string
	}{
		{"silent", quiet(""), "printed not a JSON object of credentials"},
		{"page", quiet("<html>" + processSecret), "printed not a JSON object of credentials"},
		{"half", quiet(printed(nil)[:100]), "printed not a JSON object of credentials"},
		{"two", quiet(printed(nil) + printed(nil)), "printed not a JSON object of credentials"},
		{"words first", quiet("Assuming role…\n" + printed(nil)), "printed not a JSON object of credentials"},
		{"array", quiet("[" + printed(nil) + "]"), "printed not a JSON object of credentials"},
		{"number as key", quiet(printed(lines{"AccessKeyId": "1"})), "printed not a JSON object of credentials"},
		{"text as version", quiet(printed(lines{"Version": `"1"`})), "printed not a JSON object of credentials"},
		{"version 2", quiet(printed(lines{"Version": "2"})), "printed JSON without Version 1"},
		{"no version", quiet(printed(lines{"Version": ""})), "printed JSON without Version 1"},
		{"no key id", quiet(printed(lines{"AccessKeyId": ""})), "printed credentials without AccessKeyId"},
		{"no secret", quiet(printed(lines{"SecretAccessKey": `""`})), "printed credentials without SecretAccessKey"},
		{"line in the token", quiet(printed(lines{"SessionToken": `"` + processToken + `\n` + processToken + `"`})), "printed credentials whose session token has characters that no header can carry"},
		{"terminal codes in the key id", quiet(printed(lines{"AccessKeyId": `"\u001b[31m"`})), "printed credentials whose AccessKeyId has characters that no header can carry"},
		{"date", quiet(printed(lines{"Expiration": `"` + processSecret + `"`})), "printed credentials whose Expiration is no RFC 3339 date"},
		{"expired", quiet(printed(lines{"Expiration": `"2020-01-02T03:04:05Z"`})), "printed credentials that expired "},
		{"1 MB", quiet(printed(lines{"AccountId": `"` + strings.Repeat("x", 1<<20) + `"`})), "printed too much to be credentials"},
		{"endless", says("yes " + processSecret), "printed too much to be credentials"},
		{"not there", says("credproc-test-none"), "failed with exit status 127: "},
		{"fails", says(`echo 'log in first' >&2; exit 3`), "failed with exit status 3: log in first"},
		{"fails silently", says("exit 3"), "failed with exit status 3"},
		{"dies", says("kill -9 $$"), "failed with signal: killed"},
		{"fails after printing", says("cat PATH; cat PATH >&2; echo '" + processSecret + " is no good' >&2; exit 1"), "failed with exit status 1: "},
		{"terminal codes on stderr", says(`printf '\033[31mred\a\n' >&2; exit 1`), "failed with exit status 1: [31mred"},
		{"1 MB on stderr", says(`yes noise | head -c 1000000 >&2; echo the end >&2; exit 1`), "failed with exit status 1: … "},
		{"our own secrets on stderr", says(`echo "+ $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN" >&2; exit 1`), "failed with exit status 1: + [removed] [removed]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("AWS_SECRET_ACCESS_KEY", processSecret)
			t.Setenv("AWS_SESSION_TOKEN", processToken)
			p := test.p(t)
			_, err := p.Retrieve(minute(t))
			failed := AsError(err)
			if failed.Kind != KindUnreachable || failed.Code != CodeProcess || !strings.HasPrefix(failed.Text, p.String()+" "+test.text) {
				t.Errorf("got  %s %q: %s\nwant %s %s", failed.Kind, failed.Code, failed.Text, p, test.text)
			}
			shown := everything(t, err)
			wantHidden(t, shown, processSecret)
			wantHidden(t, shown, processToken)
			if len(failed.Text) > 600 || strings.ContainsAny(failed.Text, "\n\x1b\a") {
				t.Errorf("%d bytes: %q", len(failed.Text), failed.Text)
			}
		})
	}
}

// A command that hangs dies with all that it started, and nothing of it holds
// us up.
func TestProcessHangs(t *testing.T) {
	dir := t.TempDir()
	parent, child := filepath.Join(dir, "parent"), filepath.Join(dir, "child")
	p := &Process{Getenv: os.Getenv, Command: "trap '' TERM INT HUP; echo $$ >" + parent + "; sh -c 'echo $$ >" + child + "; sleep 600'; sleep 600"}
	ctx := newDeadline(t)
	go func() { commandtest.PID(t, parent); commandtest.PID(t, child); ctx.pass() }()
	_, err := p.Retrieve(ctx)
	wantError(t, err, KindDeadline, CodeProcess, "credential_process trap did not finish in time")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("caused by %v", errors.Unwrap(err))
	}
	for _, path := range []string{parent, child} {
		commandtest.Gone(t, commandtest.PID(t, path))
	}
}

// What is run knows what is running, so that a loop ends at its first repeat;
// one within another does not.
func TestProcessLoop(t *testing.T) {
	path := prints(t, printed(nil)).Command[4:]
	seen := filepath.Join(t.TempDir(), "seen")
	p := &Process{Command: `echo "$` + GuardVariable + `" >` + seen + "; cat " + path, Getenv: os.Getenv}
	other := &Process{Command: "other", Getenv: os.Getenv}
	t.Setenv(GuardVariable, other.guard())
	if err := p.Loop(); err != nil {
		t.Error(err)
	}
	if _, err := p.Retrieve(minute(t)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(seen)
	if want := other.guard() + "," + p.guard() + "\n"; err != nil || string(text) != want {
		t.Errorf("the command saw %q, want %q", text, want)
	}
	t.Setenv(GuardVariable, strings.TrimSpace(string(text)))
	for _, p := range []*Process{p, other} {
		want := p.String() + " leads back to itself: through AWS_PROFILE or the default profile it runs the program that runs it"
		wantError(t, p.Loop(), KindSettings, CodeLoop, want)
		_, err := p.Retrieve(minute(t))
		wantError(t, err, KindSettings, CodeLoop, want)
	}
}

// A loop that was found further in is one here, too.
func TestProcessLoopFurtherIn(t *testing.T) {
	p := &Process{Getenv: os.Getenv, Command: `echo 'Error when retrieving credentials from custom-process: credproc: error: credential_process sh ` +
		`leads back to itself: …' >&2; exit 255`}
	_, err := p.Retrieve(minute(t))
	wantError(t, err, KindSettings, CodeLoop, "credential_process echo leads back to itself by way of what it runs")
	p.Command = "echo the song leads back to itself >&2; exit 1"
	_, err = p.Retrieve(minute(t))
	wantError(t, err, KindUnreachable, CodeProcess, "credential_process echo failed with exit status 1: the song leads back to itself")
}

func TestProcessStaysHidden(t *testing.T) {
	p := &Process{Command: "get --password " + processSecret, Getenv: os.Getenv}
	for _, verb := range verbs {
		for _, v := range []any{p, *p, []any{p, *p}, struct{ S Source }{p}} {
			wantHidden(t, fmt.Sprintf(verb, v), processSecret)
		}
	}
}
