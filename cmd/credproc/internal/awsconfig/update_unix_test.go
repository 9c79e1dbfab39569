//go:build unix

package awsconfig

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func append1(line string) func([]byte) ([]byte, error) {
	return func(old []byte) ([]byte, error) { return append(bytes.Clone(old), line...), nil }
}

func TestUpdateMakesFileAndFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".aws", "config")
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	if err := Update(path, append1("x")); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", p, info.Mode(), err)
		}
	}
	only(t, filepath.Dir(path), "config")
}

// only asserts what is in a folder: nothing is left behind.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	var got []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("%s has %q, not %q", dir, got, names)
	}
}

func TestUpdateKeepsModeOwnerAndLinks(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "dotfiles", "aws")
	if err := os.MkdirAll(filepath.Dir(real), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(real, []byte("a"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(real, 0o640); err != nil {
		t.Fatal(err)
	}
	root := os.Getuid() == 0
	if root {
		if err := os.Chown(real, 12345, 23456); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{"middle": "dotfiles/aws", "config": "middle", "dangling": "dotfiles/new"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Update(filepath.Join(dir, "config"), append1("b")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(real)
	if err != nil {
		t.Fatal(err)
	}
	if uid, gid, _ := owner(info); info.Mode() != 0o640 || root && (uid != 12345 || gid != 23456) {
		t.Errorf("%v %d %d", info.Mode(), uid, gid)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "config")); string(text) != "ab" {
		t.Errorf("%q", text)
	}
	if err := Update(filepath.Join(dir, "dangling"), append1("c")); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{"middle", "config", "dangling"} {
		if info, err := os.Lstat(filepath.Join(dir, link)); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is no link any more", link)
		}
	}
	only(t, filepath.Dir(real), "aws", "new")
	only(t, dir, "config", "dangling", "dotfiles", "middle")
}

func TestUpdateRefuses(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(path("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Symlink("loop", path("loop"))
	_ = os.WriteFile(path("file"), []byte("x"), 0o600)
	wants := map[string]string{"fifo": "not a regular file", "loop": "too many", ".": "is a directory", "file/config": "not a", "no/such/config": "no such file"}
	if os.Getuid() == 0 {
		_ = os.Symlink("file", path("theirs"))
		if err := os.Lchown(path("theirs"), 12345, 12345); err != nil {
			t.Fatal(err)
		}
		_ = os.Mkdir(path("home"), 0o755)
		_ = os.Chown(path("home"), 12345, 12345)
		wants["theirs"] = "symbolic link of another user"
		wants["home/config"] = "belongs to another user"
		wants["home/.aws/config"] = "belongs to another user"
	}
	for name, want := range wants {
		if err := Update(path(name), append1("y")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if text, _ := os.ReadFile(path("file")); string(text) != "x" {
		t.Errorf("%q", text)
	}
	failing := fmt.Errorf("no")
	if err := Update(path("file"), func([]byte) ([]byte, error) { return nil, failing }); err != failing {
		t.Error(err)
	}
}

// Whoever reads meanwhile sees a whole file, and of many changes at once none is
// lost, whether the file was there or not.
func TestUpdatesDoNotLoseEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			if err := Update(path, append1(fmt.Sprintf("%03d\n", i))); err != nil {
				t.Error(err)
			}
			if text, _ := os.ReadFile(path); len(text)%4 != 0 {
				t.Errorf("half a file: %q", text)
			}
		})
	}
	wait.Wait()
	text, _ := os.ReadFile(path)
	if len(text) != 160 {
		t.Errorf("%d of 40 changes are there", len(text)/4)
	}
	only(t, filepath.Dir(path), "config")
}

// A program that takes no lock and writes in between is not overwritten.
func TestUpdateSeesWhoTakesNoLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	asked := 0
	err := Update(path, func(old []byte) ([]byte, error) {
		if asked++; asked == 1 {
			if err := os.WriteFile(path, []byte("theirs\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return append(bytes.Clone(old), "ours\n"...), nil
	})
	if text, _ := os.ReadFile(path); err != nil || asked != 2 || string(text) != "theirs\nours\n" {
		t.Errorf("%v, asked %d times, %q", err, asked, text)
	}
}
