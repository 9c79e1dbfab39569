//go:build unix

package main

import (
	"context"
	"os/exec"
	"syscall"
)

// shell is a command for the shell. Ctrl-C is not for it, and when its time is
// over all of its processes go.
func shell(ctx context.Context, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}
