package source

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/credproc/credproc/source/internal/web"
	"github.com/credproc/credproc/source/sourcetest"
	"github.com/credproc/credproc/source/token"
)

// Whatever AWS's variables say, the request is unsigned and goes where it was
// told to go.
func TestRetrieveIgnoresEnvironment(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	_, s, w := start(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ran := filepath.Join(dir, "ran")
	elsewhere := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked elsewhere: %s", r.URL) })
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID":                  "AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY":              secret,
		"AWS_SESSION_TOKEN":                  "a session token",
		"AWS_PROFILE":                        "recursion",
		"AWS_DEFAULT_PROFILE":                "recursion",
		"AWS_CONFIG_FILE":                    write("config", "[profile recursion]\ncredential_process = touch "+ran+"\nendpoint_url = "+elsewhere+"\n[default]\ncredential_process = touch "+ran+"\n"),
		"AWS_SHARED_CREDENTIALS_FILE":        write("credentials", "[recursion]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = "+secret+"\n"),
		"AWS_WEB_IDENTITY_TOKEN_FILE":        write("token", "not this one"),
		"AWS_ROLE_ARN":                       "arn:aws:iam::444455556666:role/other",
		"AWS_ROLE_SESSION_NAME":              "other",
		"AWS_REGION":                         "ap-southeast-2",
		"AWS_ENDPOINT_URL":                   elsewhere,
		"AWS_ENDPOINT_URL_STS":               elsewhere,
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": elsewhere,
		"AWS_USE_FIPS_ENDPOINT":              "true",
		"AWS_USE_DUALSTACK_ENDPOINT":         "true",
		"AWS_MAX_ATTEMPTS":                   "9",
	} {
		t.Setenv(name, value)
	}
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var requests []string
	forward := httputil.NewSingleHostReverseProxy(target)
	w.STS.URL = serve(t, func(rw http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Authorization", "X-Amz-Security-Token", "X-Amz-Date", "X-Amz-Content-Sha256"} {
			if v := r.Header.Get(name); v != "" {
				t.Errorf("signed: %s: %s", name, v)
			}
		}
		dump, err := httputil.DumpRequest(r, true)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		requests = append(requests, string(dump))
		mu.Unlock()
		forward.ServeHTTP(rw, r)
	})
	if _, err := w.Retrieve(minute(t)); err != nil {
		t.Fatal(err)
	}
	if len(requests) != 1 {
		t.Errorf("%d requests", len(requests))
	}
	for _, r := range requests {
		if !strings.HasPrefix(r, "POST / HTTP/1.1\r\n") || strings.Contains(r, "AKIA") || strings.Contains(r, url.QueryEscape(secret)) {
			t.Errorf("sent %s", r)
		}
	}
	wantCalls(t, s, 1)
	if call := s.Log()[0]; call.AccessKeyID != "" || call.Form.Get("RoleArn") != migrator || call.Form.Get("RoleSessionName") != "credproc" {
		t.Errorf("sent %+v", call)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("ran a profile's credential_process")
	}
}

