//go:build unix

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/source/sourcetest"
)

// longEnough is a session in which nobody renews by himself for as long as soon
// waits: half of it is more than a minute.
const longEnough = 160 * time.Second

// purged runs credproc purge, which must succeed.
func (w *world) purged(t *testing.T, args ...string) string {
	t.Helper()
	p := w.start(t, append([]string{"purge"}, args...)...)
	if status := p.status(); status != exitOK || p.stderr.Len() > 0 {
		t.Fatalf("exit status %d\n%s", status, &p.stderr)
	}
	return p.stdout.String()
}

// A running exec has new credentials within a tick after a purge.
func TestPurgeIsNoticedByExec(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetLifetime(longEnough)
	j := w.job(t, counting)
	path, err := onlyEntry(w.cache)
	if err != nil {
		t.Fatal(err)
	}
	before, err := readEntry(path)
	if err != nil {
		t.Fatal(err)
	}
	if said := w.purged(t); !strings.HasPrefix(said, "forgot "+role+" for ") {
		t.Errorf("it said %q", said)
	}
	w.asks(t, 2)
	soon(t, "a new entry", func() bool {
		after, err := readEntry(path)
		return err == nil && after.AccessKeyID != before.AccessKeyID
	})
	j.finish(t)
	if status := j.status(); status != exitOK || j.stderr.Len() > 0 {
		t.Errorf("exit status %d\n%s", status, &j.stderr)
	}
	if n := w.sts.Calls(); n != 2 {
		t.Errorf("STS had %d calls", n)
	}
}

// So has a running serve, and its callers get them.
func TestPurgeIsNoticedByServe(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetLifetime(longEnough)
	s := w.serving(t)
	before := s.gives(t, "/")
	soon(t, "an entry", func() bool { _, err := onlyEntry(w.cache); return err == nil })
	w.purged(t)
	w.asks(t, 2)
	soon(t, "new credentials", func() bool { return s.gives(t, "/").AccessKeyId != before.AccessKeyId })
	path, err := onlyEntry(w.cache)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := readEntry(path); err != nil || e.AccessKeyID != s.gives(t, "/").AccessKeyId {
		t.Errorf("the entry holds %+v, %v", e, err)
	}
	if n := w.sts.Calls(); n != 2 {
		t.Errorf("STS had %d calls", n)
	}
}

// A lock that is not given up is waited for no longer than the time-out, and told
// of.
func TestPurgeTellsOfAHeldLock(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	first := w.run(t)
	w.grow(t, time.Hour-30*time.Second) // hard: the next one renews
	w.sts.SetFault(sourcetest.Hang())
	w.start(t, "--timeout", "10m")
	w.asks(t, 2)
	p := w.start(t, "purge", "--timeout", "1s")
	if status := p.status(); status != exitOK {
		t.Errorf("exit status %d", status)
	}
	if said := p.stderr.String(); strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "credproc: warning: another process still holds the lock of ") {
		t.Errorf("stderr: %s", said)
	}
	if said := p.stdout.String(); !strings.HasPrefix(said, "forgot ") || strings.Contains(said, first.AccessKeyId) {
		t.Errorf("stdout: %s", said)
	}
}

// Roles and subjects are others' text.
func TestPurgeLeavesTheTerminalAlone(t *testing.T) {
	t.Parallel()
	now := time.Now()
	got := told(cache.Purged{Files: 2, Entries: []cache.Entry{
		{Role: "r\x1b[2J", Subject: "s\nforgot t\u202e", AccessKeyID: "A", Expiration: now.Add(90 * time.Second)},
		{Role: "old", AccessKeyID: "A", Expiration: now.Add(-time.Second)},
	}}, now)
	const want = `forgot r\u001b[2J for s\u000aforgot t\u202e, which had 1m30s left` + "\nforgot old, which had expired\n"
	if got = printable(got); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
