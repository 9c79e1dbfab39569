package source

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
	"github.com/credproc/credproc/source/token"
)

// TestOneShotToken: a token that cannot be renewed gets the longest session that
// the role allows, and the way down is walked once.
func TestOneShotToken(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/ci/deployer"
	iss, sts := sourcetest.NewIssuer(), sourcetest.NewSTS()
	t.Cleanup(iss.Close)
	t.Cleanup(sts.Close)
	sts.Trust(iss.URL)
	exp := time.Now().Add(15 * time.Minute).Truncate(time.Second)
	raw := iss.Token(sourcetest.Claims{Expiry: exp})
	one := token.Env{Name: "TOKEN", Getenv: func(string) string { return raw }}
	var note string
	memory := Memory{Recall: func() string { return note }, Remember: func(text string) { note = text }}
	w := &WebIdentity{Token: one, RoleARN: role, SessionName: "job", STS: STS{URL: sts.URL, Region: "eu-west-1"}, Longest: memory}

	calls := 0
	for _, step := range []struct {
		name     string
		max      time.Duration
		calls    int
		duration time.Duration
	}{
		{"four hours: two refusals first", 4 * time.Hour, 3, 4 * time.Hour},
		{"the next run asks for four hours straight away", 4 * time.Hour, 1, 4 * time.Hour},
		{"the role now allows less", time.Hour, 3, time.Hour},
		{"and that is remembered", time.Hour, 1, time.Hour},
	} {
		sts.AddRole(sourcetest.Role{ARN: role, MaxSessionDuration: step.max})
		got, err := w.Retrieve(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if n := sts.Calls() - calls; n != step.calls {
			t.Errorf("%s: STS was asked %d times, want %d", step.name, n, step.calls)
		}
		calls = sts.Calls()
		if life := got.Lifetime(); (life - step.duration).Abs() > 5*time.Second {
			t.Errorf("%s: the session lives %v, want %v", step.name, life, step.duration)
		}
		if want := exp.Add(-LastChance); !got.RenewAt.Equal(want) {
			t.Errorf("%s: to be renewed at %v, want %v", step.name, got.RenewAt, want)
		}
	}

	t.Run("a role that takes what the user asked for", func(t *testing.T) {
		asked := *w
		asked.Duration = 20 * time.Minute
		got, err := asked.Retrieve(t.Context())
		if err != nil || (got.Lifetime()-20*time.Minute).Abs() > 5*time.Second || !got.RenewAt.IsZero() {
			t.Errorf("got %v of %v, renew at %v, %v", got, got.Lifetime(), got.RenewAt, err)
		}
	})
	t.Run("a token that can be renewed, for credentials that cannot", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "token")
		if err := iss.WriteToken(path, sourcetest.Claims{}); err != nil {
			t.Fatal(err)
		}
		long := *w
		long.Token, long.Longest, long.AsLongAsAllowed = token.File(path), Memory{}, true
		sts.AddRole(sourcetest.Role{ARN: role, MaxSessionDuration: 8 * time.Hour})
		got, err := long.Retrieve(t.Context())
		if err != nil || (got.Lifetime()-8*time.Hour).Abs() > 5*time.Second || !got.RenewAt.IsZero() {
			t.Errorf("got %v of %v, renew at %v, %v", got, got.Lifetime(), got.RenewAt, err)
		}
	})
	t.Run("a token long past is not tried", func(t *testing.T) {
		calls := sts.Calls()
		end := time.Now().Add(-11*time.Minute - time.Second).Truncate(time.Second)
		raw = iss.Token(sourcetest.Claims{IssuedAt: end.Add(-time.Hour), Expiry: end})
		_, err := w.Retrieve(t.Context())
		wantError(t, err, KindToken, string(token.Expired), "web identity token in $TOKEN expired 11m ago ("+end.UTC().Format("2 Jan 15:04:05Z")+")")
		if sts.Calls() != calls {
			t.Error("STS was asked all the same")
		}
	})
	t.Run("a token just past is: our clock may be wrong", func(t *testing.T) {
		calls := sts.Calls()
		end := time.Now().Add(-5*time.Minute - time.Second).Truncate(time.Second)
		raw = iss.Token(sourcetest.Claims{IssuedAt: end.Add(-time.Hour), Expiry: end})
		_, err := w.Retrieve(t.Context())
		wantError(t, err, KindToken, string(token.Expired), "web identity token in $TOKEN expired 5m ago ("+end.UTC().Format("2 Jan 15:04:05Z")+")")
		if sts.Calls() == calls {
			t.Error("STS was not asked")
		}
	})
}
