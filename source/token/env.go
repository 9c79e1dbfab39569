package token

import "context"

// Env is an environment variable that holds a web identity token. Nobody can
// give a running process another value, so the token is the only one there is.
type Env struct {
	Name   string
	Getenv func(string) string

	hint string // what to do when it is not set
}

// Token reads the variable.
func (e Env) Token(context.Context) (Token, error) {
	text := e.Getenv(e.Name)
	if text == "" {
		detail := "is missing: the variable is not set"
		if e.hint != "" {
			detail += "; " + e.hint
		}
		return Token{}, &Error{Problem: Missing, Place: e.String(), Detail: detail}
	}
	return Parse([]byte(text), e.String())
}

// Identity reads the variable.
func (e Env) Identity() Identity {
	t, err := e.Token(context.Background())
	if err != nil {
		return Identity{}
	}
	return t.Identity()
}

// Renewable is false.
func (e Env) Renewable() bool { return false }

func (e Env) String() string { return "in $" + e.Name }
