//go:build unix

package regular

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	file, fifo, link := filepath.Join(dir, "file"), filepath.Join(dir, "fifo"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path string
		max  int64
		want string // empty: an error
	}{
		{file, 5, "12345"},
		{link, 5, "12345"},
		{file, 4, ""},
		{fifo, 5, ""},
		{dir, 5, ""},
		{"/dev/zero", 5, ""},
		{filepath.Join(dir, "missing"), 5, ""},
	} {
		got, err := Read(tt.path, tt.max)
		if (err == nil) != (tt.want != "") || !bytes.Equal(got, []byte(tt.want)) {
			t.Errorf("%s, at most %d: %q, %v", tt.path, tt.max, got, err)
		}
	}
}