func TestCABundle(t *testing.T) {
	iss, s := sourcetest.NewIssuer(), sourcetest.NewTLSSTS()
	t.Cleanup(iss.Close)
	t.Cleanup(s.Close)
	s.Trust(iss.URL)
	s.AddRole(sourcetest.Role{ARN: migrator})
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.pem", string(s.CertificatePEM()))
	path := filepath.Join(dir, "token")
	if err := iss.WriteToken(path, sourcetest.Claims{}); err != nil {
		t.Fatal(err)
	}
	localhost := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	missing, empty, garbage := filepath.Join(dir, "missing.pem"), write("empty.pem", ""), write("garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	for _, test := range []struct {
		name, url, bundle string
		code, text        string // the text up to what the system words
		tries             int
	}{
		{"right", s.URL, good, "", "", 1},
		{"right among others", s.URL, write("more.pem", "# ours\n"+string(s.CertificatePEM())+"\ntrailing words\n"), "", "", 1},
		{"none", s.URL, "", CodeCertificate, "STS at " + s.URL + ": tls: failed to verify certificate: x509: ", 1},
		{"right, under another name", localhost, good, CodeCertificate, "STS at " + localhost + ": tls: failed to verify certificate: x509: certificate is valid for ", 1},
		{"missing", s.URL, missing, CodeCABundle, "reading the CA bundle: open " + missing + ": ", 0},
		{"directory", s.URL, dir, CodeCABundle, "reading the CA bundle: read " + dir + ": ", 0},
		{"empty", s.URL, empty, CodeCABundle, "reading the CA bundle " + empty + ": it holds no PEM certificate", 0},
		{"garbage", s.URL, garbage, CodeCABundle, "reading the CA bundle " + garbage + ": it holds no PEM certificate", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := &watched{File: token.File(path)}
			w := &WebIdentity{Token: source, RoleARN: migrator, SessionName: "credproc", STS: STS{URL: test.url, CABundle: test.bundle}}
			calls := s.Calls()
			creds, err := w.Retrieve(minute(t))
			if source.tries() != test.tries {
				t.Errorf("%d tries, want %d", source.tries(), test.tries)
			}
			if test.code == "" {
				if err != nil || !creds.Complete() || s.Calls() != calls+1 {
					t.Errorf("%d calls, error %v", s.Calls()-calls, err)
				}
				return
			}
			failed := AsError(err)
			if failed.Kind != KindUnreachable || failed.Code != test.code || !strings.HasPrefix(failed.Text, assuming+test.text) {
				t.Errorf("got  %s %q: %s\nwant %s %q: %s%s", failed.Kind, failed.Code, failed.Text, KindUnreachable, test.code, assuming, test.text)
			}
			if s.Calls() != calls {
				t.Error("the token was sent")
			}
		})
	}
}

// net/http reads the proxy variables once in a process: each case has its own.
func TestProxy(t *testing.T) {
	const child = "CREDPROC_TEST_PROXY_OF"
	if target := os.Getenv(child); target != "" {
		r, err := http.NewRequest("POST", target, nil)
		if err != nil {
			t.Fatal(err)
		}
		via, err := web.Proxy(r)
		fmt.Printf("via %v, error %v\n", via, err)
		return
	}
	t.Parallel()
	const via = "http://proxy.example:3128"
	for _, test := range []struct{ name, env, target, want string }{
		{"https", "HTTPS_PROXY=" + via, "https://sts.eu-west-1.amazonaws.com/", "via " + via + ", error <nil>"},
		{"http", "HTTP_PROXY=" + via, "http://sts.example/", "via " + via + ", error <nil>"},
		{"none", "", "https://sts.eu-west-1.amazonaws.com/", "via <nil>, error <nil>"},
		{"metadata", "HTTP_PROXY=" + via, "http://169.254.169.254/latest/meta-data/", "via <nil>, error <nil>"},
		{"with a port", "HTTP_PROXY=" + via, "http://169.254.170.2:80/v2/credentials", "via <nil>, error <nil>"},
		{"the range's ends", "HTTP_PROXY=" + via, "http://169.254.255.255/", "via <nil>, error <nil>"},
		{"mapped into IPv6", "HTTP_PROXY=" + via, "http://[::ffff:169.254.169.254]/", "via <nil>, error <nil>"},
		{"beside the range", "HTTP_PROXY=" + via, "http://169.253.255.255/", "via " + via + ", error <nil>"},
		{"a name that looks like it", "HTTP_PROXY=" + via, "http://169.254.169.254.example/", "via " + via + ", error <nil>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestProxy$")
			for _, kv := range os.Environ() {
				if name, _, _ := strings.Cut(kv, "="); !strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
					cmd.Env = append(cmd.Env, kv)
				}
			}
			cmd.Env = append(cmd.Env, child+"="+test.target, test.env)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.HasPrefix(string(out), test.want+"\n") {
				t.Errorf("got %s (%v), want %s", out, err, test.want)
			}
		})
	}
}

