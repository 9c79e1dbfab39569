package awsconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxLinks is how many symbolic links in a row are followed, as in Linux.
const maxLinks = 40

// ErrMounted is Update's error for a file that is a mount point of its own, as
// docker run -v FILE:FILE makes one: nothing can be renamed over it.
var ErrMounted = errors.New("is mounted by itself")

// Update rewrites the config file at path as change has it, or not at all: into
// a temporary file beside it, then a rename. A symbolic link stays and the file
// that it leads to is rewritten; its mode, owner and group stay. A file that
// does not exist is made for its owner alone, and so is its folder.
//
// Two Updates wait for each other. Others who write the file take no lock, so it
// is compared again just before the rename, and change is asked anew if it has
// become another. The lock is on the folder: nothing is left behind.
func Update(path string, change func(old []byte) ([]byte, error)) error {
	target, err := follow(path)
	if err != nil {
		return err
	}
	dir := filepath.Dir(target)
	if err := makeFolder(dir); err != nil {
		return err
	}
	unlock, err := lockFolder(dir)
	if err != nil {
		return err
	}
	defer unlock()
	for range 10 {
		old, err := read(target)
		if err != nil {
			return err
		}
		text, err := change(old)
		if err != nil || bytes.Equal(old, text) {
			return err
		}
		if len(text) > maxSize {
			return fmt.Errorf("%w with the change", tooLarge(path)) // nobody here would read it again
		}
		if done, err := replace(target, old, text); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: another program keeps changing it", path)
}

// follow is the file that a path leads to, whether it exists or not. A link is
// followed if it is ours or root's: one that somebody else has put there may
// lead anywhere.
func follow(path string) (string, error) {
	target := path
	for range maxLinks {
		info, err := os.Lstat(target)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return target, nil
		case err != nil:
			return "", err
		case info.Mode()&fs.ModeSymlink == 0:
			return target, nil
		case !trusted(info):
			return "", fmt.Errorf("%s: is a symbolic link of another user", target)
		}
		next, err := os.Readlink(target)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(target), next)
		}
		target = next
	}
	return "", fmt.Errorf("%s: too many symbolic links", path)
}

// makeFolder makes the folder of a file where there is none, and is content with
// any that is there.
func makeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s: is not a folder", dir)
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if info, err := os.Stat(parent); err != nil {
		return err
	} else if !ours(info) && !trustedRoot(info) {
		return fmt.Errorf("%s: belongs to another user", parent)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// replace puts text in the place of old. It is false if the file is not old any
// more.
func replace(target string, old, text []byte) (done bool, err error) {
	dir := filepath.Dir(target)
	before, err := os.Lstat(target)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return false, err
	}
	if missing {
		folder, err := os.Stat(dir)
		if err != nil {
			return false, err
		}
		if !ours(folder) && !trustedRoot(folder) {
			return false, fmt.Errorf("%s: belongs to another user, who could not read a file of ours", dir)
		}
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(target)+".credproc-*") // 0600
	if err != nil {
		return false, err
	}
	defer func() {
		if !done {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err == nil && !missing {
		if err = keepOwner(f, before); err != nil {
			err = fmt.Errorf("%s: its owner would be another one: %w", target, err)
		} else {
			err = f.Chmod(before.Mode().Perm())
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return false, err
	}
	if now, err := read(target); err != nil || !bytes.Equal(now, old) {
		return false, err
	}
	if err := os.Rename(f.Name(), target); errors.Is(err, syscall.EBUSY) {
		// Written in place it could be left in half.
		return false, fmt.Errorf("%s: %w", target, ErrMounted)
	} else if err != nil {
		return false, err
	}
	syncFolder(dir)
	return true, nil
}

// syncFolder makes a rename outlive a power cut where that can be had.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
