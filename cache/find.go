package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// findFolder finds the folder that openFolder would open, for who only looks:
// it makes nothing and changes nothing. Where there is no folder its error is an
// fs.ErrNotExist.
func findFolder(path string) (*folder, error) {
	if path != "" {
		f, err := find(path)
		if errors.Is(err, errForeign) && isRoot() {
			return findWithin(os.TempDir())
		}
		return f, err
	}
	if home := cacheHome(os.Getenv); home != "" {
		path = filepath.Join(home, "credproc")
		if f, err := find(path); err == nil {
			if writable(path) {
				return f, nil
			}
			f.root.Close()
		}
	}
	f, err := findWithin(os.TempDir())
	if path != "" && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return f, err
}

// find is open for who only looks.
func find(path string) (*folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 && !isOurs(info) {
		return nil, fmt.Errorf("%s is a link: %w", path, errForeign)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	f := &folder{root, path}
	switch _, _, err := f.owned(); {
	case err == nil:
		return f, nil
	case errors.Is(err, errShared) || errors.Is(err, errForeign) && !isRoot() && filepath.Base(path) != private():
		root.Close()
		return findWithin(path)
	default:
		root.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
}

// findWithin finds the folder of ours in one of others.
func findWithin(path string) (*folder, error) {
	outer, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	defer outer.Close()
	path = filepath.Join(path, private())
	info, err := outer.Lstat(private())
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", path)
	}
	root, err := outer.OpenRoot(private())
	if err != nil {
		return nil, err
	}
	f := &folder{root, path}
	if _, _, err := f.owned(); err != nil {
		root.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}
