package cache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adrg/xdg"
)

// A folder is an open cache folder that has been found to be ours alone. Files
// in it are reached through its descriptor, so that nobody can put another
// folder in its place; only locks, which need not be trusted, go by path.
type folder struct {
	root *os.Root
	path string
}

const readme = `This folder holds AWS credentials that credproc keeps for this user.

NAME.json     temporary credentials
NAME.failure  how the last attempt to renew them ended
NAME.lock     held while they are renewed

All of it may be deleted at any time; credproc then asks for new credentials.
`

// openFolder opens the cache folder, and makes it where there is none. With an
// empty path it is credproc in the user's cache home, or where that cannot be
// used a private one in the temporary directory.
func openFolder(path string) (*folder, error) { return choose(path, open, openTemporary) }

// choose is the rule for which folder it is, for who uses a cache and for who
// only looks: open opens the one at a path, temporary the one in the temporary
// directory.
func choose(path string, open func(path string) (*folder, error), temporary func() (*folder, error)) (*folder, error) {
	if path != "" {
		f, err := open(path)
		if errors.Is(err, errForeign) && isRoot() {
			return temporary()
		}
		return f, err
	}
	if path = homeFolder(); path != "" {
		if f, err := open(path); err == nil {
			if writable(path) {
				return f, nil
			}
			f.root.Close()
		}
	}
	return temporary()
}

// homeFolder is the cache folder in the user's cache home, or empty without one.
func homeFolder() string {
	home := cacheHome(os.Getenv)
	if home == "" {
		return ""
	}
	return filepath.Join(home, "credproc")
}

// cacheHome is the folder for caches, or empty when the user has no home of
// his own. (xdg makes /.cache of an unset HOME.)
func cacheHome(getenv func(string) string) string {
	if home := getenv("HOME"); hasHome && (home == "" || home == "/") && getenv("XDG_CACHE_HOME") == "" {
		return ""
	}
	if !filepath.IsAbs(xdg.CacheHome) {
		return ""
	}
	return xdg.CacheHome
}

// openTemporary opens a folder of ours in the temporary directory, where others
// may have put something in its place.
func openTemporary() (*folder, error) {
	root, err := os.OpenRoot(os.TempDir())
	if err != nil {
		return nil, err
	}
	f, err := (&folder{root, os.TempDir()}).within(private())
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("%s: %w", os.TempDir(), err)
	}
	return f, nil
}

// private is the name of a folder of ours among those of others.
func private() string { return fmt.Sprintf("credproc-%d", os.Getuid()) }

// errForeign says that a folder belongs to somebody else.
var errForeign = errors.New("it belongs to another user")

// open opens the folder at path if it is ours, and makes it if it is missing.
// In a folder that is not ours it opens one of ours.
func open(path string) (*folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := refuseLink(path); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	made := errors.Is(err, fs.ErrNotExist)
	if made {
		if isRoot() && !isOurs(nearest(path)) {
			return nil, fmt.Errorf("%s: not making it: %w", path, errForeign)
		}
		// Two processes may do this at once; whoever comes second finds it done.
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, err
		}
		root, err = os.OpenRoot(path)
	}
	if err != nil {
		return nil, err
	}
	f := &folder{root, path}
	err = f.own()
	if oursIsWithin(path, err) {
		f, err = f.within(private())
	}
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if made {
		f.introduce()
	}
	return f, nil
}

// refuseLink refuses a path that is somebody else's link.
func refuseLink(path string) error {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 && !isOurs(info) {
		return fmt.Errorf("%s is a link: %w", path, errForeign)
	}
	return nil
}

// oursIsWithin reports whether a folder that is not for us alone, as err says, is
// the place for one that is.
func oursIsWithin(path string, err error) bool {
	return errors.Is(err, errShared) || errors.Is(err, errForeign) && !isRoot() && filepath.Base(path) != private()
}

// introduce tells whoever finds the folder what it is.
func (f *folder) introduce() { _ = f.writeFile("README", []byte(readme)) }

// nearest describes the nearest folder above path that exists.
func nearest(path string) fs.FileInfo {
	for {
		info, err := os.Stat(path)
		if err == nil || path == filepath.Dir(path) {
			return info
		}
		path = filepath.Dir(path)
	}
}

