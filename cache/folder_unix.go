//go:build unix

package cache

import (
	"io/fs"
	"os"
	"syscall"
)

const (
	nonblock = syscall.O_NONBLOCK
	nofollow = syscall.O_NOFOLLOW
	hasHome  = true
)

func isRoot() bool { return os.Geteuid() == 0 }

func isOurs(info fs.FileInfo) bool {
	if info == nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

func isPrivate(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 == 0 }

// writable reports whether a file could be made in the folder at path; it finds
// read-only file systems even for root.
func writable(path string) bool {
	const w = 2 // W_OK
	return syscall.Access(path, w) == nil
}

// rename replaces whatever stands at name.
func (f *folder) rename(temp, name string) error { return f.root.Rename(temp, name) }
