//go:build unix

package endpoint

import (
	"io/fs"
	"os"
	"syscall"
)

// othersMayWrite reports whether others than we and root could have written a
// file: whoever knows the token gets the credentials.
func othersMayWrite(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || stat.Uid != 0 && int(stat.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0
}