// within opens the folder called name in f, and makes it if it is missing.
func (f *folder) within(name string) (*folder, error) {
	made := f.root.Mkdir(name, 0o700)
	if made != nil && !errors.Is(made, fs.ErrExist) {
		return nil, made
	}
	if info, err := f.root.Lstat(name); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s in it is not a folder", name)
	}
	root, err := f.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	inner := &folder{root, filepath.Join(f.path, name)}
	if err := inner.own(); err != nil {
		root.Close()
		return nil, err
	}
	f.root.Close()
	if made == nil {
		inner.introduce()
	}
	return inner, nil
}

// errShared says that a folder is ours but holds other things, for others too.
var errShared = errors.New("it is open to others")

// owned makes sure that the folder is ours and changes nothing. wide is true for
// one that others can enter but in which nothing but a cache can be, and names
// are those in it: own narrows it, and who only looks takes it as it is, since
// what is read in it has to be ours and private by itself.
func (f *folder) owned() (names []string, wide bool, err error) {
	info, err := f.root.Stat(".")
	if err != nil {
		return nil, false, err
	}
	if !isOurs(info) {
		return nil, false, errForeign
	}
	if isPrivate(info) {
		return nil, false, nil
	}
	if names, err = f.list("", ""); err != nil {
		return nil, false, err
	}
	if slices.ContainsFunc(names, func(name string) bool { return !isName(name) }) {
		return nil, false, errShared
	}
	return names, true, nil
}

// own makes sure that the folder is ours and that nobody else can enter it. One
// that is ours but open to others is narrowed, since Kubernetes widens volumes,
// but only if nothing but a cache can be in it: somebody may name /tmp.
func (f *folder) own() error {
	names, wide, err := f.owned()
	if err != nil || !wide {
		return err
	}
	if err := f.root.Chmod(".", 0o700); err != nil {
		return err
	}
	// What others have left here while they could stays in nobody's way.
	for _, name := range names {
		if info, err := f.root.Lstat(name); err == nil && !isOurs(info) {
			_ = f.root.RemoveAll(name)
		}
	}
	return nil
}

// isName reports whether a file can be one of a cache.
func isName(name string) bool {
	const digest = "0123456789abcdef"
	stem, rest, _ := strings.Cut(name, ".")
	switch {
	case name == "README":
		return true
	case strings.HasPrefix(name, tempPrefix):
		return len(name) == len(tempPrefix)+26 && rest == "" // crypto/rand.Text
	case strings.HasPrefix(name, keptPrefix):
		return len(name) == len(keptPrefix)+32+len(keptSuffix)
	default:
		return len(stem) == 32 && strings.Trim(stem, digest) == "" && rest != ""
	}
}

// maxFile is far above any entry, in bytes.
const maxFile = 64 << 10

// readFile reads a file of the folder that only we can have written. It follows
// no link and waits for nobody.
func (f *folder) readFile(name string) ([]byte, error) {
	before, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	file, err := f.root.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", name)
	case !isOurs(info):
		return nil, fmt.Errorf("%s belongs to another user", name)
	case !isPrivate(info):
		return nil, fmt.Errorf("%s is open to other users", name)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s is too large", name)
	}
	text := make([]byte, info.Size())
	_, err = io.ReadFull(file, text)
	return text, err
}

// writeFile puts a whole file in place or none: readers need no lock. It is not
// synced to disk; what a power cut leaves is found by the checksum.
func (f *folder) writeFile(name string, text []byte) (err error) {
	temp := tempPrefix + rand.Text()
	file, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.root.Remove(temp)
		}
	}()
	if err = file.Chmod(0o600); err == nil { // whatever the umask
		_, err = file.Write(text)
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	err = f.rename(temp, name)
	if info, statErr := f.root.Lstat(name); err != nil && statErr == nil && info.IsDir() && f.root.Remove(name) == nil {
		err = f.rename(temp, name) // an empty directory stood there
	}
	return err
}

const tempPrefix = "tmp-"

// list gives the names of files that begin with prefix and end with suffix,
// without that suffix.
func (f *folder) list(prefix, suffix string) ([]string, error) {
	dir, err := f.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	all, err := dir.Readdirnames(-1)
	var names []string
	for _, n := range all {
		if strings.HasPrefix(n, prefix) && strings.HasSuffix(n, suffix) {
			names = append(names, strings.TrimSuffix(n, suffix))
		}
	}
	return names, err
}
