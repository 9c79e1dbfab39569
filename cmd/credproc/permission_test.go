//go:build unix

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// nobody is a user without rights, whom no file belongs to.
const nobody = 65534

// ordinaryWorld is a world whose credproc runs as an ordinary user who owns the
// home in it: modes stop nobody who is root, as CI is. The world's folder itself
// belongs to whoever runs the test.
func ordinaryWorld(t *testing.T) *world {
	t.Helper()
	w := testWorld(t)
	if os.Getuid() != 0 {
		return w
	}
	w.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	w.give(t, w.home)
	w.give(t, w.token)
	return w
}

// uid is the user that credproc runs as.
func (w *world) uid() int {
	if w.as != nil {
		return nobody
	}
	return os.Getuid()
}

// give gives a file, or a folder and what is in it, to the user that credproc
// runs as.
func (w *world) give(t *testing.T, path string) {
	t.Helper()
	err := filepath.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, w.uid(), -1)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// foreign is a world in which whoever runs the test is somebody else than who
// runs credproc.
func foreign(t *testing.T) *world {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can give files to another user; CI runs this as root")
	}
	return ordinaryWorld(t)
}

// folder makes a folder beside the home that belongs to whoever runs the test.
func (w *world) folder(t *testing.T, name string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(w.home), name)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// private is the folder that credproc makes itself in a folder of others.
func (w *world) private(folder string) string {
	return filepath.Join(folder, "credproc-"+strconv.Itoa(w.uid()))
}

// calls asserts how many calls STS has had.
func (w *world) calls(t *testing.T, want int) {
	t.Helper()
	if n := w.sts.Calls(); n != want {
		t.Errorf("STS had %d calls, not %d", n, want)
	}
}

// mode asserts the type and mode of a file, as fs.FileMode shows them.
func mode(t *testing.T, path, want string) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Error(err)
	} else if got := info.Mode().String(); got != want {
		t.Errorf("%s is %s, not %s", path, got, want)
	}
}

// empty asserts that a folder holds nothing.
func empty(t *testing.T, folder string) {
	t.Helper()
	if all, err := os.ReadDir(folder); err != nil || len(all) > 0 {
		t.Errorf("%s holds %v, %v", folder, all, err)
	}
}

// In a folder of somebody else's the cache is a private folder.
func TestCacheInAForeignFolder(t *testing.T) {
	w := foreign(t)
	shared := w.folder(t, "shared", 0o777|fs.ModeSticky)
	first := w.run(t, "--cache-dir", shared)
	mode(t, w.private(shared), "drwx------")
	if again := w.run(t, "--cache-dir", shared); again != first {
		t.Error("the second one has other credentials")
	}
	w.calls(t, 1)
	if all, err := os.ReadDir(shared); err != nil || len(all) != 1 {
		t.Errorf("there is more than the private folder: %v, %v", all, err)
	}
}

// What others put in their own folder is never read, be it ever so good.
func TestForeignFolderHoldsAnEntry(t *testing.T) {
	w := foreign(t)
	bait := w.run(t)
	entry, err := onlyEntry(w.cache)
	if err != nil {
		t.Fatal(err)
	}
	shared := w.folder(t, "shared", 0o777)
	if err := os.Rename(entry, filepath.Join(shared, filepath.Base(entry))); err != nil {
		t.Fatal(err)
	}
	if got := w.run(t, "--cache-dir", shared); got.AccessKeyId == bait.AccessKeyId {
		t.Error("it took the bait")
	}
	w.calls(t, 2)
}

// An entry of another user in our own folder is a miss.
func TestForeignEntry(t *testing.T) {
	for _, m := range []fs.FileMode{0o600, 0o644} {
		t.Run(m.String(), func(t *testing.T) {
			w := foreign(t)
			bait := w.run(t)
			entry, err := onlyEntry(w.cache)
			if err == nil {
				err = os.Chown(entry, nobody-1, nobody-1)
			}
			if err == nil {
				err = os.Chmod(entry, m)
			}
			if err != nil {
				t.Fatal(err)
			}
			got := w.run(t)
			if got.AccessKeyId == bait.AccessKeyId {
				t.Error("it took the bait")
			}
			if again := w.run(t); again != got {
				t.Error("the entry was not replaced by one of ours")
			}
			w.calls(t, 2)
		})
	}
}

