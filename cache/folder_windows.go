package cache

import (
	"errors"
	"io/fs"
	"syscall"
	"time"
)

// On Windows mode bits mean nothing and a profile's folders are closed to other
// users by their inherited access lists, so nothing is asked.
const (
	nonblock = 0
	nofollow = 0
	hasHome  = false
)

func isRoot() bool               { return false }
func isOurs(fs.FileInfo) bool    { return true }
func isPrivate(fs.FileInfo) bool { return true }
func writable(string) bool       { return true }

// rename replaces whatever stands at name. Windows refuses while another
// process has that file open, which readers do for a moment.
func (f *folder) rename(temp, name string) error {
	const sharingViolation = syscall.Errno(32)
	for wait := time.Millisecond; ; wait *= 2 {
		err := f.root.Rename(temp, name)
		busy := errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, sharingViolation)
		if !busy || wait > 128*time.Millisecond {
			return err
		}
		time.Sleep(wait)
	}
}
