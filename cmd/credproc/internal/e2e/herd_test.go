package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// survivalAmongKills is survival while other credproc processes on the same
// cache are killed, the lock's holder among them, and STS refuses for a third
// of a session from the moment the entry turns soft.
func survivalAmongKills(t *testing.T, w *workspace) {
	ctx := testContext(t)
	sts := w.machine.STS
	sts.SetDelay(300 * time.Millisecond) // long enough to be killed in the middle of a call
	h := startHerd(ctx, w.machine)
	defer h.stop()

	env := []string{profile}
	w.init(ctx, t, env)
	armed := armOutage(ctx, sts, h)
	out, took, err := w.apply(ctx, t, env)
	h.stop()
	<-armed
	w.saved(t, out, took, err)

	outage, calls := sts.Outage(), sts.Count()
	switch {
	case outage.Start.IsZero() || calls[rig.Refused] == 0:
		t.Error("STS refused nobody, which shows nothing")
	case outage.Left < outage.Session/4:
		t.Errorf("the outage began with %v left of %v, when the entry was no longer soft", outage.Left, outage.Session)
	}
	if h.killedHolders == 0 {
		t.Error("no holder of the lock was killed, which shows nothing")
	}
	if calls[rig.Granted] < 3 {
		t.Errorf("STS calls: %v, want at least 3 granted", calls)
	}
	for _, failure := range h.failures {
		t.Error(failure)
	}
	t.Log("STS calls, by their start:\n" + timeline(sts.Calls()))
	summary.add(t, "apply %v after %v; STS calls: %v; refused for %v from %v before the end of %v; %s; bucket: %s",
		status(err), took, calls,
		outage.End.Sub(outage.Start).Round(time.Second), outage.Left.Round(time.Second/10), outage.Session.Round(time.Second/10),
		h, objects(t, w.bucket))
}

// timeline shows what happened when, and what was left of the credentials
// granted before.
func timeline(calls []rig.Call) string {
	slices.SortFunc(calls, func(a, b rig.Call) int { return a.Start.Compare(b.Start) })
	var text strings.Builder
	var end time.Time
	for _, call := range calls {
		left := "nothing"
		if end.After(call.Start) {
			left = end.Sub(call.Start).Round(time.Second / 10).String()
		}
		fmt.Fprintf(&text, "%6.1fs  %-9s after %4dms, %s left\n", call.Start.Sub(calls[0].Start).Seconds(), call.Outcome, call.End.Sub(call.Start).Milliseconds(), left)
		if call.Outcome == rig.Granted {
			end = call.Expiration
		}
	}
	return text.String()
}

// armOutage waits until the credentials granted last are in the cache and new,
// so that the next call comes when they turn soft, and has that one refused.
func armOutage(ctx context.Context, sts *rig.Proxy, h *herd) (done <-chan struct{}) {
	armed := make(chan struct{})
	go func() {
		defer close(armed)
		for ctx.Err() == nil {
			last, ok := sts.LastGranted()
			if ok && last.AccessKeyID == h.latest() && time.Since(last.End) < rig.TokenLife/6 {
				sts.RefuseFromNextCall(1.0 / 3)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return armed
}

// A herd is processes that ask for the same credentials one after another and
// beside each other, and are killed at random.
type herd struct {
	machine *rig.Machine
	quit    context.CancelFunc
	done    sync.WaitGroup

	mu            sync.Mutex
	accessKeyID   string // what a process printed last
	started       int
	printed       int
	killed        int // those that died of it
	killedHolders int // those among them that held the lock
	failures      []string
}

// startHerd starts ten processes a second until stop.
func startHerd(ctx context.Context, m *rig.Machine) *herd {
	starting, quit := context.WithCancel(ctx)
	h := &herd{machine: m, quit: quit}
	h.done.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-starting.Done():
				return
			case <-tick.C:
				h.done.Go(func() { h.get(ctx) })
			}
		}
	})
	return h
}

// stop starts no more processes and waits for those that run.
func (h *herd) stop() {
	h.quit()
	h.done.Wait()
}

func (h *herd) latest() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.accessKeyID
}

func (h *herd) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return fmt.Sprintf("%d more processes: %d printed, %d killed, %d of them holding the lock", h.started, h.printed, h.killed, h.killedHolders)
}

// get is the life of one process.
func (h *herd) get(ctx context.Context) {
	cmd := h.machine.Get(ctx)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		h.fail("starting credproc: %v", err)
		return
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	held, err := h.watch(cmd, ended)

	h.mu.Lock()
	h.started++
	h.mu.Unlock()
	switch {
	case ctx.Err() != nil:
	case wasKilled(err):
		h.mu.Lock()
		defer h.mu.Unlock()
		h.killed++
		if held {
			h.killedHolders++
		}
	case err != nil:
		h.fail("credproc, %v after the start of the process: %v, stdout %q, stderr %q", time.Since(start), err, stdout.String(), stderr.String())
	default:
		h.check(start, stdout.Bytes(), stderr.String())
	}
}

// watch waits until the process has ended, and kills it: one in three after a
// random time, whatever it is doing; of those seen to hold the lock the first,
// and then every other one. It reports whether the process was killed while it
// was seen to hold the lock.
func (h *herd) watch(cmd *exec.Cmd, ended <-chan error) (held bool, err error) {
	var strike <-chan time.Time
	if rand.N(3) == 0 {
		strike = time.After(rand.N(600 * time.Millisecond))
	}
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	spared := false
	for {
		select {
		case err := <-ended:
			return held, err
		case <-strike:
			held = held || rig.HoldsLock(cmd.Process.Pid, h.machine.CacheDir)
			cmd.Process.Kill()
		case <-look.C:
			if spared || held || !rig.HoldsLock(cmd.Process.Pid, h.machine.CacheDir) {
				continue
			}
			if spared = !h.condemn(); !spared {
				held = true
				cmd.Process.Kill()
			}
		}
	}
}

// condemn decides about a process that holds the lock.
func (h *herd) condemn() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.killedHolders == 0 || rand.N(2) == 0
}

// check judges what a process printed that was left alone.
func (h *herd) check(start time.Time, stdout []byte, stderr string) {
	var printed struct {
		Version     int
		AccessKeyID string `json:"AccessKeyId"`
		Expiration  time.Time
	}
	err := json.Unmarshal(stdout, &printed)
	switch {
	case err != nil:
		h.fail("credproc printed no JSON: %v", err)
	case printed.Version != 1 || printed.AccessKeyID == "":
		h.fail("credproc printed no credentials")
	case !printed.Expiration.After(start):
		h.fail("credproc, started at %v, printed credentials that had expired at %v", start, printed.Expiration)
	case stderr != "":
		h.fail("credproc succeeded and was not silent: %q", stderr)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.printed++
	h.accessKeyID = printed.AccessKeyID
}

func (h *herd) fail(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.failures) < 10 {
		h.failures = append(h.failures, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}

func wasKilled(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}
