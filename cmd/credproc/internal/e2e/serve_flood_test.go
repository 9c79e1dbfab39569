package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// A flood of requests, in turns with the same flood of a server that does
// nothing: 30 s each.
const (
	floodTurns = 10
	floodTurn  = 3 * time.Second
	floodConns = 8

	slowest = 5 * time.Millisecond // of 99 in 100
	atLeast = 0.7                  // of what a server does that does nothing
)

// TestServeFlood runs alone, before the tests that wait together.
func TestServeFlood(t *testing.T) {
	ctx := testContext(t)
	bare, err := world.GoProgram(ctx, "./barehttp")
	if err != nil {
		t.Fatal(err)
	}
	m := world.Machine(t)
	e := serving(ctx, t, m)
	defer e.end(t)
	token, err := os.ReadFile(e.tokenFile)
	if err != nil {
		t.Fatal(err)
	}
	served := &target{address: strings.Trim(strings.TrimPrefix(e.url, "http://"), "/"), token: string(token)}
	body, err := served.body()
	if err != nil || !bytes.Contains(body, []byte("SecretAccessKey")) {
		t.Fatalf("%v: %s", err, body)
	}
	control := &target{address: startBare(ctx, t, m, bare, body)}
	var ratios []float64
	for range floodTurns {
		a, b := served.flood(t, floodTurn), control.flood(t, floodTurn)
		ratios = append(ratios, float64(a)/float64(b))
	}
	slices.Sort(ratios)
	ratio := ratios[len(ratios)/2]
	p99, calm := served.percentile(99), control.percentile(99)
	// What is slow for a server that does nothing says nothing about ours.
	if p99 >= slowest && (calm < slowest/2 || p99 > 2*calm) {
		t.Errorf("99 in 100 requests took up to %v; of a server that does nothing, %v", p99, calm)
	}
	if ratio < atLeast {
		t.Errorf("%.2f times the requests of a server that does nothing, in ten turns: %.2f", ratio, ratios)
	}
	// Each call of STS is one that serve made in the background, and told of.
	calls := m.STS.Count()[rig.Granted]
	if told := strings.Count(e.logged(), `"msg":"credentials"`) + strings.Count(e.logged(), `"msg":"renewed"`); calls < 2 || calls > told+1 {
		t.Errorf("%d calls of STS, %d renewals in the log", calls, told)
	}
	summary.add(t, "%d requests, %.0f a second, %.2f × bare net/http; p50 %v, p99 %v (bare %v); STS calls: %d",
		len(served.took), float64(len(served.took))/(floodTurns*floodTurn.Seconds()), ratio,
		served.percentile(50), p99, calm, calls)
}

// startBare starts the server that does nothing, and returns its address.
func startBare(ctx context.Context, t *testing.T, m *rig.Machine, program string, body []byte) string {
	t.Helper()
	cmd := m.Command(ctx, nil, program)
	cmd.Stdin = bytes.NewReader(body)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Cancel()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// A target is a server under a flood.
type target struct {
	address, token string

	mu   sync.Mutex
	took []time.Duration
}

// flood asks on eight connections for that long, and returns how often it was
// answered. Anything but an answer fails the test.
func (x *target) flood(t *testing.T, d time.Duration) int {
	var callers sync.WaitGroup
	before := len(x.took)
	end := time.Now().Add(d)
	for range floodConns {
		callers.Go(func() {
			var took []time.Duration
			err := x.ask(func(one time.Duration) bool {
				took = append(took, one)
				return time.Now().Before(end)
			}, func([]byte) {})
			if err != nil {
				t.Error(err)
			}
			x.mu.Lock()
			x.took = append(x.took, took...)
			x.mu.Unlock()
		})
	}
	callers.Wait()
	return len(x.took) - before
}

func (x *target) body() (body []byte, err error) {
	err = x.ask(func(time.Duration) bool { return false }, func(b []byte) { body = bytes.Clone(b) })
	return body, err
}

// ask asks on one connection while more says so. It is written by hand, lest the
// client be what is measured.
func (x *target) ask(more func(time.Duration) bool, got func([]byte)) error {
	c, err := net.Dial("tcp", x.address)
	if err != nil {
		return err
	}
	defer c.Close()
	request := []byte("GET / HTTP/1.1\r\nHost: " + x.address + "\r\nAuthorization: " + x.token + "\r\n\r\n")
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

// percentile is the time in which that many in a hundred were answered.
func (x *target) percentile(n int) time.Duration {
	slices.Sort(x.took)
	return x.took[len(x.took)*n/100]
}
