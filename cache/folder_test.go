package cache

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credproc/credproc/source"
)

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func TestFolderIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	f, err := openFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.writeFile("x", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if m := mode(t, path).Perm(); m != 0o700 {
		t.Errorf("the folder has mode %o", m)
	}
	if m := mode(t, filepath.Join(path, "x")).Perm(); m != 0o600 {
		t.Errorf("a file has mode %o", m)
	}
	if readme, err := os.ReadFile(filepath.Join(path, "README")); err != nil || !strings.Contains(string(readme), "credproc") {
		t.Errorf("the folder does not say what it is: %q, %v", readme, err)
	}
}

// TestWidenedFolderIsNarrowed: Kubernetes opens volumes to a group.
func TestWidenedFolderIsNarrowed(t *testing.T) {
	path := t.TempDir()
	if err := os.Chmod(path, 0o2777); err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(path); err != nil {
		t.Fatal(err)
	}
	if m := mode(t, path).Perm(); m != 0o700 {
		t.Errorf("the folder has mode %o", m)
	}
}

// TestFolderWithOtherThings: a folder that is ours but not a cache is left as it
// is. Somebody may name /tmp, or his home.
func TestFolderWithOtherThings(t *testing.T) {
	path := t.TempDir()
	if err := os.WriteFile(filepath.Join(path, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	before := mode(t, path)
	for range 2 {
		f, err := openFolder(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(path, private()); f.path != want {
			t.Errorf("the cache is %s, want %s", f.path, want)
		}
	}
	if after := mode(t, path); after != before {
		t.Errorf("its mode went from %v to %v", before, after)
	}

	// Our own, widened behind our back, is narrowed again.
	ours := filepath.Join(path, private())
	if err := os.Chmod(ours, 0o777); err != nil {
		t.Fatal(err)
	}
	if f, err := openFolder(path); err != nil || f.path != ours || mode(t, ours).Perm() != 0o700 {
		t.Errorf("got %v, %v; mode %v", f, err, mode(t, ours))
	}
}

func TestDefaultFolder(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want bool // the cache home is used
	}{
		{"home", map[string]string{"HOME": "/home/x"}, true},
		{"no home", nil, false},
		{"a home that is the root", map[string]string{"HOME": "/"}, false},
		{"no home but a cache home", map[string]string{"XDG_CACHE_HOME": "/cache"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := cacheHome(func(name string) string { return tt.env[name] })
			if (got != "") != tt.want {
				t.Errorf("cache home %q, want one: %v", got, tt.want)
			}
		})
	}
}

// TestForeignFolder: in a folder of somebody else an ordinary user has one of
// his own, and root makes none. The test needs root for the first half; the
// program's own tests do the other as an ordinary user.
func TestForeignFolder(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("not run: only root can give a folder away")
	}
	foreign := t.TempDir()
	if err := os.Chown(foreign, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	for _, path := range []string{foreign, filepath.Join(foreign, "deeper", "still")} {
		f, err := openFolder(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(os.TempDir(), private()); f.path != want {
			t.Errorf("for %s root uses %s, want %s", path, f.path, want)
		}
	}
	if names, _ := os.ReadDir(foreign); len(names) != 0 {
		t.Errorf("root left %v in another's folder", names)
	}
}

// TestTemporaryFolderTaken: in a directory that all may write, somebody may have
// been there first.
func TestTemporaryFolderTaken(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	taken := filepath.Join(os.TempDir(), private())
	if err := os.Symlink(t.TempDir(), taken); err != nil {
		t.Fatal(err)
	}
	if _, err := openTemporary(); err == nil {
		t.Error("a symbolic link in place of our folder was followed")
	}
	if os.Getuid() != 0 {
		return
	}
	if err := os.Remove(taken); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(taken, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(taken, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if _, err := openTemporary(); err == nil {
		t.Error("another user's folder was used")
	}
}

// TestForeignLink: another user may put a link where our folder is to be.
func TestForeignLink(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("not run: only root can give a link away")
	}
	target, link := t.TempDir(), filepath.Join(t.TempDir(), "credproc")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Lchown(link, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if f, err := open(link); err == nil {
		t.Errorf("followed to %s", f.path)
	}
}

// TestWhatOthersLeft: in a folder that was open, others may have put something in
// the way of an entry or its lock.
func TestWhatOthersLeft(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("not run: only root can give a file away")
	}
	s := newScene(t)
	s.key = source.Key{Settings: strings.Repeat("5e", 16), Identity: strings.Repeat("1d", 16)}
	if err := os.MkdirAll(filepath.Join(s.dir, name(s.key.Settings, s.key.Identity)+entrySuffix, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(s.dir, name(s.key.Settings, s.key.Identity)+lockSuffix)
	if err := os.WriteFile(lock, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{lock, s.files(entrySuffix)[0]} {
		if err := os.Chown(path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(s.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	s.gets("FIRST", 1)
	s.gets("FIRST", 1)
}
