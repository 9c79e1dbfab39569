package source

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/credproc/credproc/source/internal/command"
	"github.com/credproc/credproc/source/internal/redact"
	"github.com/credproc/credproc/source/token"
)

// Process runs another credential_process program, as the SDKs would: with sh -c
// or cmd.exe /C, and all of our environment. Unlike there it gets a session of
// its own, so that it can neither ask the user nor outlive its time.
//
// The credentials that it prints may come without an end (Credentials.Ends).
// Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
type Process struct {
	// Command is a line for the shell.
	Command string

	// Getenv looks up an environment variable of the command.
	Getenv func(string) string

	// Environ is the command's environment as NAME=VALUE; nil is ours.
	Environ []string

	// Dir is the folder to run the command in; empty is ours.
	Dir string
}

// GuardVariable lists the keys of the commands that are running, for those that
// they run in turn. It belongs to no other program: whoever starts one removes
// it.
const GuardVariable = "CREDPROC_GUARD"

// CodeProcess and CodeLoop are values of Error.Code: a credential_process
// failed, hung or printed something else; it leads back to itself.
const (
	CodeProcess = "process"
	CodeLoop    = "loop"
)

const (
	// maxProcessOutput is what the Java SDK reads at most, in bytes.
	maxProcessOutput = 64_000

	// maxTail is how much of the end of a command's stderr an error repeats, in
	// bytes.
	maxTail = 400
)

// Retrieve runs the command, once: it may well ask somebody for a second factor
// or open a browser, and neither must happen twice. It has until ctx is done,
// and is then killed with all that it started.
func (p *Process) Retrieve(ctx context.Context) (Credentials, error) {
	if err := p.Loop(); err != nil {
		return Credentials{}, err
	}
	stdout, stderr, err := command.Command{
		Shell:     p.Command,
		Environ:   p.Environ,
		Dir:       p.Dir,
		Env:       []string{GuardVariable + "=" + strings.Join(append(p.running(), p.guard()), ",")},
		MaxOutput: maxProcessOutput,
	}.Run(ctx)
	if err != nil {
		return Credentials{}, p.failed(ctx, err, stdout, stderr)
	}
	d, err := read(stdout)
	if err == nil && d.Version != 1 {
		err = errors.New("JSON without Version 1")
	}
	if err != nil {
		return Credentials{}, p.fail(KindUnreachable, CodeProcess, "printed "+err.Error(), nil)
	}
	c, err := d.credentials()
	if err != nil {
		return Credentials{}, p.fail(KindUnreachable, CodeProcess, "printed "+err.Error(), nil)
	}
	c.Identity = p.Key().Identity
	return c, nil
}

// Loop is an *Error if this very command runs already and has, by way of some
// SDK, started us. Whoever has a cache in front of Process asks before: the
// lock of its entry is taken by the process that waits for us.
func (p *Process) Loop() error {
	if !slices.Contains(p.running(), p.guard()) {
		return nil
	}
	return p.fail(KindSettings, CodeLoop, loops+": through AWS_PROFILE or the default profile it runs the program that runs it", nil)
}

// loops is how a loop is told of, also from one process to the next: what is
// between them knows no more than that the inner one failed.
const loops = "leads back to itself"

// running are the commands that wait for us.
func (p *Process) running() []string {
	return strings.FieldsFunc(p.Getenv(GuardVariable), func(r rune) bool { return r == ',' })
}

func (p *Process) guard() string {
	key := p.Key()
	return key.Settings + "." + key.Identity
}

// failed words a run that came to no good end. What the command printed is
// repeated nowhere.
func (p *Process) failed(ctx context.Context, err error, stdout []byte, stderr string) *Error {
	var exit *exec.ExitError
	switch {
	case errors.Is(err, command.ErrOutput):
		return p.fail(KindUnreachable, CodeProcess, "printed too much to be credentials", nil)
	case errors.Is(err, ctx.Err()):
		return p.fail(KindDeadline, CodeProcess, "did not finish in time", err)
	case !errors.As(err, &exit):
		return p.fail(KindUnreachable, CodeProcess, "cannot be run: "+err.Error(), err)
	case strings.Contains(stderr, "credproc: error: ") && strings.Contains(stderr, loops):
		return p.fail(KindSettings, CodeLoop, loops+" by way of what it runs", exit)
	}
	secrets := []string{string(stdout), p.Getenv("AWS_SECRET_ACCESS_KEY"), p.Getenv("AWS_SESSION_TOKEN")}
	if d, err := read(stdout); err == nil {
		secrets = append(secrets, d.SecretAccessKey, d.SessionToken)
	}
	what := "failed with " + exit.ProcessState.String()
	if said := redact.Tail(stderr, maxTail, secrets...); said != "" {
		what += ": " + said
	}
	return p.fail(KindUnreachable, CodeProcess, what, exit)
}

func (p *Process) fail(kind Kind, code, what string, err error) *Error {
	return &Error{Kind: kind, Code: code, Text: p.String() + " " + what, Err: err}
}

// String leaves the arguments out: people put passwords there.
func (p *Process) String() string { return "credential_process " + p.program() }

// program is the first word of the command that is no assignment.
func (p *Process) program() string {
	for _, word := range command.Words(p.Command) {
		if word != "" && !strings.Contains(word, "=") {
			return word
		}
	}
	return "of no name"
}

// settling are variables that decide for the usual programs, above all for the
// AWS CLI and what is built with an SDK, whose credentials they print.
var settling = []string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
	"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS",
	"AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"VAULT_ADDR", "VAULT_NAMESPACE", "HOME", "USERPROFILE",
}

// Key names the command; its identity is the machine, the CI job and whatever
// variables are known to change what such commands print. Others that do belong
// on its command line. A command that may depend on its working folder is
// another one in another folder.
func (p *Process) Key() Key {
	parts := []string{"process", (&token.Exec{Command: []string{"process"}, Getenv: p.Getenv}).Identity().Digest}
	for _, name := range settling {
		parts = append(parts, name, p.Getenv(name))
	}
	if dir := (command.Command{Shell: p.Command, Dir: p.Dir}).Folder(); dir != "" {
		parts = append(parts, "in", dir)
	}
	return Key{
		Settings: digest("process", p.Command),
		Identity: digest(parts...),
		Role:     p.String(),
	}
}

// Format keeps the command's arguments out of every fmt verb.
func (p Process) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }
