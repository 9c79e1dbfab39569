package source

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
	"github.com/credproc/credproc/source/token"
)

// A refusal that the token's age explains is the token's fault.
func TestRetrieveExpired(t *testing.T) {
	t.Parallel()
	invalid := sourcetest.Refuse(400, "InvalidParameterValue", "The value supplied is invalid") // as MinIO says it
	denied := sourcetest.Refuse(403, "AccessDenied", "no")
	for _, test := range []struct {
		name  string
		age   time.Duration // past exp
		fault sourcetest.Fault
		text  string // after the token's place; empty: it is not the token's fault
		calls int
	}{
		{"seconds", 40 * time.Second, nil, `expired \d\ds ago \(\d+ \w+ \d\d:\d\d:\d\dZ\)`, 1},
		{"minutes", 12*time.Minute + 30*time.Second, nil, `expired 12m ago \(\d+ \w+ \d\d:\d\d:\d\dZ\)`, 1},
		{"hours", 3*time.Hour + 30*time.Minute, nil, `expired 3h ago \(\d+ \w+ \d\d:\d\d:\d\dZ\)`, 1},
		{"days", 52 * time.Hour, nil, `expired 2d ago \(\d+ \w+ \d\d:\d\d:\d\dZ\)`, 1},
		{"by STS's clock only", -time.Hour, sourcetest.Skew(2 * time.Hour), `is expired, says STS: ExpiredTokenException: Token expired: current date/time \d+ must be before the expiration date/time\d+`, 1},
		{"in other words", time.Hour, invalid, `expired 60m ago \(.*\)`, 1},
		{"ExpiredToken", time.Hour, sourcetest.Refuse(400, "ExpiredToken", "old"), `expired 60m ago \(.*\)`, 1},
		{"the same words, of a good token", -time.Hour, invalid, "", 1},
		{"denied", time.Hour, denied, "", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			iss, s, w := start(t)
			s.SetFault(test.fault)
			now := time.Now()
			writeToken(t, iss, w, sourcetest.Claims{IssuedAt: now.Add(-100 * time.Hour), Expiry: now.Add(-test.age)})
			_, err := w.Retrieve(minute(t))
			wantCalls(t, s, test.calls)
			var failed *Error
			if !errors.As(err, &failed) {
				t.Fatalf("got error %v", err)
			}
			if test.text == "" {
				if failed.Kind != KindRefused {
					t.Errorf("got %s %q: %v", failed.Kind, failed.Code, err)
				}
				return
			}
			want := regexp.MustCompile("^web identity token " + regexp.QuoteMeta(w.Token.String()) + " " + test.text + "$")
			if failed.Kind != KindToken || failed.Code != "expired" || !want.MatchString(failed.Text) {
				t.Errorf("got %s %q: %v\nwant %s", failed.Kind, failed.Code, err, want)
			}
			var tokenErr *token.Error
			if !errors.As(err, &tokenErr) || tokenErr.Problem != token.Expired {
				t.Errorf("caused by %v", failed.Err)
			}
		})
	}
}

// kubelet may write the new token between our look at the file and STS's
// answer.
func TestRetrieveExpiredAndReplaced(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		renewed sourcetest.Claims
		calls   int
		fails   bool
	}{
		{"by a good one", sourcetest.Claims{Subject: "renewed"}, 2, false},
		{"by another old one", sourcetest.Claims{Subject: "renewed", IssuedAt: time.Now().Add(-2 * time.Hour)}, 2, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			iss, s, w := start(t)
			writeToken(t, iss, w, sourcetest.Claims{Subject: "old", IssuedAt: time.Now().Add(-2 * time.Hour)})
			file := w.Token.(token.File)
			w.Token = &watched{File: file, after: func(int) {
				if err := iss.WriteToken(string(file), test.renewed); err != nil {
					t.Error(err)
				}
			}}
			creds, err := w.Retrieve(minute(t))
			wantCalls(t, s, test.calls)
			if test.fails {
				if failed := AsError(err); failed.Kind != KindToken || failed.Code != "expired" {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || creds.Identity != w.Key().Identity || s.Log()[1].Subject != "renewed" {
				t.Errorf("got %v of %+v, error %v", creds, s.Log(), err)
			}
		})
	}
}

// Without a token that could be sent, STS is not asked.
func TestRetrieveWithoutToken(t *testing.T) {
	for _, test := range []struct {
		name, text, code, detail string
	}{
		{"missing", "", "missing", "does not exist"},
		{"empty", "\n", "malformed", "is empty"},
		{"not a JWT", "correct horse", "malformed", "is not a JWT: it has 1 parts instead of 3"},
		{"unsigned", "eyJhbGciOiJub25lIn0.e30.", "bad-algorithm", `is signed with "none"; STS takes RS256, RS384, RS512, ES256, ES384, ES512`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, s, w := start(t)
			path := filepath.Join(t.TempDir(), "token")
			if test.text != "" {
				if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			source := &watched{File: token.File(path)}
			w.Token = source
			_, err := w.Retrieve(minute(t))
			wantError(t, err, KindToken, test.code, "web identity token in "+path+" "+test.detail)
			if source.tries() != 1 {
				t.Errorf("%d tries", source.tries())
			}
			wantCalls(t, s, 0)
			w.Token = source.File // whose last holder may be meant
			if key := w.Key(); key.Identity != "" || key.Subject != "" || key.Role != migrator || key.Settings == "" {
				t.Errorf("key %+v", key)
			}
		})
	}
}

func TestShort(t *testing.T) {
	var got []string
	for _, d := range []time.Duration{0, 59*time.Second + 999*time.Millisecond, time.Minute, 119 * time.Minute, 2 * time.Hour, 47 * time.Hour, 48 * time.Hour, 1000 * time.Hour} {
		got = append(got, short(d))
	}
	if want := "0s 59s 1m 119m 2h 47h 2d 41d"; strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}
