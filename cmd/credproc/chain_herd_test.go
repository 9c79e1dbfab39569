package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

const hub = "arn:aws:iam::222222222222:role/hub"

// entryOf is the path of the one entry that fits.
func (w *world) entryOf(t *testing.T, fits func(*entryFile) bool) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(w.cache, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range paths {
		e, err := readEntry(path)
		if err != nil {
			t.Fatal(err)
		}
		if fits(e) {
			found = append(found, path)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d of %d entries fit", len(found), len(paths))
	}
	return found[0]
}

// growRole makes the entry of one role older.
func (w *world) growRole(t *testing.T, role string, d time.Duration) {
	t.Helper()
	if err := ageEntry(w.entryOf(t, func(e *entryFile) bool { return e.Role == role }), d); err != nil {
		t.Fatal(err)
	}
}

// A chain of three links costs three calls cold, none warm, and one when only
// the last link is due.
func TestChainCallsForWhatIsDue(t *testing.T) {
	w := testWorld(t)
	w.sts.AddRole(sourcetest.Role{ARN: hub, Callers: []string{role}})
	w.sts.AddRole(sourcetest.Role{ARN: other, Callers: []string{hub}})
	chain := []string{"--assume-role", hub, "--assume-role", other}
	calls := func(want int, when string) {
		t.Helper()
		if n := w.sts.Calls(); n != want {
			t.Fatalf("%s: %d calls, not %d", when, n, want)
		}
	}
	cold := w.run(t, chain...)
	calls(3, "cold")
	if warm := w.run(t, chain...); warm != cold {
		t.Error("a hit prints something else")
	}
	calls(3, "warm")
	for _, due := range []time.Duration{50 * time.Minute, 59*time.Minute + 30*time.Second, 2 * time.Hour} {
		before := w.sts.Calls()
		w.growRole(t, other, due)
		w.run(t, chain...)
		calls(before+1, fmt.Sprintf("the last link after %v", due))
		if last := w.sts.Log()[before]; last.Action != "AssumeRole" || last.Form.Get("RoleArn") != other {
			t.Errorf("the call was %s of %s", last.Action, last.Form.Get("RoleArn"))
		}
	}
	// What lies behind it is renewed only when the last link needs it.
	before := w.sts.Calls()
	w.growRole(t, hub, 2*time.Hour)
	w.run(t, chain...)
	calls(before, "a link that nobody needs")
	w.growRole(t, other, 2*time.Hour)
	w.run(t, chain...)
	calls(before+2, "the last two links")
}

// Fifty target roles at once share one session of the hub.
func TestHerdSharesTheHub(t *testing.T) {
	w := testWorld(t)
	w.sts.AddRole(sourcetest.Role{ARN: hub})
	w.sts.SetFault(sourcetest.Slow(200 * time.Millisecond))
	const targets = 50
	var h herd
	for i := range targets {
		arn := fmt.Sprintf("arn:aws:iam::333333333333:role/target-%02d", i)
		w.sts.AddRole(sourcetest.Role{ARN: arn, Callers: []string{hub}})
		h.start(t, w, 1, patience, "--assume-role", hub, "--assume-role", arn)
	}
	h.ends.Wait()
	seen := map[string]bool{}
	for _, p := range h.all {
		out, err := checkPrinted(p.stdout.String())
		if err != nil || p.stderr.Len() > 0 || p.ProcessState.ExitCode() != exitOK {
			t.Fatalf("%v\n%s", err, tally(h.all))
		}
		seen[out.AccessKeyId] = true
	}
	if len(seen) != targets {
		t.Errorf("%d roles have %d sessions", targets, len(seen))
	}
	asked := map[string]int{}
	for _, call := range w.sts.Log() {
		asked[call.Form.Get("RoleArn")]++
	}
	if asked[role] != 1 || asked[hub] != 1 || len(w.sts.Log()) != targets+2 {
		t.Errorf("STS was asked %d times for the first role, %d times for the hub, %d times in all", asked[role], asked[hub], len(w.sts.Log()))
	}
}

// A token of 15 minutes that nobody renews gets the longest session that the
// role allows, and the next run asks for that at once.
func TestOneShotTokenGetsTheLongestSession(t *testing.T) {
	w := testWorld(t)
	w.sts.AddRole(sourcetest.Role{ARN: role, MaxSessionDuration: 4 * time.Hour})
	run := func(job string) (calls []sourcetest.Call) {
		t.Helper()
		before := w.sts.Calls()
		p := w.command(t, "--token-source", "env:JOB_TOKEN")
		p.Env = append(p.Env, "JOB_TOKEN="+w.iss.Token(sourcetest.Claims{Subject: job, Expiry: time.Now().Add(15 * time.Minute)}))
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		out := p.succeed(t)
		expiration, err := time.Parse(time.RFC3339, out.Expiration)
		if left := time.Until(expiration); err != nil || left < 3*time.Hour+50*time.Minute || left > 4*time.Hour {
			t.Errorf("the session lasts %v", left)
		}
		return w.sts.Log()[before:]
	}
	first := run("job-1")
	if n := len(first); n > 3 || first[n-1].Form.Get("DurationSeconds") != "14400" {
		t.Errorf("%d calls; two refused ones at most", n)
	}
	straight := func(calls []sourcetest.Call, when string) {
		t.Helper()
		if len(calls) != 1 || calls[0].Form.Get("DurationSeconds") != "14400" {
			t.Errorf("%s: %d calls", when, len(calls))
		}
	}
	straight(run("job-2"), "another job")
	if err := os.Remove(w.entryOf(t, func(e *entryFile) bool { return e.Subject == "job-2" })); err != nil {
		t.Fatal(err)
	}
	straight(run("job-2"), "the entry is gone")
	if again := run("job-2"); len(again) != 0 {
		t.Errorf("%d calls for a hit", len(again))
	}
}
