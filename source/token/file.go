package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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
	// Without waiting: a FIFO that nobody writes would hold the caller for ever.
	file, err := os.OpenFile(string(f), os.O_RDONLY|nonblock, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail(Missing, "does not exist", nil)
	case err != nil:
		return fail(Unreadable, "cannot be read", cause(err))
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return fail(Unreadable, "cannot be read", cause(err))
	case !info.Mode().IsRegular():
		return fail(Unreadable, "is "+kind(info.Mode())+", not a file", nil)
	case info.Size() > 2*maxLength:
		return fail(Malformed, fmt.Sprintf("has %d bytes; STS takes %d to %d", info.Size(), minLength, maxLength), nil)
	}
	// The room beyond the limit is for white space, which Parse trims.
	text, err := io.ReadAll(io.LimitReader(file, 2*maxLength))
	if err != nil {
		return fail(Unreadable, "cannot be read", cause(err))
	}
	return text, nil
}

// cause strips the path from a file error: the place already names it.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	default:
		return "a device"
	}
}
