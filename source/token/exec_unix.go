//go:build unix

package token

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// detach gives cmd a session of its own: no terminal to ask the user on, no
// signals meant for us, and one process group that ends with its time.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
