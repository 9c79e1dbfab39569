//go:build unix

package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

// signal sends a signal to a process.
func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// Ctrl-C goes to the whole foreground group: to Terraform, which then saves its
// state and needs credentials for that, and to us.
func TestInterruptDuringRenewal(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			w := testWorld(t)
			w.sts.SetFault(sourcetest.Slow(time.Second))
			p := w.start(t, patience)
			w.asks(t, 1)
			p.signal(t, s)
			p.succeed(t)
			if n := w.sts.Calls(); n != 1 {
				t.Errorf("STS was called %d times, not once", n)
			}
		})
	}
}

// SIGTERM is meant.
func TestTerminate(t *testing.T) {
	w := testWorld(t)
	w.sts.SetFault(sourcetest.Hang())
	p := w.start(t, patience)
	w.asks(t, 1)
	p.signal(t, syscall.SIGTERM)
	_ = p.status()
	if ws := p.ProcessState.Sys().(syscall.WaitStatus); !ws.Signaled() || ws.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v", p.ProcessState)
	}
	if p.stdout.Len() > 0 {
		t.Errorf("stdout: %q", &p.stdout)
	}
	w.sts.SetFault(nil)
	w.run(t, patience)
}

// A holder of the lock that is stopped keeps nobody from credentials.
func TestStoppedHolder(t *testing.T) {
	w := testWorld(t)
	w.sts.SetFaults(sourcetest.Slow(2 * time.Second))
	holder := w.start(t, patience)
	w.asks(t, 1)
	holder.signal(t, syscall.SIGSTOP)

	// With nothing to print one waits most of one's time, then asks alone.
	first := w.run(t, "--timeout=5s")
	if n := w.sts.Calls(); n != 2 {
		t.Errorf("STS was called %d times, not twice", n)
	}
	// What he got serves everyone.
	if next := w.run(t); next.AccessKeyId != first.AccessKeyId {
		t.Error("the next one has other credentials")
	}
	holder.signal(t, syscall.SIGCONT)
	holder.succeed(t)
	w.run(t)
}

// One that was renewing what still lives is not even waited for.
func TestStoppedRenewer(t *testing.T) {
	w := testWorld(t)
	old := w.run(t)
	w.grow(t, 50*time.Minute)
	w.sts.SetFaults(sourcetest.Slow(time.Second))
	renewer := w.start(t, patience)
	w.asks(t, 2)
	renewer.signal(t, syscall.SIGSTOP)
	// Who waited would ask without the lock in the end.
	for _, p := range w.herd(t, 50, "--timeout=5s") {
		if out, err := checkPrinted(p.stdout.String()); err != nil || out.AccessKeyId != old.AccessKeyId {
			t.Errorf("%v: %q\n%s", err, &p.stdout, &p.stderr)
		}
	}
	if n := w.sts.Calls(); n != 2 {
		t.Errorf("STS was called %d times, not twice", n)
	}
	renewer.signal(t, syscall.SIGCONT)
	renewer.succeed(t)
}

// A reader that went away is a failure to report and no reason to die, and the
// credentials are kept.
func TestBrokenPipe(t *testing.T) {
	w := testWorld(t)
	r, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	p := w.command(t)
	p.Stdout = pipe
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	pipe.Close()
	if status := p.status(); status != exitOther {
		t.Errorf("exit status %d, not %d (%v)", status, exitOther, p.ProcessState)
	}
	if got := p.stderr.String(); !strings.HasPrefix(got, "credproc: error: writing the credentials: ") || strings.Count(got, "\n") != 1 {
		t.Errorf("stderr: %q", got)
	}
	w.run(t)
	if n := w.sts.Calls(); n != 1 {
		t.Errorf("STS was called %d times, not once", n)
	}
}
