package rig

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// HoldsLock reports whether the process pid holds a lock of any kind on a file
// below dir. A process that has ended holds none.
func HoldsLock(pid int, dir string) bool {
	proc := fmt.Sprintf("/proc/%d", pid)
	files, err := os.ReadDir(proc + "/fd")
	if err != nil {
		return false
	}
	for _, fd := range files {
		path, err := os.Readlink(filepath.Join(proc, "fd", fd.Name()))
		if err != nil || !strings.HasPrefix(path, dir+"/") {
			continue
		}
		info, err := os.ReadFile(filepath.Join(proc, "fdinfo", fd.Name()))
		if err == nil && bytes.Contains(info, []byte("\nlock:")) {
			return true
		}
	}
	return false
}
