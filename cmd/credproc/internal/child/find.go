package child

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Find is the path of the program that a shell would run for name. Its error is
// a *StartError.
func Find(name string) (string, error) {
	path, err := exec.LookPath(name)
	switch {
	case err == nil, errors.Is(err, exec.ErrDot):
		return path, nil // a PATH with "." in it is the user's wish
	case filepath.Base(name) == name && !inPath(name):
		return "", startError(name, notFound, "not found")
	case errors.Is(err, fs.ErrNotExist):
		return "", startError(name, notFound, "no such file")
	default:
		return "", startError(name, notExecutable, "not executable")
	}
}

// inPath reports whether there is a file of that name, executable or not.
func inPath(name string) bool {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}

// startFailure words what the kernel has against a program.
func startFailure(name string, err error) *StartError {
	var errno syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// The file is there, Find has seen it: its interpreter is not.
		return startError(name, notFound, "no such file, or no such interpreter as it names")
	case errors.As(err, &errno):
		return startError(name, notExecutable, strings.ToLower(errno.Error()))
	default:
		return startError(name, notExecutable, err)
	}
}
