//go:build unix

// Package commandtest looks after the processes that commands in tests leave.
package commandtest

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// limit is far longer than any command in a test takes to start or to die.
const limit = 30 * time.Second

// PID reads a process id from a file once it is there.
func PID(t *testing.T, path string) int {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var pid int
		if text, err := os.ReadFile(path); err == nil && strings.HasSuffix(string(text), "\n") {
			if _, err := fmt.Sscan(string(text), &pid); err == nil {
				return pid
			}
		}
	}
	t.Error("the command did not start")
	return 1 << 30
}

// Gone waits until a process is gone, or a zombie: in a container there may be
// nobody to reap it.
func Gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if syscall.Kill(pid, 0) != nil {
			return
		}
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, state, ok := strings.Cut(string(stat), ") "); ok && strings.HasPrefix(state, "Z") {
			return
		}
	}
	t.Errorf("process %d still runs", pid)
	_ = syscall.Kill(pid, syscall.SIGKILL)
}
