// Package cache keeps AWS credentials in files that all processes of a machine
// share, so that STS is asked once and not once for every process, and renews
// them while the old ones still work.
//
// What is promised: while the credentials of an entry live, Get returns some;
// and no fault of the cache itself ever fails a call.
package cache

import (
	"context"
	"errors"
	"time"

	"github.com/credproc/credproc/source"
)

// DefaultTimeout is the time for a whole call. It is well below the 60 s after
// which Go's SDK gives its helper up.
const DefaultTimeout = 25 * time.Second

// A Cache hands out credentials, from a file where it can. The zero Cache is
// ready for use.
type Cache struct {
	// Dir is the folder. Empty means credproc in the user's cache home
	// ($XDG_CACHE_HOME, else ~/.cache or the system's like), or, without a home
	// that can be used, a private folder in the temporary directory.
	Dir string

	// Off leaves the cache alone: every call asks the source.
	Off bool

	// Timeout is the time for one Get, waiting for other processes included.
	// Zero means DefaultTimeout.
	Timeout time.Duration

	// Logf is told of renewals, failures and warnings, Debugf of hits and misses,
	// one line a call. Nil is silence.
	Logf, Debugf func(format string, args ...any)

	now func() time.Time
}

// Get returns credentials of src that still live: those of the entry under
// src's key, or new ones. Its error is a *source.Error.
func (c *Cache) Get(ctx context.Context, src source.Source) (source.Credentials, error) {
	return c.get(ctx, &get{Cache: c, src: src})
}

// Warm is Get for a process that stays, to be called every few seconds: it
// renews from half of the life on, so that an outage has the other half to end
// in and those who call Get only ever meet a hit. late is why a renewal that was
// due has failed, while the credentials returned still live.
func (c *Cache) Warm(ctx context.Context, src source.Source) (got source.Credentials, late *source.Error, err error) {
	g := &get{Cache: c, src: src, early: true}
	got, err = c.get(ctx, g)
	return got, g.late, err
}

// AtLeast is Get for who needs credentials that live for some time: where those
// of the entry have less, it renews them at once, whatever their phase. What it
// returns can still have less than least, if the source gives no more.
func (c *Cache) AtLeast(ctx context.Context, src source.Source, least time.Duration) (source.Credentials, error) {
	g := &get{Cache: c, src: src, least: least}
	got, err := c.get(ctx, g)
	if err == nil && got.Ends() && got.Remaining(c.time()) < least && g.late != nil {
		return source.Credentials{}, g.late
	}
	return got, err
}

func (c *Cache) get(ctx context.Context, g *get) (source.Credentials, error) {
	g.began, g.timeout = c.time(), c.Timeout
	if g.timeout == 0 {
		g.timeout = DefaultTimeout
	}
	if deadline, ok := ctx.Deadline(); ok {
		g.timeout = min(g.timeout, time.Until(deadline)) // as a link of a chain
	}
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	if _, ok := g.src.(source.Immediate); ok || c.Off {
		return g.ask(ctx, g.at(end))
	}
	folder, err := c.open()
	if err != nil {
		c.logf("no cache: %v", err)
		return g.ask(ctx, g.at(end))
	}
	defer folder.root.Close()
	g.folder, g.key = folder, g.src.Key()
	return g.get(ctx)
}

// errOff says that there is a folder which is not to be used.
var errOff = errors.New("it is switched off")

func (c *Cache) open() (*folder, error) {
	if c.Off {
		return nil, errOff
	}
	return openFolder(c.Dir)
}

func (c *Cache) time() time.Time {
	if c.now != nil {
		return c.now()
	}
	return time.Now()
}

func (c *Cache) logf(format string, args ...any) {
	if c.Logf != nil {
		c.Logf(format, args...)
	}
}

func (c *Cache) debugf(format string, args ...any) {
	if c.Debugf != nil {
		c.Debugf(format, args...)
	}
}
