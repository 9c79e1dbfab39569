package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

// How long each process of a herd may take. It is no measure of anything (make
// bench measures), only far enough away not to be met on a busy machine.
const patience = "--timeout=5m"

// Processes that start at once on an empty cache share one call of STS.
func TestHerdOnAColdCache(t *testing.T) {
	w := testWorld(t)
	w.sts.SetFault(sourcetest.Slow(500 * time.Millisecond))
	all := w.herd(t, 500, patience)
	first := all[0].stdout.String()
	if _, err := checkPrinted(first); err != nil {
		t.Errorf("%v: %q", err, first)
	}
	for _, p := range all {
		if p.stdout.String() != first || p.stderr.Len() > 0 || p.ProcessState.ExitCode() != exitOK {
			t.Fatalf("not all of them print the same and nothing else:\n%s", tally(all))
		}
	}
	if n := w.sts.Calls(); n != 1 {
		t.Errorf("STS was called %d times, not once", n)
	}
}

// A role that is denied is not asked for by each process of a herd.
func TestHerdIsDenied(t *testing.T) {
	w := testWorld(t)
	w.sts.SetFault(sourcetest.Refuse(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"))
	began := time.Now()
	all := w.herd(t, 300, patience)
	took := time.Since(began)
	t.Logf("300 processes ended after %v; STS was called %d times", took, w.sts.Calls())
	for _, p := range all {
		if p.stdout.Len() > 0 || p.ProcessState.ExitCode() != exitRefused || p.stderr.String() != all[0].stderr.String() {
			t.Fatalf("not all of them say the same:\n%s", tally(all))
		}
	}
	// A refusal answers whoever comes within two seconds, and AccessDenied is
	// tried twice. Ten calls are for the ten seconds that this takes at most on a
	// machine with nothing else to do; one that is slower may need more.
	if n, most := w.sts.Calls(), 10+2*int(max(0, took-10*time.Second)/(2*time.Second)); n > most {
		t.Errorf("STS was called %d times, more than %d", n, most)
	}
}

// A thousand processes, of which a random tenth is killed at a random moment,
// while the entry turns soft, hard and worthless under them: no entry is ever
// unreadable, no one is shut out, and STS is left alone.
func TestHerdAmongKills(t *testing.T) {
	w := testWorld(t)
	w.sts.SetFault(sourcetest.Slow(300 * time.Millisecond))
	stop, unreadable := make(chan struct{}), make(chan error, 1)
	go func() { unreadable <- watch(w.cache, stop) }()

	h := herd{started: func(p *process) {
		if rand.N(10) == 0 {
			time.AfterFunc(rand.N(200*time.Millisecond), func() { _ = p.Process.Kill() })
		}
	}}
	for _, age := range []time.Duration{50 * time.Minute, 59*time.Minute + 30*time.Second, 2 * time.Hour, 50 * time.Minute, 0} {
		h.start(t, w, 200, patience)
		w.grow(t, age)
	}
	h.ends.Wait()
	// Whoever is killed while he holds the lock leaves it to the next.
	for range 3 {
		w.kill(t)
	}
	close(stop)
	if err := <-unreadable; err != nil {
		t.Errorf("an entry was unreadable: %v", err)
	}
	killed := 0
	for _, p := range h.all {
		if p.ProcessState.ExitCode() == -1 {
			killed++
			continue
		}
		if _, err := checkForm(p.stdout.String()); err != nil || p.ProcessState.ExitCode() != exitOK || p.stderr.Len() > 0 {
			t.Fatalf("somebody was shut out: %v\n%s", err, tally(h.all))
		}
	}
	calls := w.sts.Calls()
	t.Logf("%d of %d killed in the herd, and 3 holders of the lock; %d calls of STS", killed, len(h.all), calls)
	if killed == 0 {
		t.Error("nobody was killed, which shows nothing")
	}
	if calls >= 20 {
		t.Errorf("STS had %d calls", calls)
	}
}

// kill lets the entry run out, and kills the process that then asks STS.
func (w *world) kill(t *testing.T) {
	t.Helper()
	w.grow(t, 2*time.Hour)
	before := w.sts.Calls()
	holder := w.start(t, patience)
	w.asks(t, before+1)
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.status()
	w.run(t, patience)
}

// watch reads every entry in a folder again and again until stop is closed, and
// gives the first error. That a file is gone, or not there yet, is none.
func watch(folder string, stop chan struct{}) error {
	for {
		paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
		if err != nil {
			return err
		}
		for _, path := range paths {
			if _, err := readEntry(path); err != nil && !os.IsNotExist(err) {
				return err
			}
		}
		select {
		case <-stop:
			return nil
		case <-time.After(time.Millisecond):
		}
	}
}
