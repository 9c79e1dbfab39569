//go:build unix

package command

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

func (c Command) name() string {
	if c.Shell != "" {
		return "/bin/sh"
	}
	return c.Program[0]
}

func (c Command) args() []string {
	if c.Shell != "" {
		return []string{"-c", c.Shell}
	}
	return c.Program[1:]
}

// detach gives cmd a session of its own: no terminal to ask the user on, no
// signals meant for us, and one process group that ends with its time.
func (c Command) detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
