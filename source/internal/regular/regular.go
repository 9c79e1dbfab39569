// Package regular reads files that must not make anybody wait.
package regular

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// A Kind is the error of what is no regular file: its mode.
type Kind fs.FileMode

func (k Kind) Error() string {
	what := "a device"
	switch mode := fs.FileMode(k); {
	case mode.IsDir():
		what = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		what = "a named pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	}
	return "is " + what + ", not a file"
}

// A Size is the error of a file that is too large: how many bytes it has at
// least.
type Size int64

func (s Size) Error() string { return fmt.Sprintf("has %d bytes", int64(s)) }

// Read returns the content of the regular file at path, following links, if it
// has at most max bytes. Anything else is an error at once, a *fs.PathError of a
// Kind or a Size where it is not the system's: a FIFO that nobody writes would
// hold its reader for ever, and a device need have no end.
func Read(path string, max int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fail := func(err error) ([]byte, error) { return nil, &fs.PathError{Op: "read", Path: path, Err: err} }
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return fail(Kind(info.Mode()))
	}
	if info.Size() > max {
		return fail(Size(info.Size()))
	}
	text, err := io.ReadAll(io.LimitReader(f, max+1))
	if err == nil && int64(len(text)) > max {
		return fail(Size(len(text)))
	}
	return text, err
}
