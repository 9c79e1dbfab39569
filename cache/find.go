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
	f, err := choose(path, find, func() (*folder, error) { return findWithin(os.TempDir()) })
	if home := homeFolder(); path == "" && home != "" && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", home, fs.ErrNotExist) // the one that will be made
	}
	return f, err
}

// find is open for who only looks.
func find(path string) (*folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := refuseLink(path); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	f := &folder{root, path}
	switch _, _, err := f.owned(); {
	case err == nil:
		return f, nil
	case oursIsWithin(path, err):
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
