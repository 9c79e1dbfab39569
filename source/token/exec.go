package token

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"time"

	"github.com/credproc/credproc/source/internal/command"
	"github.com/credproc/credproc/source/internal/redact"
)

const (
	// execLimit is how long a command may take, whatever the context allows.
	execLimit = 15 * time.Second

	// maxOutput is above any token, with room for the trust bundles that
	// spire-agent prints beside it. In bytes.
	maxOutput = 256 << 10

	// maxTail is how much of the end of a command's stderr an error repeats,
	// in bytes.
	maxTail = 400
)

// Exec is a command that prints a web identity token to stdout: the JWT alone,
// or JSON in the shape of Google's executable-sourced credentials. It is run
// without a shell, with nothing on stdin, in a session of its own, so that it
// can neither ask the user nor outlive its limit of 15 seconds.
type Exec struct {
	Command []string // the program and its arguments
	Getenv  func(string) string
	Environ []string // the command's environment as NAME=VALUE; nil is ours
	Dir     string   // the folder to run it in; empty is ours

	name    string   // for messages, instead of the command's own
	env     []string // NAME=VALUE, besides our environment
	settles []string // variables that change what the command prints
	refusal int      // the exit status that means that the issuer said no, or 0
	hint    string   // what to do where the command is not there
	find    func(stdout []byte) ([]byte, bool)
	limit   time.Duration // instead of execLimit
}

// Token runs the command.
func (e *Exec) Token(ctx context.Context) (Token, error) {
	stdout, err := e.run(ctx)
	if err != nil {
		return Token{}, err
	}
	if e.find != nil {
		found, ok := e.find(stdout)
		if !ok {
			return Token{}, e.fail(Malformed, "is none: the command printed something else", nil)
		}
		return from(e, found)
	}
	if stdout = bytes.TrimSpace(stdout); bytes.HasPrefix(stdout, []byte("{")) {
		return e.google(stdout)
	}
	return from(e, stdout)
}

// Identity is of the command, the machine and the CI job: who else it takes us
// for cannot be known without running it. A command that may depend on its
// working folder is another one in another folder.
func (e *Exec) Identity() Identity {
	parts := append([]string{"exec"}, e.Command...)
	if dir := (command.Command{Program: e.Command, Dir: e.Dir}).Folder(); dir != "" {
		parts = append(parts, "in", dir)
	}
	for _, name := range e.settles {
		parts = append(parts, name, e.Getenv(name))
	}
	return caller(append(parts, here(e.Getenv)...)...)
}

// Renewable is true: a command can be run again.
func (e *Exec) Renewable() bool { return true }

// String leaves the arguments out: people put passwords there.
func (e *Exec) String() string {
	if e.name != "" {
		return "from " + e.name
	}
	return "from command " + e.Command[0]
}

func (e *Exec) fail(problem Problem, detail string, err error) error {
	return &Error{Problem: problem, Place: e.String(), Detail: detail, Err: err}
}

func (e *Exec) run(ctx context.Context) ([]byte, error) {
	limit := e.limit
	if limit == 0 {
		limit = execLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stdout, stderr, err := command.Command{Program: e.Command, Environ: e.Environ, Dir: e.Dir, Env: e.env, MaxOutput: maxOutput}.Run(ctx)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return stdout, nil
	case errors.Is(err, command.ErrOutput):
		return nil, e.fail(Malformed, fmt.Sprintf("is none: the command printed more than %d bytes", maxOutput), nil)
	case errors.Is(err, ctx.Err()):
		return nil, e.fail(Unreachable, "could not be had", &failure{"the command did not finish in time", err})
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		text := "there is no such command"
		if e.hint != "" {
			text += "; " + e.hint
		}
		return nil, e.fail(Missing, "cannot be asked for", &failure{text, err})
	case errors.As(err, &exit):
		return nil, e.exited(exit, stdout, stderr)
	}
	return nil, e.fail(Unreadable, "cannot be asked for: the command cannot be run", cause(err))
}

// exited words a command's own failure, with the end of what it wrote to
// stderr. Its stdout may hold a token and is repeated nowhere, except for the
// message for people in Google's JSON.
func (e *Exec) exited(exit *exec.ExitError, stdout []byte, stderr string) error {
	stdout = bytes.TrimSpace(stdout)
	if bytes.HasPrefix(stdout, []byte("{")) {
		var refused *Error
		if _, err := e.google(stdout); errors.As(err, &refused) && refused.Problem == Refused {
			return err
		}
	}
	problem := Unreadable
	if e.refusal != 0 && exit.ExitCode() == e.refusal {
		problem = Refused
	}
	text := "the command failed with " + exit.ProcessState.String()
	if said := redact.Tail(stderr, maxTail, string(stdout)); said != "" {
		text += ": " + said
	}
	return e.fail(problem, "could not be had", &failure{text, exit})
}

// failure words its cause in full.
type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() error { return f.err }
