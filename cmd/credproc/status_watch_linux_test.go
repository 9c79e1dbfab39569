package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A watcher is a terminal on which credproc status is about to run, with one
// entry in its cache.
type watcher struct {
	*terminal
	entry string // its path
}

func newWatcher(t *testing.T) *watcher {
	t.Helper()
	term := newTerminal(t)
	term.types("${RUN%% *} --profile migration-role >/dev/null; cd; pwd; export TERM=xterm\n")
	var home string
	soon(t, "the home", func() bool {
		for line := range strings.Lines(term.screen()) {
			if line = strings.TrimSpace(line); filepath.IsAbs(line) {
				home = line
			}
		}
		return home != ""
	})
	path, err := onlyEntry(filepath.Join(home, ".cache", "credproc"))
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{term, path}
	w.resize(80, 24)
	term.types("echo =re''ady=\n")
	term.sees("=ready=")
	return w
}

// resize makes the window another one.
func (w *watcher) resize(columns, rows uint16) {
	w.Helper()
	conn, err := w.keys.SyscallConn()
	if err != nil {
		w.Fatal(err)
	}
	err2 := conn.Control(func(fd uintptr) {
		err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns})
	})
	if err != nil || err2 != nil {
		w.Fatal(err, err2)
	}
}

// restored sees the terminal as it was: long lines, the cursor, the first screen.
func (w *watcher) restored() {
	w.Helper()
	w.sees("\x1b[?7h")
	w.sees("\x1b[?25h")
	w.sees("\x1b[?1049l")
}

// drawn sees the other screen, without cursor, and a first page on it.
func (w *watcher) drawn() {
	w.Helper()
	w.sees("\x1b[?1049h")
	w.sees("\x1b[?25l")
	w.sees("\x1b[H")
	w.sees("migrator")
}

// --watch draws what changes in place, follows the window's size, and Ctrl-C
// gives the terminal back.
func TestStatusWatch(t *testing.T) {
	t.Parallel()
	w := newWatcher(t)
	w.types("${RUN%% *} status --watch; echo =$?=\n")
	w.drawn()
	if err := ageEntry(w.entry, 50*time.Minute); err != nil {
		t.Fatal(err)
	}
	w.sees("\x1b[H\x1b[K1 entry at ")
	w.sees("next use    50m")
	w.resize(120, 24)
	w.sees("\x1b[2mSUBJECT")
	w.resize(60, 3)
	w.sees(" more lines than this window has\x1b[H") // and nothing below
	if err := os.Remove(w.entry); err != nil {
		t.Fatal(err)
	}
	w.sees("\x1b[H\x1b[Jno cached credentials in ")
	w.types(ctrlC)
	w.restored()
	w.sees("=0=")
}

// Whatever ends it gives the terminal back first, and the status says what it
// was.
func TestStatusWatchEnded(t *testing.T) {
	t.Parallel()
	w := newWatcher(t)
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		file := filepath.Join(w.dir, "pid")
		w.types(fmt.Sprintf("(echo $BASHPID >%s; exec ${RUN%%%% *} status --watch); echo =$?=\n", file))
		w.drawn()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, s); err != nil {
			t.Fatal(err)
		}
		w.restored()
		w.sees(fmt.Sprintf("=%d=", 128+int(s)))
		w.sees("$ ")
	}
}

// Ctrl-Z gives the terminal back, fg takes it again, and in the background
// nothing is drawn.
func TestStatusWatchStopped(t *testing.T) {
	t.Parallel()
	w := newWatcher(t)
	w.types("${RUN%% *} status --watch\n")
	for range 2 {
		w.drawn()
		w.types(ctrlZ)
		w.restored()
		w.sees("Stopped")
		w.sees("$ ")
		w.types("fg\n")
	}
	w.drawn()
	w.types(ctrlZ)
	w.restored()
	w.sees("Stopped")
	w.types("bg; sleep 2; echo =quiet=\n")
	w.sees("bg; sleep 2; echo =quiet=")
	soon(t, "the end of the sleep", func() bool { return strings.Contains(w.screen(), "=quiet=") })
	if text := w.screen(); strings.Contains(text, "\x1b[") {
		t.Errorf("drawn in the background: %q", text)
	}
	w.types("fg\n")
	w.drawn()
	w.types(ctrlC)
	w.restored()
	w.types("echo =$?=\n")
	w.sees("=0=")
}

// A terminal has colours, unless its user does not want them, and its own width.
func TestStatusOnATerminal(t *testing.T) {
	t.Parallel()
	w := newWatcher(t)
	w.types("${RUN%% *} status; echo =$?=\n")
	w.sees("ROLE\x1b[0m\r\n")
	w.sees("\x1b[32m")
	w.sees("=0=")
	w.resize(120, 24)
	for _, plain := range []string{"NO_COLOR=1", "TERM=dumb"} {
		w.types(plain + " ${RUN%% *} status; echo =$?=\n")
		w.sees("status; echo =$?=")
		soon(t, "the end", func() bool { return strings.Contains(w.screen(), "=0=") })
		if text := w.screen(); strings.Contains(text, "\x1b[3") || !strings.Contains(text, "SUBJECT") {
			t.Errorf("with %s: %q", plain, text)
		}
		w.sees("=0=")
	}
	w.types("TERM=dumb ${RUN%% *} status --watch; echo =$?=\n")
	w.sees("--watch needs a terminal")
	w.sees("=2=")
}
