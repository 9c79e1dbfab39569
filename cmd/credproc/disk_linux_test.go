package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Who sets this tells the tests that a full disk cannot be made here.
const skipFullDisk = "CREDPROC_TEST_SKIP_FULL_DISK"

// smallDisk mounts a file system of 64 KiB. Where that takes rights that the
// test does not have, the test runs itself once more in a namespace where it
// has them, and smallDisk is false: there is nothing left to do.
func smallDisk(t *testing.T) (path string, ok bool) {
	t.Helper()
	const unshared = "CREDPROC_TEST_UNSHARED"
	path = t.TempDir()
	err := syscall.Mount("tmpfs", path, "tmpfs", 0, "size=64k,mode=0700")
	if err == nil {
		t.Cleanup(func() {
			if err := syscall.Unmount(path, 0); err != nil {
				t.Error(err)
			}
		})
		return path, true
	}
	if os.Getenv(unshared) == "" {
		if namespace := exec.Command("unshare", "-Urm", "true"); namespace.Run() == nil {
			again := exec.Command("unshare", "-Urm", os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
			again.Env = append(os.Environ(), unshared+"=1")
			text, err := again.CombinedOutput()
			if err != nil {
				t.Errorf("in a namespace of its own: %v", err)
			}
			t.Logf("%s", text)
			return "", false
		}
	}
	if os.Getenv(skipFullDisk) != "" {
		t.Skipf("a full disk cannot be made here: %v", err)
	}
	t.Fatalf("a full disk cannot be made here; set %s=1 to go without: %v", skipFullDisk, err)
	return "", false
}

// fill leaves no room on a disk.
func fill(t *testing.T, disk string) {
	t.Helper()
	file, err := os.Create(filepath.Join(disk, "filling"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// A full disk costs calls of STS and nothing else.
func TestFullDisk(t *testing.T) {
	disk, ok := smallDisk(t)
	if !ok {
		return
	}
	w := testWorld(t)
	w.cache = filepath.Join(disk, "cache")

	// An entry that is there stays as good as it is, a renewal is printed.
	old := w.run(t, "--cache-dir", w.cache)
	w.grow(t, 50*time.Minute)
	entry, err := onlyEntry(w.cache)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, disk)
	if now := w.run(t, "--cache-dir", w.cache); now.AccessKeyId == old.AccessKeyId {
		t.Error("a renewal that cannot be kept was not printed")
	}
	if e, err := readEntry(entry); err != nil || e.AccessKeyID != old.AccessKeyId {
		t.Errorf("the old entry is gone: %v", err)
	}
	// Nor does it matter that a failure cannot be written down.
	w.sts.SetFault(refused())
	if now := w.run(t, "--cache-dir", w.cache); now.AccessKeyId != old.AccessKeyId {
		t.Error("what is left was not printed")
	}
	w.sts.SetFault(nil)

	// Without an entry, and without a folder.
	if err := os.Remove(entry); err != nil {
		t.Fatal(err)
	}
	fill(t, disk)
	w.run(t, "--cache-dir", w.cache)
	w.run(t, "--cache-dir", filepath.Join(disk, "no", "such", "folder"), "--log-file", filepath.Join(disk, "log"))

	all, err := filepath.Glob(filepath.Join(disk, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		if base := filepath.Base(path); strings.HasPrefix(base, "tmp-") || strings.HasSuffix(base, ".json") {
			t.Errorf("%s was left behind", path)
		}
	}
}
