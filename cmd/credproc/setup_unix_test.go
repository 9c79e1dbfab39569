//go:build unix

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// setup prepares a plain credproc setup in this world.
func (w *world) setup(t *testing.T) *process {
	t.Helper()
	p := w.command(t)
	p.Args = []string{p.Path, "setup", "new", "--role-arn", role, "--token-source", "gcp"}
	return p
}

// setupFails runs setup, which has to fail with that exit status and message, and
// to leave the config file and its folder alone.
func setupFails(t *testing.T, w *world, status int, want string) {
	t.Helper()
	config := filepath.Join(w.home, ".aws", "config")
	before, _ := os.ReadFile(config)
	p := w.setup(t)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if got := p.status(); got != status || !strings.Contains(p.stderr.String(), want) {
		t.Errorf("exit status %d, not %d\n%s\nwant %s", got, status, &p.stderr, want)
	}
	if after, _ := os.ReadFile(config); string(after) != string(before) {
		t.Errorf("the file is another one: %s", after)
	}
	if left, _ := filepath.Glob(filepath.Join(w.home, ".aws", ".config*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A folder that nobody may write in: the file stays, and says why.
func TestSetupInAReadOnlyFolder(t *testing.T) {
	w := ordinaryWorld(t)
	folder := filepath.Join(w.home, ".aws")
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(folder, 0o700)
	setupFails(t, w, exitOther, "credproc: error: the AWS config file stays as it was: ")
}

// The file of another user would become ours by a rename, in a folder where that
// is possible: its owner could not read it any more.
func TestSetupOnAForeignFile(t *testing.T) {
	w := foreign(t)
	w.give(t, w.home)
	config := filepath.Join(w.home, ".aws", "config")
	if err := os.Lchown(config, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	setupFails(t, w, exitOther, "its owner would be another one")
}

// A link that somebody else has put in place of the file leads nowhere of ours.
func TestSetupThroughAForeignLink(t *testing.T) {
	w := foreign(t)
	w.give(t, w.home)
	config := filepath.Join(w.home, ".aws", "config")
	if err := os.Rename(config, config+".real"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(config+".real", config); err != nil {
		t.Fatal(err)
	}
	if err := os.Lchown(config, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	setupFails(t, w, exitOther, "is a symbolic link of another user")
}

// Root changes a user's file, and it stays the user's.
func TestSetupKeepsTheOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can change another user's file")
	}
	w := testWorld(t)
	config := filepath.Join(w.home, ".aws", "config")
	if err := os.Chown(config, 12345, 23456); err != nil {
		t.Fatal(err)
	}
	p := w.setup(t)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if got := p.status(); got != exitOK {
		t.Fatalf("exit status %d: %s", got, &p.stderr)
	}
	info, err := os.Stat(config)
	if err != nil {
		t.Fatal(err)
	}
	if uid, gid := owners(info); uid != 12345 || gid != 23456 || info.Mode() != fs.FileMode(0o644) {
		t.Errorf("%d:%d %v", uid, gid, info.Mode())
	}
}

func owners(info fs.FileInfo) (uid, gid uint32) {
	stat := info.Sys().(*syscall.Stat_t)
	return stat.Uid, stat.Gid
}
