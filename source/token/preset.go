package token

import (
	"context"
	"errors"
	"strings"
)

// presets are the systems that only hand a job a variable, a file or a command.
// A row's form says how it is written; the argument in brackets may be missing.
var presets = []preset{
	{form: "bitbucket", variable: "BITBUCKET_STEP_OIDC_TOKEN",
		hint: "the step needs `oidc: true`"},
	{form: "gitlab:VARIABLE", prefix: "",
		hint: "the job needs a variable of this name under `id_tokens:`"},
	{form: "hcp-terraform[:TAG]", variable: "TFC_WORKLOAD_IDENTITY_TOKEN", prefix: "TFC_WORKLOAD_IDENTITY_TOKEN_",
		hint: "the workspace needs TFC_WORKLOAD_IDENTITY_AUDIENCE, with the same tag"},
	{form: "spacelift", variable: "SPACELIFT_OIDC_TOKEN", file: "/mnt/workspace/spacelift.oidc", of: "Spacelift",
		hint: "SPACELIFT_OIDC_TOKEN is not set either; this is not a run of Spacelift"},
	{form: "spiffe[:SPIFFE-ID]", command: spiffe},
}

type preset struct {
	form     string
	variable string                            // holds the token
	prefix   string                            // of the variable's name, before an argument
	file     string                            // holds the token where the variable is not set
	of       string                            // whose file that is
	command  func(arg string, o Options) *Exec // prints the token
	hint     string                            // what to do when the variable is not set
}

func (p preset) source(arg string, o Options) Source {
	if p.command != nil {
		return p.command(arg, o)
	}
	env := Env{Name: p.variable, Getenv: o.getenv(), hint: p.hint}
	if arg != "" {
		env.Name = p.prefix + arg
	}
	if p.file != "" && strings.TrimSpace(env.Getenv(env.Name)) == "" {
		return once{File(p.file), p.of, p.hint}
	}
	return env
}

// once is a file that a system writes before the job, and nobody afterwards.
type once struct {
	File
	of   string
	hint string // what to do when it does not exist
}

// Token reads the file.
func (o once) Token(ctx context.Context) (Token, error) {
	t, err := o.File.Token(ctx)
	var e *Error
	if errors.As(err, &e) {
		e.Place = o.String()
		if e.Problem == Missing {
			e.Detail += "; " + o.hint
		}
	}
	return t, err
}

func (o once) String() string { return "of " + o.of + " " + o.File.String() }

// Renewable is false.
func (once) Renewable() bool { return false }