// Root can read what others wrote, and does not.
func TestForeignEntryOfRoot(t *testing.T) {
	w := foreign(t)
	w.as = nil
	if err := os.Chown(w.home, 0, 0); err != nil {
		t.Fatal(err)
	}
	bait := w.run(t)
	entry, err := onlyEntry(w.cache)
	if err == nil {
		err = os.Chown(entry, nobody, -1)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := w.run(t); got.AccessKeyId == bait.AccessKeyId {
		t.Error("it took the bait")
	}
	w.calls(t, 2)
}

// A foreign folder that nobody else may write leaves no cache, and no trace.
func TestForeignFolderIsClosed(t *testing.T) {
	w := foreign(t)
	for _, m := range []fs.FileMode{0o755, 0o700} {
		closed := w.folder(t, "closed"+strconv.FormatUint(uint64(m), 8), m)
		w.run(t, "--cache-dir", closed)
		empty(t, closed)
	}
}

// What somebody else has put where our private folder would be is not used.
func TestPrivateFolderIsTaken(t *testing.T) {
	for name, take := range map[string]func(t *testing.T, w *world, path string) (untouched string){
		"by another user's folder": func(t *testing.T, w *world, path string) string {
			if err := os.Mkdir(path, 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, 0o777); err != nil {
				t.Fatal(err)
			}
			return path
		},
		"by a link to another user's folder": func(t *testing.T, w *world, path string) string {
			target := w.folder(t, "target", 0o777)
			if err := os.Symlink(target, path); err != nil {
				t.Fatal(err)
			}
			return target
		},
		"by a link to a folder of ours": func(t *testing.T, w *world, path string) string {
			target := w.folder(t, filepath.Join("shared", "target"), 0o777)
			w.give(t, target)
			if err := os.Symlink("target", path); err != nil {
				t.Fatal(err)
			}
			return target
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, where := range []string{"--cache-dir", "TMPDIR"} {
				t.Run(where, func(t *testing.T) {
					w := foreign(t)
					shared := w.folder(t, "shared", 0o777|fs.ModeSticky)
					target := take(t, w, w.private(shared))
					p := w.command(t)
					if where == "TMPDIR" {
						p.Env = append(p.Env, "HOME=", "TMPDIR="+shared, "AWS_CONFIG_FILE="+filepath.Join(w.home, ".aws", "config"))
					} else {
						p.Args = append(p.Args, "--cache-dir", shared)
					}
					if err := p.Start(); err != nil {
						t.Fatal(err)
					}
					p.succeed(t)
					empty(t, target)
					mode(t, target, "drwxrwxrwx")
				})
			}
		})
	}
}

// A cache folder of ours that is read-only still gives what is in it, and no
// failure when there is nothing.
func TestCacheFolderIsReadOnly(t *testing.T) {
	w := ordinaryWorld(t)
	folder := w.folder(t, "cache", 0o500)
	w.give(t, folder)
	w.run(t, "--cache-dir", folder)
	empty(t, folder)

	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	kept := w.run(t, "--cache-dir", folder)
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(folder, 0o700) // so that it can be removed
	if got := w.run(t, "--cache-dir", folder); got != kept {
		t.Error("what is in the folder was not used")
	}
	w.calls(t, 2)
}

// A home that is read-only is none, and the temporary directory takes its place.
func TestHomeIsReadOnly(t *testing.T) {
	for name, closed := range map[string]func(w *world) string{
		"home":  func(w *world) string { return w.home },
		"cache": func(w *world) string { return w.cache },
	} {
		t.Run(name, func(t *testing.T) {
			w := ordinaryWorld(t)
			folder := closed(w)
			err := os.MkdirAll(folder, 0o700)
			if err == nil {
				w.give(t, w.home)
				err = os.Chmod(folder, 0o500)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer os.Chmod(folder, 0o700) // so that it can be removed
			temp := w.folder(t, "temp", 0o777|fs.ModeSticky)
			first, second := w.command(t), w.command(t)
			for _, p := range []*process{first, second} {
				p.Env = append(p.Env, "TMPDIR="+temp)
				if err := p.Start(); err != nil {
					t.Fatal(err)
				}
				p.succeed(t)
			}
			if first.stdout.String() != second.stdout.String() {
				t.Error("the second one has other credentials")
			}
			w.calls(t, 1)
			mode(t, w.private(temp), "drwx------")
		})
	}
}

// A token that we may not read says so, and what to do.
func TestTokenIsClosed(t *testing.T) {
	w := ordinaryWorld(t)
	if err := os.Chmod(w.token, 0); err != nil {
		t.Fatal(err)
	}
	p := w.start(t)
	if status := p.status(); status != exitToken {
		t.Errorf("exit status %d, not %d", status, exitToken)
	}
	want := "credproc: error: web identity token in " + w.token + " cannot be read: permission denied\n" +
		"credproc: hint: let this user read the file; in Kubernetes set fsGroup in the pod's securityContext\n"
	if got := p.stderr.String(); got != want || p.stdout.Len() > 0 {
		t.Errorf("stderr: %q\nwant:   %q\nstdout: %q", got, want, &p.stdout)
	}
}

// A config file that we may not read is a fault of the settings.
func TestConfigIsClosed(t *testing.T) {
	w := ordinaryWorld(t)
	if err := os.Chmod(filepath.Join(w.home, ".aws", "config"), 0); err != nil {
		t.Fatal(err)
	}
	p := w.start(t)
	if status := p.status(); status != exitUsage || p.stdout.Len() > 0 {
		t.Errorf("exit status %d, not %d\n%s%s", status, exitUsage, &p.stdout, &p.stderr)
	}
}
