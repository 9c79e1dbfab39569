// Package command runs other people's programs that print secrets: bounded in
// time and output, away from the terminal, and with nothing of theirs left
// where it could hold up whoever runs us.
package command

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A Command is what to run: a program without a shell, or a line for the
// system's.
type Command struct {
	Program []string // the program and its arguments
	Shell   string   // instead of Program: for sh -c, on Windows cmd.exe /C
	Env     []string // NAME=VALUE, besides the environment
	Environ []string // NAME=VALUE, the environment; nil for our own
	Dir     string   // the working folder; empty for our own

	// MaxOutput is how much it may print, in bytes.
	MaxOutput int
}

// ErrOutput says that a command printed more than MaxOutput.
var ErrOutput = errors.New("it printed too much")

// pipeDelay is for what a command leaves running with its output open.
const pipeDelay = 500 * time.Millisecond

// Run runs the command with nothing on stdin and returns its stdout and the
// end of its stderr. When ctx ends it is killed with all that it started, and
// the error is ctx's. Other errors are ErrOutput and those of os/exec.
func (c Command) Run(ctx context.Context) (stdout []byte, stderr string, err error) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(running, c.name(), c.args()...)
	out, rest := &output{max: c.MaxOutput, full: cancel}, new(tail)
	cmd.Stdout, cmd.Stderr = out, rest
	cmd.WaitDelay = pipeDelay
	cmd.Env, cmd.Dir = c.Environ, c.dir()
	if len(c.Env) > 0 {
		cmd.Env = append(cmd.Environ(), c.Env...)
	}
	c.detach(cmd)
	err = cmd.Run()
	switch {
	case out.over:
		err = ErrOutput
	case errors.Is(err, exec.ErrWaitDelay):
		err = nil // it ended well and left something running
	case err != nil && ctx.Err() != nil:
		err = ctx.Err()
	}
	return out.text, rest.String(), err
}

// dir is the folder to run in. One that is gone is nowhere: what is absolute
// still works there, and what is not finds nothing else of the same name.
func (c Command) dir() string {
	if c.Dir == "" {
		return ""
	}
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		return string(filepath.Separator)
	}
	return c.Dir
}
