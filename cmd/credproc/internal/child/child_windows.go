package child

import (
	"os"
	"os/signal"
)

// A Child is a running program.
type Child struct{ process *os.Process }

// Start runs the program at path with args, of which the first is its name, and
// env. On Windows Ctrl-C reaches every process of the console, so that there is
// nothing to pass on and no use for a witness. Its error is a *StartError.
func Start(path string, args, env []string, _ string) (*Child, error) {
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	process, err := os.StartProcess(path, args, &os.ProcAttr{Env: env, Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return nil, startFailure(args[0], err)
	}
	return &Child{process}, nil
}

// PID is the child's process id.
func (c *Child) PID() int { return c.process.Pid }

// Wait waits until the child ends, and returns its exit status.
func (c *Child) Wait() int {
	state, err := c.process.Wait()
	if err != nil {
		return 1
	}
	return state.ExitCode()
}

// Witness does nothing.
func Witness() {}
