package source

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

const containerToken = "an-authorization-token-of-some-length"

// agent answers like a container endpoint: with authorization as its header.
func agent(t *testing.T, authorization *atomic.Value, credentials string) string {
	return serve(t, func(rw http.ResponseWriter, r *http.Request) {
		want, _ := authorization.Load().(string)
		switch {
		case r.Method != http.MethodGet || r.URL.Path != "/v1/credentials" || r.URL.RawQuery != "id=1":
			http.Error(rw, "not found", http.StatusNotFound)
		case r.Header.Get("Authorization") != want:
			http.Error(rw, "(AccessDeniedException): wrong token "+r.Header.Get("Authorization"), http.StatusUnauthorized)
		default:
			fmt.Fprint(rw, credentials)
		}
	}) + "/v1/credentials?id=1"
}

func TestContainer(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var authorization atomic.Value
	url := agent(t, &authorization, metadata(map[string]string{"Code": "", "AccountId": "111122223333"}))
	for _, test := range []struct {
		name string
		c    Container
		want string
	}{
		{"nothing", Container{}, ""},
		{"variable", Container{Token: "Basic abc"}, "Basic abc"},
		{"file", Container{TokenFile: file}, "first"},
		{"file beats variable", Container{TokenFile: file, Token: "other"}, "first"},
		{"another token in the file", Container{TokenFile: file}, "second"},
	} {
		t.Run(test.name, func(t *testing.T) {
			authorization.Store(test.want)
			write(test.want)
			test.c.FullURI = url
			c, err := test.c.Retrieve(minute(t))
			if err != nil {
				t.Fatal(err)
			}
			if !c.Complete() || c.SecretAccessKey != documentSecret || c.AccountID != "111122223333" || c.Identity != test.c.Key().Identity {
				t.Errorf("got %v of %s", c, c.AccountID)
			}
		})
	}
	t.Run("token replaced between tries", func(t *testing.T) {
		write("old")
		var calls atomic.Int32
		c := &Container{TokenFile: file, FullURI: serve(t, func(rw http.ResponseWriter, r *http.Request) {
			if calls.Add(1) == 1 {
				write("new")
				rw.WriteHeader(http.StatusServiceUnavailable)
			} else if r.Header.Get("Authorization") == "new" {
				fmt.Fprint(rw, metadata(nil))
			} else {
				rw.WriteHeader(http.StatusUnauthorized)
			}
		})}
		if _, err := c.Retrieve(minute(t)); err != nil {
			t.Error(err)
		}
	})
	t.Run("no end", func(t *testing.T) {
		authorization.Store("")
		c := &Container{FullURI: agent(t, &authorization, metadata(map[string]string{"Expiration": "", "Token": ""}))}
		if got, err := c.Retrieve(minute(t)); err != nil || got.Ends() {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestContainerFails(t *testing.T) {
	type fields = map[string]string
	answers := func(status int, body string) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) { always(status, body)(rw, r) }
	}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		kind   Kind
		code   string
		text   string
	}{
		{"ECS refuses", answers(400, `{"code":"InvalidIdInRequest","message":"CredentialsV2Request: ID not found","HTTPErrorCode":400}`), KindRefused, "InvalidIdInRequest",
			"InvalidIdInRequest: answered 400 Bad Request: CredentialsV2Request: ID not found"},
		{"Code and Message", answers(403, `{"Code":"AccessDeniedException","Message":"no association"}`), KindRefused, "AccessDeniedException",
			"AccessDeniedException: answered 403 Forbidden: no association"},
		{"Pod Identity refuses", answers(400, "[0b1]: (InvalidTokenException): unable to\nparse token, fault: client"), KindRefused, "",
			"answered 400 Bad Request: [0b1]: (InvalidTokenException): unable to parse token, fault: client"},
		{"not found", answers(404, ""), KindRefused, "", "answered 404 Not Found"},
		{"page", answers(403, "<html>"+documentSecret), KindRefused, "", "answered 403 Forbidden"},
		{"echo", func(rw http.ResponseWriter, r *http.Request) {
			http.Error(rw, "bad "+r.Header.Get("Authorization"), http.StatusUnauthorized)
		}, KindRefused, "", "answered 401 Unauthorized: bad [removed]"},
		{"redirect", func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/more", http.StatusFound) }, KindRefused, "",
			"answered 302 Found, a redirect, which is not followed"},
		{"throttled", answers(429, ""), KindUnreachable, "", "answered 429 Too Many Requests"},
		{"broken", answers(500, `{"code":"InternalServerError","message":"oh"}`), KindUnreachable, "", "answered 500 Internal Server Error: oh"},
		{"rubbish", answers(200, documentSecret), KindUnreachable, "", "the answer is no good: not a JSON object of credentials"},
		{"1 MB", answers(200, metadata(fields{"Token": strings.Repeat(documentSecret, 1<<15)})), KindUnreachable, "", "answered with more than 65536 bytes"},
		{"no secret", answers(200, metadata(fields{"SecretAccessKey": ""})), KindUnreachable, "", "the answer is no good: credentials without SecretAccessKey"},
		{"expired", answers(200, metadata(fields{"Expiration": time.Now().Add(-90 * time.Second).UTC().Format(time.RFC3339)})), KindUnreachable, "",
			"the answer is no good: credentials that expired 1m ago; compare this machine's clock"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx := newDeadline(t)
			var calls atomic.Int32
			url := serve(t, func(rw http.ResponseWriter, r *http.Request) {
				if calls.Add(1) == 3 {
					ctx.pass()
				}
				test.answer(rw, r)
			})
			_, err := (&Container{FullURI: url, Token: containerToken}).Retrieve(ctx)
			wantError(t, err, test.kind, test.code, "container credentials at "+url+": "+test.text)
			if n := calls.Load(); test.kind == KindRefused && n != 1 || test.kind != KindRefused && n != 3 {
				t.Errorf("%d calls", n)
			}
			shown := everything(t, err)
			wantHidden(t, shown, documentSecret)
			wantHidden(t, shown, containerToken)
		})
	}
	t.Run("hangs", func(t *testing.T) {
		t.Parallel()
		ctx := newDeadline(t)
		url := serve(t, func(_ http.ResponseWriter, r *http.Request) { ctx.pass(); <-r.Context().Done() })
		_, err := (&Container{FullURI: url}).Retrieve(ctx)
		wantError(t, err, KindDeadline, "", "container credentials at "+url+": no answer in time")
	})
}

