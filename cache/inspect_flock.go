//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cache

import (
	"os"
	"syscall"
)

// tryLock locks file, or where that cannot be opened the folder, as a lock of
// the cache would be locked, and unlocks it.
func tryLock(folder, file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|nofollow|nonblock, 0)
	if err != nil {
		f, err = os.Open(folder)
	}
	if err != nil {
		return err
	}
	defer f.Close() // unlocks
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
