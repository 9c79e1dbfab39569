package main

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// newLog makes a structured log: text on a terminal, JSON elsewhere.
func newLog(to *os.File, verbose bool) (*slog.Logger, *backlog) {
	b := newBacklog(to)
	o := &slog.HandlerOptions{}
	if verbose {
		o.Level = slog.LevelDebug
	}
	if info, err := to.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return slog.New(slog.NewTextHandler(b, o)), b
	}
	return slog.New(slog.NewJSONHandler(b, o)), b
}

// A backlog takes lines for a reader who may be slow, or have stopped reading a
// pipe: nobody who logs waits for him. Lines that find no room are lost.
type backlog struct {
	lines   chan []byte
	flushed chan struct{}
}

func newBacklog(to io.Writer) *backlog {
	b := &backlog{lines: make(chan []byte, 1024), flushed: make(chan struct{})}
	go func() {
		for line := range b.lines {
			if line == nil {
				close(b.flushed)
				return
			}
			_, _ = to.Write(line)
		}
	}()
	return b
}

func (b *backlog) Write(line []byte) (int, error) {
	select {
	case b.lines <- bytes.Clone(line):
	default:
	}
	return len(line), nil
}

// flush waits until all has been written, for no longer than a second. Nothing
// is written afterwards.
func (b *backlog) flush() {
	late := time.After(time.Second)
	select {
	case b.lines <- nil:
	case <-late:
		return
	}
	select {
	case <-b.flushed:
	case <-late:
	}
}

// refusals logs requests that were refused, so many a second: whoever can reach
// us must not be able to fill a disk.
type refusals struct {
	log *slog.Logger

	mu     sync.Mutex
	second int64
	lines  int // in this second
	silent int // refused since without a line
}

const refusalsPerSecond = 20

func (r *refusals) refused(status int, code, detail string) {
	r.mu.Lock()
	if now := time.Now().Unix(); now != r.second {
		r.second, r.lines = now, 0
	}
	if r.lines++; r.lines > refusalsPerSecond {
		r.silent++
		r.mu.Unlock()
		return
	}
	attrs := []any{"status", status, "code", code}
	if detail != "" {
		attrs = append(attrs, "detail", detail)
	}
	if r.silent > 0 {
		attrs = append(attrs, "more_before", r.silent)
		r.silent = 0
	}
	r.mu.Unlock()
	r.log.Warn("refused", attrs...)
}
