//go:build unix

package screen

import (
	"os"

	"golang.org/x/sys/unix"
)

// Size is the size of the terminal that f is; ok is false if it is none. A
// terminal that does not know its size has none: both are 0.
func Size(f *os.File) (columns, rows int, ok bool) {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, false
	}
	return int(size.Col), int(size.Row), true
}
