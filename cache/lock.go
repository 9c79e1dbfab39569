package cache

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gofrs/flock"
)

// A lock belongs to one process at a time. It lives in a file beside the entry,
// never on the entry itself (Windows could not replace that), and the kernel
// frees it when its holder dies. Its file is never deleted: another process may
// be about to lock it.
type lock struct{ file *flock.Flock }

func (f *folder) lock(name string) lock {
	return lock{flock.New(filepath.Join(f.path, name+lockSuffix),
		flock.SetFlag(os.O_RDWR|os.O_CREATE|nofollow|nonblock), flock.SetPermissions(0o600))}
}

// errBusy says that another process holds the lock. Every other error of a lock
// means that there are none to be had here: a read-only folder, a file system
// without them.
var errBusy = errors.New("another process holds the lock")

// try takes the lock if it is free.
func (l lock) try(ctx context.Context) (unlock func(), err error) {
	return l.take(ctx, func() error {
		ok, err := l.file.TryLock()
		if !ok && err == nil {
			return errBusy
		}
		return err
	})
}

// wait takes the lock as soon as it is free, or gives up with errBusy when ctx
// is done.
func (l lock) wait(ctx context.Context) (unlock func(), err error) {
	return l.take(ctx, func() error {
		for {
			err := l.file.Lock()
			if !errors.Is(err, syscall.EINTR) {
				return err
			}
		}
	})
}

// take calls lock in a goroutine of its own: on a network file system even a
// call that should not wait can hang. A lock that comes too late is given back.
func (l lock) take(ctx context.Context, lock func() error) (unlock func(), err error) {
	release := func() { _ = l.file.Unlock() }
	done := make(chan error, 1)
	go func() { done <- lock() }()
	select {
	case err := <-done:
		if err != nil {
			_ = l.file.Close()
			return nil, err
		}
		return release, nil
	case <-ctx.Done():
		go func() {
			if <-done == nil {
				release()
			}
		}()
		return nil, errBusy
	}
}
