//go:build unix

package child

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// passed are the signals that belong to the child. SIGTSTP is among them: when
// the child obeys it, we stop too, and when it does not, nor do we. So is
// SIGCONT: a shell continues the whole group.
var passed = []os.Signal{
	syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM,
	syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGTSTP, syscall.SIGCONT,
}

// settle is how long after a signal the witness is asked: a sender that goes
// from process to process needs a moment.
const settle = 30 * time.Millisecond

// A Child is a running program.
type Child struct {
	process *os.Process
	signals chan os.Signal // those that are passed on
	witness *witness
}

// Start runs the program at path with args, of which the first is its name, and
// env. From now on signals are the child's. self is the path of this program, which
// calls Witness under the name WitnessName. Its error is a *StartError.
func Start(path string, args, env []string, self string) (*Child, error) {
	c := &Child{signals: make(chan os.Signal, 64)}
	// A broken pipe is to fail a write of ours, not to end us. Signals that are
	// ignored already, as under nohup, stay so here and in the child.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	for _, s := range passed {
		if !signal.Ignored(s) {
			signal.Notify(c.signals, s)
		}
	}
	c.witness = startWitness(self)
	select {
	case s := <-c.signals: // while there was no child
		if s == syscall.SIGCONT {
			break
		}
		c.witness.close()
		return nil, startError(args[0], 128+int(s.(syscall.Signal)), s)
	default:
	}
	var err error
	c.process, err = os.StartProcess(path, args, &os.ProcAttr{Env: env, Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		c.witness.close()
		return nil, startFailure(args[0], err)
	}
	release(os.Stdin, os.Stdout)
	return c, nil
}

// release gives up what is the child's alone: when the child closes its stdout,
// whoever reads it sees the end.
func release(files ...*os.File) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer null.Close()
	for _, f := range files {
		_ = unix.Dup2(int(null.Fd()), int(f.Fd()))
	}
}

// PID is the child's process id.
func (c *Child) PID() int { return c.process.Pid }

// Wait passes signals on until the child ends, and returns its exit status: 128
// and the signal's number if a signal ended it.
func (c *Child) Wait() int {
	defer c.witness.close()
	changes := make(chan syscall.WaitStatus)
	go c.watch(changes)
	count := map[os.Signal]int{}
	var settled, stopped <-chan time.Time
	for {
		select {
		case s := <-c.signals:
			count[s]++
			if settled == nil {
				settled = time.After(settle)
			}
		case <-settled:
			settled = nil
			for s, n := range c.witness.alone(count) {
				for range n {
					_ = c.process.Signal(s)
				}
			}
			clear(count)
		case status := <-changes:
			switch {
			case status.Exited():
				return status.ExitStatus()
			case status.Signaled():
				return 128 + int(status.Signal())
			case status.Stopped():
				stopped = time.After(settle)
			case status.Continued():
				stopped = nil
			}
		case <-stopped:
			stopped = nil
			stop()
		}
	}
}

// watch reports whenever the child stops or goes on, and at last its end.
func (c *Child) watch(changes chan<- syscall.WaitStatus) {
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(c.process.Pid, &status, syscall.WUNTRACED|syscall.WCONTINUED, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			// Nobody else waits for it, so this cannot be.
			panic("waiting for a child: " + err.Error())
		}
		changes <- status
		if status.Exited() || status.Signaled() {
			return
		}
	}
}

// stop stops us as the child has been stopped, if there is a shell that is
// waiting to be told and that can continue us. (Not with SIGTSTP: once a Go
// program has been notified of that it no longer stops.)
func stop() {
	if underJobControl() {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	}
}

// underJobControl reports whether our parent is of our session and has put us
// into a process group of our own, as only a shell with job control does.
func underJobControl() bool {
	parent := os.Getppid()
	theirs, err := unix.Getpgid(parent)
	if err != nil || theirs == unix.Getpgrp() {
		return false
	}
	session, err := unix.Getsid(parent)
	own, err2 := unix.Getsid(0)
	return err == nil && err2 == nil && session == own
}

// inForeground reports whether our group is the one that the terminal's keys
// send signals to.
func inForeground() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