// A URL may hold a password: it is for the server, not for a message.
func TestPlaceHidesPassword(t *testing.T) {
	for _, test := range []struct {
		sts  STS
		want string
	}{
		{STS{}, "STS in aws-global"},
		{STS{Region: "eu-west-1"}, "STS in eu-west-1"},
		{STS{Region: "eu-west-1", URL: "https://sts.example:8443/x"}, "STS at https://sts.example:8443/x"},
		{STS{URL: "https://user:secretword@sts.example"}, "STS at https://user:xxxxx@sts.example"},
		{STS{URL: "https://user:secretword@[sts"}, "STS at a URL that cannot be read"},
	} {
		if got := test.sts.place(migrator); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

// Where AWS's own endpoints are, by region and variant: the SDK is only told.
func TestEndpoint(t *testing.T) {
	for _, test := range []struct {
		sts        STS
		role, host string
	}{
		{STS{}, migrator, "sts.amazonaws.com"},
		{STS{Region: "eu-west-1"}, migrator, "sts.eu-west-1.amazonaws.com"},
		{STS{Region: "us-east-1", FIPS: true}, migrator, "sts-fips.us-east-1.amazonaws.com"},
		{STS{Region: "eu-west-1", DualStack: true}, migrator, "sts.eu-west-1.api.aws"},
		{STS{Region: "us-east-1", FIPS: true, DualStack: true}, migrator, "sts-fips.us-east-1.api.aws"},
		{STS{}, "arn:aws-cn:iam::111122223333:role/x", "sts.cn-north-1.amazonaws.com.cn"},
		{STS{Region: "cn-northwest-1"}, "arn:aws-cn:iam::111122223333:role/x", "sts.cn-northwest-1.amazonaws.com.cn"},
		{STS{}, "arn:aws-us-gov:iam::111122223333:role/x", "sts.us-gov-west-1.amazonaws.com"},
	} {
		client, err := test.sts.client(test.role)
		if err != nil {
			t.Fatal(err)
		}
		var host string
		w := &WebIdentity{RoleARN: test.role, SessionName: "credproc"}
		options := client.Options()
		options.HTTPClient = roundTrip(func(r *http.Request) (*http.Response, error) {
			host = r.URL.Host
			return nil, http.ErrServerClosed
		})
		w.ask(minute(t), sts.New(options), token.Token{}, 0, firstLimit)
		if host != test.host {
			t.Errorf("%+v, %s: asks %s, want %s", test.sts, test.role, host, test.host)
		}
	}
}

// A roundTrip stands in for the network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) Do(r *http.Request) (*http.Response, error) { return f(r) }

func TestAccount(t *testing.T) {
	user := func(arn string) *types.AssumedRoleUser { return &types.AssumedRoleUser{Arn: aws.String(arn)} }
	for _, test := range []struct {
		user *types.AssumedRoleUser
		role string
		want string
	}{
		{user("arn:aws:sts::444455556666:assumed-role/migrator/x"), migrator, "444455556666"},
		{nil, migrator, "111122223333"},
		{&types.AssumedRoleUser{}, migrator, "111122223333"},
		{user("nonsense"), migrator, "111122223333"},
		{user("arn:aws:sts::44445555666:assumed-role/migrator/x"), migrator, "111122223333"},
		{user("arn:aws:sts::44445555666x:assumed-role/migrator/x"), migrator, "111122223333"},
		{user("arn:minio:sts:::assumed-role/x/y"), "arn:minio:iam:::role/x", ""},
		{nil, "arn:aws:iam::111122223333", ""},
		{nil, "", ""},
	} {
		if got := account(test.user, test.role); got != test.want {
			t.Errorf("%v, %q: got %q, want %q", test.user, test.role, got, test.want)
		}
	}
}
