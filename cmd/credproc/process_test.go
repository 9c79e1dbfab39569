package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

// testWorld is a world that lasts as long as the test, in a folder that every
// user may enter, as t.TempDir is not.
func testWorld(t *testing.T) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "credproc-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w, err := newWorld(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	return w
}

// A process is a credproc as users have it, and what it says.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

// command prepares a plain credproc in this world, not started yet.
func (w *world) command(t *testing.T, args ...string) *process {
	t.Helper()
	path, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(path, append([]string{"--profile", "migration-role"}, args...)...)}
	p.Env = w.env()
	p.SysProcAttr = w.as
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	return p
}

// start starts a credproc that is killed at the end of the test, should it
// still live.
func (w *world) start(t *testing.T, args ...string) *process {
	t.Helper()
	p := w.command(t, args...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

// status waits for the process to end and gives its exit status, -1 if it died
// of a signal.
func (p *process) status() int {
	err := p.Wait()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return -2
	}
	return p.ProcessState.ExitCode()
}

// succeed waits for the process and asserts that it printed credentials, and
// nothing on stderr.
func (p *process) succeed(t *testing.T) output {
	t.Helper()
	if status := p.status(); status != exitOK {
		t.Fatalf("exit status %d\n%s", status, &p.stderr)
	}
	if p.stderr.Len() > 0 {
		t.Errorf("stderr: %s", &p.stderr)
	}
	out, err := checkPrinted(p.stdout.String())
	if err != nil {
		t.Fatalf("%v: %q", err, &p.stdout)
	}
	return out
}

// run runs a credproc that must succeed.
func (w *world) run(t *testing.T, args ...string) output {
	t.Helper()
	return w.start(t, args...).succeed(t)
}

// A herd is processes that run at once.
type herd struct {
	all  []*process
	ends sync.WaitGroup

	// started, if not nil, is told of each process as soon as it runs.
	started func(*process)
}

// start starts n processes more, without waiting for any to end.
func (h *herd) start(t *testing.T, w *world, n int, args ...string) {
	t.Helper()
	var starts sync.WaitGroup
	more := make([]*process, n)
	for i := range more {
		more[i] = w.command(t, args...)
	}
	h.all = append(h.all, more...)
	for _, p := range more {
		starts.Add(1)
		h.ends.Go(func() {
			err := p.Start()
			starts.Done()
			if err != nil {
				t.Error(err)
				return
			}
			if h.started != nil {
				h.started(p)
			}
			_ = p.status()
		})
	}
	starts.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// herd runs n processes at once until the last has ended.
func (w *world) herd(t *testing.T, n int, args ...string) []*process {
	t.Helper()
	var h herd
	h.start(t, w, n, args...)
	h.ends.Wait()
	return h.all
}

// tally counts how the processes of a herd ended, for messages.
func tally(all []*process) string {
	count := map[string]int{}
	for _, p := range all {
		line, _, _ := strings.Cut(p.stderr.String(), "\n")
		count[fmt.Sprintf("%v %s", p.ProcessState, line)]++
	}
	var b strings.Builder
	for how, n := range count {
		fmt.Fprintf(&b, "%5d × %s\n", n, how)
	}
	return b.String()
}

// soon waits until a condition holds. That it never does fails the test after a
// minute: far longer than anything here takes.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// asks waits until STS has had n calls.
func (w *world) asks(t *testing.T, n int) {
	t.Helper()
	soon(t, fmt.Sprintf("call %d of STS", n), func() bool { return w.sts.Calls() >= n })
}

// grow waits for the one entry and makes it older.
func (w *world) grow(t *testing.T, d time.Duration) {
	t.Helper()
	soon(t, "an entry", func() bool { _, err := onlyEntry(w.cache); return err == nil })
	path, err := onlyEntry(w.cache)
	if err == nil {
		err = ageEntry(path, d)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// refused is a refusal that is not tried again.
func refused() sourcetest.Fault { return sourcetest.Refuse(400, "IDPRejectedClaim", "no") }
