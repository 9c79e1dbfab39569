package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// An Inspection is what Inspect found out about a cache's folder.
type Inspection struct {
	// Path is the folder that the next Get will use; empty if there is none, and
	// then every Get asks its source.
	Path string

	// Missing says that the folder does not exist yet and can be made.
	Missing bool

	// Meant is the folder that was named, where Path is another or none, and Err
	// says why.
	Meant string
	Err   error

	// Locks says why the folder's file system has no locks; nil where it has,
	// and where that cannot be found out.
	Locks error
}

// Inspect says where Get keeps its entries. Unlike Get it makes and mends
// nothing.
func (c *Cache) Inspect() Inspection {
	if c.Off {
		return Inspection{Err: errOff}
	}
	in := inspectFolder(c.Dir)
	if in.Path != "" && !in.Missing {
		in.Locks = locks(in.Path)
	}
	return in
}

// inspectFolder follows openFolder.
func inspectFolder(path string) Inspection {
	meant := path
	var err error
	if path != "" {
		in := inspect(path)
		if !errors.Is(in.Err, errForeign) || !isRoot() {
			return in
		}
		err = in.Err
	} else if home := cacheHome(os.Getenv); home != "" {
		meant = filepath.Join(home, "credproc")
		in := inspect(meant)
		if in.Path != "" {
			return in
		}
		err = in.Err
	} else {
		err = errors.New("there is no home")
	}
	if _, missing := os.Stat(os.TempDir()); missing != nil {
		return Inspection{Meant: meant, Err: err} // nobody makes that
	}
	in := inspect(filepath.Join(os.TempDir(), private()))
	if in.Path == "" {
		return Inspection{Meant: in.Meant, Err: in.Err}
	}
	in.Meant, in.Err = meant, err
	return in
}

// inspect follows open.
func inspect(path string) Inspection {
	path, err := filepath.Abs(path)
	if err != nil {
		return Inspection{Meant: path, Err: err}
	}
	none := func(err error) Inspection { return Inspection{Meant: path, Err: err} }
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 && !isOurs(info) {
		return none(errForeign)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return inspectMissing(path)
	case err != nil:
		return none(err)
	case !info.IsDir():
		return none(errors.New("it is not a folder"))
	}
	names, err := os.ReadDir(path)
	// Whatever cannot be one of a cache: see own.
	others := err != nil || slices.ContainsFunc(names, func(e fs.DirEntry) bool { return !isName(e.Name()) })
	var why error
	switch {
	case !isOurs(info):
		why = errForeign
	case !isPrivate(info) && others:
		why = errShared
	case !writable(path):
		return none(errors.New("it is read-only"))
	default:
		return Inspection{Path: path}
	}
	if filepath.Base(path) == private() || isRoot() && why == errForeign {
		return none(why)
	}
	in := inspect(filepath.Join(path, private()))
	if in.Path == "" {
		return none(fmt.Errorf("%w, and there can be no %s in it", why, private()))
	}
	in.Meant, in.Err = path, why
	return in
}

// inspectMissing says whether a folder could be made.
func inspectMissing(path string) Inspection {
	above := filepath.Dir(path)
	for above != filepath.Dir(above) {
		if _, err := os.Lstat(above); err == nil {
			break
		}
		above = filepath.Dir(above)
	}
	info, err := os.Stat(above)
	none := func(err error) Inspection { return Inspection{Meant: path, Err: err} }
	switch {
	case err != nil:
		return none(err)
	case !info.IsDir():
		return none(fmt.Errorf("%s is not a folder", above))
	case isRoot() && !isOurs(info):
		return none(fmt.Errorf("%s: %w", above, errForeign))
	case !writable(above):
		return none(fmt.Errorf("%s may not be written", above))
	}
	return Inspection{Path: path, Missing: true}
}

// locks tries one, on a file whose lock nobody waits for. A network file system
// can hang, so it has two seconds.
func locks(path string) error {
	done := make(chan error, 1)
	go func() { done <- tryLock(path, filepath.Join(path, "README")) }()
	select {
	case err := <-done:
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	case <-time.After(2 * time.Second):
		return errors.New("locking does not answer")
	}
}
