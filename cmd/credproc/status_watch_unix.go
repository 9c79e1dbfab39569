//go:build unix

package main

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func watchSignals() []os.Signal {
	return []os.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGTSTP, syscall.SIGCONT, syscall.SIGWINCH,
	}
}

func isStop(s os.Signal) bool { return s == syscall.SIGTSTP }

func isContinue(s os.Signal) bool { return s == syscall.SIGCONT }

func isResize(s os.Signal) bool { return s == syscall.SIGWINCH }

// stop stops us, if there is a shell that is told and that can continue us, and
// reports whether it did. SIGCONT says when it is over. (Not with SIGTSTP: once a
// Go program has been notified of that it no longer stops.)
func stop() bool {
	parent := os.Getppid()
	group, err := unix.Getpgid(parent)
	session, err2 := unix.Getsid(parent)
	own, err3 := unix.Getsid(0)
	if err != nil || err2 != nil || err3 != nil || group == unix.Getpgrp() || session != own {
		return false
	}
	return syscall.Kill(os.Getpid(), syscall.SIGSTOP) == nil
}

// inForeground reports whether a terminal's keys send signals to our group. One
// that is not the terminal of our session sends none, and nobody else draws there.
func inForeground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}
