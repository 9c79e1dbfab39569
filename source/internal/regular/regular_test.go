//go:build unix

package regular

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
		want string
		err  string
	}{
		{file, 5, "12345", ""},
		{link, 5, "12345", ""},
		{file, 4, "", "has 5 bytes"},
		{fifo, 5, "", "is a named pipe, not a file"},
		{dir, 5, "", "is a directory, not a file"},
		{"/dev/zero", 5, "", "is a device, not a file"},
		{"/proc/self/status", 5, "", "has 6 bytes"}, // which says that it has none
		{filepath.Join(dir, "missing"), 5, "", "no such file or directory"},
	} {
		if _, err := os.Stat(tt.path); err != nil && strings.HasPrefix(tt.path, "/proc") {
			continue
		}
		got, err := Read(tt.path, tt.max)
		if (err == nil) != (tt.err == "") || !bytes.Equal(got, []byte(tt.want)) {
			t.Errorf("%s, at most %d: %q, %v", tt.path, tt.max, got, err)
		}
		if path := new(fs.PathError); err != nil && (!errors.As(err, &path) || path.Err.Error() != tt.err) {
			t.Errorf("%s, at most %d: %v, want %s", tt.path, tt.max, err, tt.err)
		}
	}
}
