package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// A stuck reader lets nothing be written until it is freed.
type stuck struct {
	freed chan struct{}
	mu    sync.Mutex
	text  bytes.Buffer
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.freed
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

// Who logs waits for nobody, and what was kept is written in the end.
func TestBacklogNeverWaits(t *testing.T) {
	s := &stuck{freed: make(chan struct{})}
	b := newBacklog(s)
	logged := make(chan struct{})
	go func() {
		for n := range 5000 {
			fmt.Fprintln(b, n)
		}
		close(logged)
	}()
	select {
	case <-logged:
	case <-time.After(time.Minute):
		t.Fatal("who logs waits for a reader who is stuck")
	}
	close(s.freed)
	b.flush()
	s.mu.Lock()
	defer s.mu.Unlock()
	if lines := strings.Count(s.text.String(), "\n"); lines < 1000 || lines > 1100 || !strings.HasPrefix(s.text.String(), "0\n1\n2\n") {
		t.Errorf("%d lines were written", lines)
	}
}

// Whoever can reach us cannot fill a disk, and is counted all the same.
func TestRefusalsAreLimited(t *testing.T) {
	var text bytes.Buffer
	r := &refusals{log: slog.New(slog.NewTextHandler(&text, nil))}
	for range 10 * refusalsPerSecond {
		r.refused(401, "Unauthorized", "")
	}
	if n := strings.Count(text.String(), "\n"); n < refusalsPerSecond || n > 2*refusalsPerSecond {
		t.Errorf("%d lines", n)
	}
	r.second = 0
	text.Reset()
	r.refused(401, "Unauthorized", `path "/x"`)
	if got := text.String(); !strings.Contains(got, " more_before=1") || !strings.Contains(got, `detail="path \"/x\""`) {
		t.Errorf("it says %s", got)
	}
}
