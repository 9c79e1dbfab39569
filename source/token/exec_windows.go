package token

import (
	"os/exec"
	"syscall"
)

// detach keeps Ctrl-C from cmd. Windows has no process groups to end; what a
// command leaves running holds only our pipes.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
