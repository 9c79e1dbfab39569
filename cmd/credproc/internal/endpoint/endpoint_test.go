package endpoint

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/source"
)

const secret = "correct-horse-battery-staple"

// tokenFile writes a token file.
func tokenFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// lasting are credentials that end in that time, out of an hour.
func lasting(left time.Duration) source.Credentials {
	end := time.Now().Add(left)
	return source.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "secret", SessionToken: "session",
		AccountID: "111122223333", Issued: end.Add(-time.Hour), Expiration: end}
}

func newEndpoint(t *testing.T, roles ...*Role) *Endpoint {
	t.Helper()
	tok, err := OpenToken(tokenFile(t, secret), func(err error) { t.Log(err) })
	if err != nil {
		t.Fatal(err)
	}
	return &Endpoint{Host: "127.0.0.1:9911", Token: tok, Roles: roles}
}

// ask is a request as SDKs make it.
func ask(e http.Handler, path, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://127.0.0.1:9911"+path, nil)
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

func TestAnswer(t *testing.T) {
	role, other := NewRole("", "arn"), NewRole("team/prod", "arn")
	e := newEndpoint(t, role, other)
	role.Hold(lasting(40 * time.Minute))
	other.Fail(&source.Error{Kind: source.KindRefused, Code: "AccessDenied", Text: "assuming arn: AccessDenied: no"})
	w := ask(e, "/", secret)
	var got map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	expiration, err := time.Parse("2006-01-02T15:04:05Z", got["Expiration"])
	if left := time.Until(expiration); err != nil || left < 33*time.Minute || left > 36*time.Minute {
		t.Errorf("Expiration %q: %v, %v left", got["Expiration"], err, left)
	}
	delete(got, "Expiration")
	want := map[string]string{"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret", "Token": "session", "AccountId": "111122223333"}
	for key := range want {
		if got[key] != want[key] || len(got) != len(want) {
			t.Errorf("got %v", got)
		}
	}
	if w := ask(e, "/role/team%2Fprod", secret); w.Code != http.StatusServiceUnavailable ||
		w.Body.String() != `{"code":"AccessDenied","message":"no credentials are left: assuming arn: AccessDenied: no"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// The answer is made once, until the printed Expiration has to move.
func TestAnswerMovesTowardTheEnd(t *testing.T) {
	now := time.Now()
	role := NewRole("", "arn")
	c := lasting(time.Hour)
	role.Hold(c)
	at := func(left time.Duration) string {
		body, no := role.answer(c.Expiration.Add(-left))
		if no != nil {
			return no.code
		}
		return string(body)
	}
	if a, b := at(50*time.Minute), at(20*time.Minute); a != b {
		t.Errorf("it changed: %s, %s", a, b)
	}
	if a, b := at(50*time.Minute), at(3*time.Minute); a == b {
		t.Error("near the end it did not change")
	}
	if got := at(time.Second); got != "NoCredentials" {
		t.Errorf("with a second left: %s", got)
	}
	if got := at(-time.Hour); got != "NoCredentials" {
		t.Errorf("after the end: %s", got)
	}
	role.Hold(source.Credentials{Expiration: now.Add(time.Hour), Issued: now})
	if body, no := role.answer(now); no == nil {
		t.Errorf("empty credentials: %s", body)
	}
}

// A request that comes before the first credentials waits for them, not for STS
// to come back.
func TestFirstRequestWaits(t *testing.T) {
	role := NewRole("", "arn")
	e := newEndpoint(t, role)
	began := time.Now()
	go func() {
		time.Sleep(20 * time.Millisecond)
		role.Hold(lasting(time.Hour))
	}()
	if w := ask(e, "/", secret); w.Code != http.StatusOK || time.Since(began) < 20*time.Millisecond {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	e.Roles = []*Role{NewRole("", "arn")}
	if w := ask(e, "/", secret); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestTokenIsReadAgain(t *testing.T) {
	role := NewRole("", "arn")
	role.Hold(lasting(time.Hour))
	e := newEndpoint(t, role)
	path := e.Token.path
	const next = "another-horse-another-battery"
	if ask(e, "/", secret).Code != http.StatusOK || ask(e, "/", next).Code != http.StatusUnauthorized {
		t.Fatal("the token is not what counts")
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(next)
	if ask(e, "/", next).Code != http.StatusOK {
		t.Error("a new token does not count at once")
	}
	if ask(e, "/", secret).Code != http.StatusUnauthorized {
		t.Error("the old token still counts, though the new one was used")
	}
	write(secret + "-2")
	past := time.Now().Add(lookEvery)
	if e.Token.admits([]string{next}, past) {
		t.Error("a second later the old token still counts")
	}
	warned := 0
	e.Token.warn = func(error) { warned++ }
	write("")
	for range 3 {
		if ask(e, "/", "").Code != http.StatusUnauthorized || e.Token.admits([]string{""}, time.Now()) {
			t.Error("an empty file lets everybody in")
		}
	}
	if ask(e, "/", secret+"-2").Code != http.StatusOK || warned != 1 {
		t.Errorf("the last good token counts no more, or %d warnings", warned)
	}
}

func TestReadToken(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		mode os.FileMode
		want string // in the error, empty for none
	}{
		"good":          {secret, 0o600, ""},
		"of the group":  {secret, 0o640, ""},
		"bearer":        {"Bearer " + secret, 0o600, "holds characters"},
		"line end":      {secret + "\n", 0o600, "line end"},
		"empty":         {"", 0o600, "0 bytes"},
		"short":         {"secret", 0o600, "6 bytes"},
		"long":          {strings.Repeat("x", 5000), 0o600, "bytes"},
		"control":       {secret + "\x00", 0o600, "holds characters"},
		"for the group": {secret, 0o660, "written by others"},
		"for all":       {secret, 0o606, "written by others"},
	} {
		path := tokenFile(t, tt.text)
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		text, err := ReadToken(path)
		if tt.want == "" && (err != nil || text != tt.text) || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		if err != nil && strings.Contains(err.Error(), "horse") {
			t.Errorf("%s: the error shows the token: %v", name, err)
		}
	}
	if _, err := ReadToken(t.TempDir()); err == nil {
		t.Error("a folder is no token")
	}
}

func TestReady(t *testing.T) {
	role, other := NewRole("", "arn"), NewRole("other", "arn")
	e := newEndpoint(t, role, other)
	ready := func(want int) {
		t.Helper()
		for _, h := range []http.Handler{e, e.Public()} {
			if w := ask(h, "/readyz", ""); w.Code != want {
				t.Errorf("%d %s, want %d", w.Code, w.Body, want)
			}
			if w := ask(h, "/healthz", ""); w.Code != http.StatusOK {
				t.Errorf("/healthz: %d", w.Code)
			}
		}
	}
	role.Hold(lasting(time.Hour))
	ready(http.StatusServiceUnavailable)
	other.Hold(lasting(10 * time.Minute))
	ready(http.StatusOK)
	e.MinTTL = 20 * time.Minute
	ready(http.StatusServiceUnavailable)
	other.Hold(lasting(21 * time.Minute))
	ready(http.StatusOK)
	// Of what has no end there is enough.
	other.Hold(source.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "x"})
	ready(http.StatusOK)
	if w := ask(e.Public(), "/", secret); w.Code != http.StatusNotFound {
		t.Errorf("the public address gives credentials: %d %s", w.Code, w.Body)
	}
	if w := ask(e, "/metrics", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("/metrics among credentials: %d", w.Code)
	}
}
