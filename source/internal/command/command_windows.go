package command

import (
	"os/exec"
	"syscall"
)

func (c Command) name() string {
	if c.Shell != "" {
		return "cmd.exe"
	}
	return c.Program[0]
}

func (c Command) args() []string {
	if c.Shell != "" {
		return nil // see detach
	}
	return c.Program[1:]
}

// detach keeps Ctrl-C from cmd. Windows has no process groups to end; what a
// command leaves running holds only our pipes.
//
// cmd.exe does not know the quoting that os/exec does: a line reaches it as it
// is. With /S it takes off the outermost quotes and nothing else
// (aws-sdk-go-v2#3208).
func (c Command) detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
	if c.Shell != "" {
		cmd.SysProcAttr.CmdLine = `cmd.exe /S /C "` + c.Shell + `"`
	}
}
