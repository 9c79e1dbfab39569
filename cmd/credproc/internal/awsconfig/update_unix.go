//go:build unix

package awsconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

func owner(info fs.FileInfo) (uid, gid int, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(stat.Uid), int(stat.Gid), true
}

func ours(info fs.FileInfo) bool {
	uid, _, ok := owner(info)
	return ok && uid == os.Geteuid()
}

// trustedRoot reports whether it is root's: an administrator may have opened a
// folder of his to others.
func trustedRoot(info fs.FileInfo) bool {
	uid, _, ok := owner(info)
	return ok && uid == 0
}

func trusted(info fs.FileInfo) bool { return ours(info) || trustedRoot(info) }

// keepOwner gives a new file the owner and group of the old one.
func keepOwner(f *os.File, before fs.FileInfo) error {
	now, err := f.Stat()
	if err != nil {
		return err
	}
	uid, gid, _ := owner(before)
	if u, g, _ := owner(now); u == uid && g == gid {
		return nil
	}
	return f.Chown(uid, gid)
}

// lockWait is how long another setup may take.
const lockWait = 10 * time.Second

// lockFolder takes the lock of a folder. Where a file system has none there is
// none to wait for.
func lockFolder(dir string) (unlock func(), err error) {
	d, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	switch {
	case errors.Is(err, fs.ErrPermission): // one may write into it, and not list it
		return func() {}, nil
	case err != nil:
		return nil, err
	}
	for end := time.Now().Add(lockWait); ; time.Sleep(20 * time.Millisecond) {
		err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return func() { _ = d.Close() }, nil
		case time.Now().After(end):
			_ = d.Close()
			return nil, fmt.Errorf("%s: another program has locked it for %v", dir, lockWait)
		}
	}
}