// What is set wrong is asked nowhere.
func TestContainerSettings(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	const full = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	const place = "container credentials at http://127.0.0.1:1: "
	tokenIs := "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE " + file
	for _, test := range []struct {
		c       Container
		content string
		text    string
	}{
		{Container{}, "", "container credentials: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor " + full + " is set"},
		{Container{RelativeURI: "@elsewhere.example/"}, "", "container credentials: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path: it does not begin with a slash"},
		{Container{FullURI: "/v1"}, "", "container credentials: " + full + " is no http or https URL"},
		{Container{FullURI: "ftp://127.0.0.1/"}, "", "container credentials: " + full + " is no http or https URL"},
		{Container{FullURI: "http://192.0.2.1/"}, "", "container credentials: " + full + " must be https, or lead to this machine: to loopback, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]"},
		{Container{FullURI: "http://127.0.0.1:1", Token: "a\nb"}, "", place + "AWS_CONTAINER_AUTHORIZATION_TOKEN has a line break in it: no SDK takes that, nor does HTTP"},
		{Container{FullURI: "http://127.0.0.1:1", TokenFile: file}, "a\n", place + tokenIs + " has a line break in it: no SDK takes that, nor does HTTP"},
		{Container{FullURI: "http://127.0.0.1:1", TokenFile: file}, "", place + tokenIs + " is empty"},
		{Container{FullURI: "http://127.0.0.1:1", TokenFile: file + "2"}, "", place + "reading " + tokenIs + "2: no such file or directory"},
		{Container{FullURI: "http://127.0.0.1:1", TokenFile: dir}, "", place + "reading AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE " + dir + ": is a directory, not a file"},
	} {
		if err := os.WriteFile(file, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := test.c.Retrieve(minute(t))
		wantError(t, err, KindSettings, "", test.text)
	}
}

func TestContainerAddress(t *testing.T) {
	for uri, want := range map[string]bool{
		"http://127.0.0.1/x": true, "http://127.9.9.9:80/x": true, "http://[::1]:80/x": true, "http://localhost:1338/x": true, "http://[::ffff:127.0.0.1]/": true, "http://[::ffff:169.254.170.2]/": true,
		"http://169.254.170.2/x": true, "http://169.254.170.23/v1/credentials": true, "http://[fd00:ec2::23]/v1/credentials": true, "https://vault.example/x": true,
		"http://169.254.169.254/x": false, "http://169.254.170.3/": false, "http://[fd00:ec2::254]/": false, "http://10.0.0.1/": false,
		"http://localhost.example/": false, "http://127.0.0.1.example/": false, "http://127.0.0.1@elsewhere.example/": false, "": false,
	} {
		if got, err := (&Container{FullURI: uri}).address(); (err == nil) != want || want && got != uri {
			t.Errorf("%s: %q, %v", uri, got, err)
		}
	}
	if got, err := (&Container{RelativeURI: "/v2/x?y", FullURI: "https://elsewhere.example"}).address(); got != "http://169.254.170.2/v2/x?y" || err != nil {
		t.Errorf("relative: %q, %v", got, err)
	}
}

func TestContainerKey(t *testing.T) {
	iss := sourcetest.NewIssuer()
	t.Cleanup(iss.Close)
	file := filepath.Join(t.TempDir(), "token")
	pod := func(subject string, life time.Duration) Key {
		if err := iss.WriteToken(file, sourcetest.Claims{Subject: subject, Expiry: time.Now().Add(life)}); err != nil {
			t.Fatal(err)
		}
		return (&Container{FullURI: "http://169.254.170.23/v1/credentials", TokenFile: file}).Key()
	}
	one, renewed, other := pod("a", time.Hour), pod("a", 2*time.Hour), pod("b", time.Hour)
	if one != renewed || one.Subject != "a" || one.Identity == "" || one.Identity == other.Identity || one.Settings != other.Settings {
		t.Errorf("keys %+v\n%+v\n%+v", one, renewed, other)
	}
	seen := map[Key]bool{}
	for _, c := range []Container{{RelativeURI: "/a"}, {RelativeURI: "/b"}, {FullURI: "https://a.example"}, {RelativeURI: "/a", Token: "x"}, {RelativeURI: "/a", Token: "y"}} {
		seen[c.Key()] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d keys", len(seen))
	}
}

func TestContainerStaysHidden(t *testing.T) {
	c := &Container{RelativeURI: "/a", Token: containerToken}
	for _, verb := range verbs {
		for _, v := range []any{c, *c, []any{c, *c}} {
			wantHidden(t, fmt.Sprintf(verb, v), containerToken)
		}
	}
}
