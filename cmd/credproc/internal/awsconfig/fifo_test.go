//go:build unix

package awsconfig

import (
	"path/filepath"
	"syscall"
	"testing"
)

// A FIFO without a writer would keep a plain open waiting forever; the test's
// own time limit is the judge.
func TestLoadDoesNotWaitForFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("not run: no FIFOs here:", err)
	}
	if _, err := Load(path); err == nil || err.Error() != path+": is not a regular file" {
		t.Errorf("got %v", err)
	}
	if _, err := Load("/dev/zero"); err == nil {
		t.Error("/dev/zero was read")
	}
}
