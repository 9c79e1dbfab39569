package token

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/credproc/credproc/source/internal/regular"
)

// File is the path of a file that holds a web identity token and is replaced
// from outside before the token expires, as kubelet does.
type File string

// Token opens the path anew at each call: kubelet swaps a symbolic link, and a
// descriptor that was kept would show the old token for ever.
func (f File) Token(context.Context) (Token, error) {
	text, err := f.read()
	if err != nil {
		return Token{}, err
	}
	return Parse(text, f.String())
}

// Identity reads the file.
func (f File) Identity() Identity {
	t, err := f.Token(context.Background())
	if err != nil {
		return Identity{}
	}
	return t.Identity()
}

// Renewable is true: a file can always be written again.
func (f File) Renewable() bool { return true }

func (f File) String() string { return "in " + string(f) }

func (f File) read() ([]byte, error) {
	fail := func(problem Problem, detail string, err error) ([]byte, error) {
		return nil, &Error{Problem: problem, Place: f.String(), Detail: detail, Err: err}
	}
	// The room beyond the limit is for white space, which Parse trims.
	text, err := regular.Read(string(f), 2*maxLength)
	var kind regular.Kind
	var size regular.Size
	switch {
	case err == nil:
		return text, nil
	case errors.Is(err, fs.ErrNotExist):
		return fail(Missing, "does not exist", nil)
	case errors.As(err, &kind):
		return fail(Unreadable, kind.Error(), nil)
	case errors.As(err, &size):
		return fail(Malformed, fmt.Sprintf("%v; STS takes %d to %d", size, minLength, maxLength), nil)
	}
	return fail(Unreadable, "cannot be read", cause(err))
}

// cause strips the path from a file error: the place already names it.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
