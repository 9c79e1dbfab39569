package awsconfig

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A file that is mounted by itself cannot be renamed over: it stays, whole, and
// nothing is left beside it.
func TestUpdateOfAMountedFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	if err := os.WriteFile(path, []byte("[default]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(path, path, "", syscall.MS_BIND, ""); err != nil {
		t.Skip("not run: a file cannot be mounted here: ", err)
	}
	defer func() {
		if err := syscall.Unmount(path, 0); err != nil {
			t.Error(err)
		}
	}()
	err := Update(path, func([]byte) ([]byte, error) { return []byte("[default]\nregion = x\n"), nil })
	if !errors.Is(err, ErrMounted) {
		t.Error(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "[default]\n" {
		t.Errorf("%q", text)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
