package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// A logger says what happens: on stderr under --verbose, and what will matter
// later in a file too, because some callers swallow stderr.
type logger struct {
	file    string
	verbose bool
}

// event is a renewal, a failure or a warning.
func (l logger) event(format string, args ...any) {
	l.detail(format, args...)
	if l.file == "" {
		return
	}
	// Opened for each line, since there are few: nothing is kept open that a
	// log rotation would have to know of. Without waiting, should it be a FIFO.
	f, err := os.OpenFile(l.file, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		l.detail("warning: cannot write the log: %v", err)
		return
	}
	defer f.Close()
	_ = f.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)) // of a pipe that nobody reads
	fmt.Fprintf(f, "%s credproc[%d]: %s\n", time.Now().UTC().Format(time.RFC3339), os.Getpid(), fmt.Sprintf(format, args...))
}

// detail is of interest while somebody is looking.
func (l logger) detail(format string, args ...any) {
	if l.verbose {
		fmt.Fprintf(os.Stderr, "credproc: "+format+"\n", args...)
	}
}
