//go:build unix

package cache

import (
	"bytes"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDefects: whatever stands where an entry should be, credentials come, and
// the next call has an entry again.
func TestDefects(t *testing.T) {
	write := func(text []byte) func(string) error {
		return func(path string) error { return os.WriteFile(path, text, 0o600) }
	}
	edit := func(change func([]byte) []byte) func(string) error {
		return func(path string) error {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, change(text), 0o600)
		}
	}
	replace := func(f func(path string) error) func(string) error {
		return func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return f(path)
		}
	}
	tests := []struct {
		name   string
		spoil  func(path string) error
		reason string
	}{
		{"missing", os.Remove, "there is no entry"},
		{"empty", write(nil), "not JSON"},
		{"garbage", write([]byte("\x00\xff garbage")), "not JSON"},
		{"JSON of another kind", write([]byte(`["entry"]`)), "not JSON"},
		{"truncated", edit(func(b []byte) []byte { return b[:len(b)/2] }), "not JSON"},
		{"something behind it", edit(func(b []byte) []byte { return append(b, "{}"...) }), "not JSON"},
		{"zeros, as after a power cut", edit(func(b []byte) []byte { return make([]byte, len(b)) }), "not JSON"},
		{"a newer version", edit(func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"version":1`), []byte(`"version":2`), 1)
		}), "version 2"},
		{"a byte of the secret changed", edit(func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"secretAccessKey":"secret"`), []byte(`"secretAccessKey":"sEcret"`), 1)
		}), "checksum"},
		{"too large", write(bytes.Repeat([]byte("x"), maxFile+1)), "too large"},
		{"open to the group", func(path string) error { return os.Chmod(path, 0o640) }, "open to other users"},
		{"a symbolic link to a good entry", func(path string) error {
			if err := os.Rename(path, path+".elsewhere"); err != nil {
				return err
			}
			return os.Symlink(filepath.Base(path)+".elsewhere", path)
		}, "not a regular file"},
		{"a FIFO", replace(func(path string) error { return syscall.Mkfifo(path, 0o600) }), "not a regular file"},
		{"a directory", replace(func(path string) error { return os.Mkdir(path, 0o700) }), "not a regular file"},
	}
	if os.Getuid() == 0 {
		tests = append(tests, tests[0])
		last := &tests[len(tests)-1]
		last.name, last.reason = "another owner's", "belongs to another user"
		last.spoil = func(path string) error { return os.Chown(path, 65534, 65534) }
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			s.gets("FIRST", 1)
			path := s.files(entrySuffix)[0]
			if err := tt.spoil(path); err != nil {
				t.Fatal(err)
			}
			s.gives("SECOND", time.Hour)
			var said []string
			c := s.cache()
			c.Debugf = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
			got, err := c.Get(t.Context(), s)
			if err != nil || got.AccessKeyID != "SECOND" {
				t.Errorf("got %v, %v", got, err)
			}
			if !strings.Contains(strings.Join(said, "\n"), tt.reason) {
				t.Errorf("the reason does not say %q: %q", tt.reason, said)
			}
			if strings.Contains(strings.Join(said, "\n"), "secret") {
				t.Errorf("the reason quotes the entry: %q", said)
			}
			s.gets("SECOND", 2)
		})
	}
}

// TestAnyByteChanged flips bytes of an entry: it is never taken for another one.
func TestAnyByteChanged(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	path := s.files(entrySuffix)[0]
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := openFolder(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	stem := strings.TrimSuffix(filepath.Base(path), entrySuffix)
	want, err := f.readEntry(stem)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= byte(1 + mathrand.IntN(255))
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := f.readEntry(stem); err == nil && got != want {
			t.Errorf("byte %d changed from %q to %q: read as %#v", i, good[i], bad[i], got)
		}
	}
}

// TestCopyUnderAnotherName: an entry is good under its own name only.
func TestCopyUnderAnotherName(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	text, err := os.ReadFile(s.files(entrySuffix)[0])
	if err != nil {
		t.Fatal(err)
	}
	s.key.Identity = "07e7"
	if err := os.WriteFile(filepath.Join(s.dir, name("5e775e775e775e775e775e775e775e77", "07e7")+entrySuffix), text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.gives("SECOND", time.Hour)
	s.gets("SECOND", 2)
}

func TestSweep(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1) // ends an hour after noon
	old := func(name string, age time.Duration) string {
		path := filepath.Join(s.dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		when := s.now.Load().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
		return path
	}
	entry := s.files(entrySuffix)[0]
	if err := os.Chtimes(entry, noon, noon); err != nil {
		t.Fatal(err)
	}
	s.at(noon.Add(26 * time.Hour))
	ours := strings.Repeat("ab", 16) + "."
	gone := []string{entry, old(tempPrefix+rand.Text(), 2*time.Hour), old(ours+"b.failure", 25*time.Hour), old(ours+"b.json", 25*time.Hour)}
	kept := []string{old(tempPrefix+rand.Text(), time.Minute), old(ours+"c.lock", 1000*time.Hour), old(ours+"c.failure", time.Hour),
		old("README", 1000*time.Hour), old("somebody's.txt", 1000*time.Hour),
		old("package.json", 1000*time.Hour), old("run.failure", 1000*time.Hour), old("tmp-notes", 1000*time.Hour)}
	s.key.Identity = "07e7"
	s.gives("OTHER", time.Hour)
	s.gets("OTHER", 2)
	for _, path := range gone {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s was not swept", filepath.Base(path))
		}
	}
	for _, path := range kept {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s was swept", filepath.Base(path))
		}
	}
}
