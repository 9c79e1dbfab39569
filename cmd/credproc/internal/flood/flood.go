// Package flood asks an endpoint for credentials as fast as a few callers can, in
// turns with a server that does nothing, barehttp. Only tests and benchmarks use
// it.
package flood

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The limits of issue 5: 99 in 100 answers within Slowest, and at least AtLeast
// of the requests that a server which does nothing answers in the same run.
const (
	Slowest = 5 * time.Millisecond
	AtLeast = 0.7
)

// callers is how many connections ask at once.
const callers = 8

// A Target is a server under a flood.
type Target struct {
	Address string // host and port
	Token   string // for the Authorization header

	mu     sync.Mutex
	took   []time.Duration
	failed []error
}

// Bare starts a server that answers every request with body and does nothing
// else, cmd, which is barehttp. It ends with stop.
func Bare(cmd *exec.Cmd, body []byte) (x *Target, stop func(), err error) {
	cmd.Stdin = bytes.NewReader(body)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("barehttp says %q: %w", line, err)
	}
	return &Target{Address: strings.TrimSpace(line)}, stop, nil
}

// InTurns floods both for turn each, again and again, and returns how many times
// the requests of bare x answered in each turn, sorted.
func InTurns(ctx context.Context, x, bare *Target, turns int, turn time.Duration) (ratios []float64, err error) {
	for range turns {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		a, b := x.flood(turn), bare.flood(turn)
		if b == 0 {
			return nil, fmt.Errorf("the server that does nothing answered nobody: %w", errors.Join(bare.failed...))
		}
		ratios = append(ratios, float64(a)/float64(b))
	}
	slices.Sort(ratios)
	return ratios, nil
}

// flood asks for that long, and returns how often it was answered. A caller who
// gets anything but an answer asks no more.
func (x *Target) flood(d time.Duration) int {
	var all sync.WaitGroup
	before := len(x.took)
	end := time.Now().Add(d)
	for range callers {
		all.Go(func() {
			var took []time.Duration
			err := x.ask(func(one time.Duration) bool {
				took = append(took, one)
				return time.Now().Before(end)
			}, func([]byte) {})
			x.mu.Lock()
			defer x.mu.Unlock()
			x.took = append(x.took, took...)
			if err != nil {
				x.failed = append(x.failed, err)
			}
		})
	}
	all.Wait()
	return len(x.took) - before
}

// Answered is how many requests were answered so far.
func (x *Target) Answered() int { return len(x.took) }

// Failed are the requests that were not answered with credentials.
func (x *Target) Failed() []error { return x.failed }

// Percentile is the time in which that many in a hundred were answered.
func (x *Target) Percentile(n int) time.Duration {
	if len(x.took) == 0 {
		return 0
	}
	slices.Sort(x.took)
	return x.took[len(x.took)*n/100]
}

// Body is one answer.
func (x *Target) Body() (body []byte, err error) {
	err = x.ask(func(time.Duration) bool { return false }, func(b []byte) { body = bytes.Clone(b) })
	return body, err
}

// ask asks on one connection while more says so. It is written by hand, lest the
// client be what is measured.
func (x *Target) ask(more func(time.Duration) bool, got func([]byte)) error {
	c, err := net.Dial("tcp", x.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	request := []byte("GET / HTTP/1.1\r\nHost: " + x.Address + "\r\nAuthorization: " + x.Token + "\r\n\r\n")
	in := bufio.NewReaderSize(c, 64<<10)
	for {
		began := time.Now()
		if _, err := c.Write(request); err != nil {
			return err
		}
		status, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		if !strings.HasPrefix(status, "HTTP/1.1 200 ") {
			return errors.New(strings.TrimSpace(status))
		}
		length := 0
		for line := []byte(status); len(line) > 2; {
			if line, err = in.ReadSlice('\n'); err != nil {
				return err
			}
			if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
				length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
			}
		}
		body, err := in.Peek(length)
		if err != nil {
			return err
		}
		if length < 100 {
			return fmt.Errorf("a body of %d bytes: %w", length, io.ErrUnexpectedEOF)
		}
		got(body)
		if _, err := in.Discard(length); err != nil {
			return err
		}
		if !more(time.Since(began)) {
			return nil
		}
	}
}
