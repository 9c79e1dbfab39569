package main

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/screen"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
)

// What --watch says to the terminal: the other screen, no cursor, long lines cut;
// and the way back.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
	leaveScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l"
)

// redraw is how often --watch looks: seconds are the least that is shown.
const redraw = time.Second

// keepDrawing draws the status on a terminal until a signal ends it. However
// that is, short of SIGKILL, the terminal is as it was.
func (s *status) keepDrawing(f *os.File) error {
	terminal := false
	if f != nil {
		_, _, terminal = screen.Size(f)
	}
	if !terminal || os.Getenv("TERM") == "dumb" {
		return &settings.Error{Text: "--watch needs a terminal on stdout that can move its cursor", Hint: "leave --watch out, or run it with watch(1)"}
	}
	// Not to be missed: one of each kind at least has room.
	signals := make(chan os.Signal, 16)
	for _, sig := range watchSignals() {
		if !signal.Ignored(sig) { // as under nohup
			signal.Notify(signals, sig)
		}
	}
	defer signal.Stop(signals)

	// The folder may be on a network file system that hangs. Ctrl-C works all the
	// same.
	look, looks := make(chan struct{}), make(chan glance)
	go func() {
		for range look {
			l, err := s.cache.List()
			looks <- glance{l, err}
		}
	}()
	ticks := time.NewTicker(redraw)
	defer ticks.Stop()

	drawing, stopped := false, false
	leave := func() {
		if drawing {
			_, _ = f.WriteString(leaveScreen)
			drawing = false
		}
	}
	defer leave()
	var last *glance
	draw := func() error {
		// In the background the screen is somebody else's.
		if last == nil || stopped || !inForeground(f) {
			return nil
		}
		text := s.page(*last, f)
		if !drawing {
			text = enterScreen + text
		}
		drawing = true
		_, err := f.WriteString(text)
		return err
	}
	for ask := look; ; {
		select {
		case ask <- struct{}{}:
			ask = nil // until the next tick
		case g := <-looks:
			last = &g
		case <-ticks.C:
			ask = look
			continue
		case sig := <-signals:
			switch {
			case sig == os.Interrupt:
				return nil
			case isStop(sig):
				leave()
				stopped = stop()
			case isContinue(sig):
				leave() // somebody else may have had the screen
				stopped = false
			case isResize(sig):
			default:
				return &ended{status: 128 + int(sig.(syscall.Signal))}
			}
		}
		if err := draw(); err != nil {
			return fmt.Errorf("drawing the status: %w", err)
		}
	}
}

// A glance is one look at the cache.
type glance struct {
	cache.Listing
	err error
}

// page is what a glance showed, to be written over what was drawn before.
func (s *status) page(g glance, f *os.File) string {
	columns, rows, _ := screen.Size(f)
	p := statusPage{now: s.now(), columns: screen.Columns(f, os.Getenv), colours: coloured(f)}
	if columns > 0 {
		p.columns = max(min(p.columns, columns), screen.Least)
	}
	if g.err != nil {
		return frame(screen.Wrap(fit("credproc: error: "+g.err.Error()), p.columns, maxLines), rows)
	}
	return frame(strings.Split(strings.TrimSuffix(p.text(g.Listing), "\n"), "\n"), rows)
}

// frame puts lines onto a screen of so many rows, from its top, and takes away
// what was there. Each line is erased before it is written: behind a full one the
// cursor stands on its last character.
func frame(lines []string, rows int) string {
	if rows > 0 && len(lines) > rows {
		hidden := len(lines) - rows + 1
		lines = append(lines[:rows-1:rows-1], fmt.Sprintf("… %d more lines than this window has", hidden))
	}
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		if i < len(lines)-1 {
			b.WriteString("\x1b[K")
		} else {
			b.WriteString("\x1b[J")
		}
		b.WriteString(line)
	}
	return b.String()
}
