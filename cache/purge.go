package cache

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/credproc/credproc/source"
)

// Purged is what a purge has removed.
type Purged struct {
	// Entries are the credentials that are forgotten, most urgent first.
	Entries []Entry

	// Files is how many files are gone: entries, also those that were unusable,
	// failures, notes, and what dead processes have left.
	Files int

	// Kept are files under an entry's name that are not ours or no regular files.
	// Nobody reads them, and they stay.
	Kept []string
}

// Purge forgets the credentials that Get would return for any of srcs, of all
// identities that have used these settings, and those of the links of a chain
// before them. It waits for those who are renewing them, c.Timeout in all; who
// still holds a lock then may write new credentials later, and Logf is told.
// Whoever asks next has a miss.
func (c *Cache) Purge(ctx context.Context, srcs ...source.Source) (Purged, error) {
	settings := []string{}
	for _, src := range srcs {
		for src != nil {
			settings = append(settings, src.Key().Settings)
			src = before(src)
		}
	}
	return c.purge(ctx, settings)
}

// before is the source behind the last link of a chain, or nil.
func before(src source.Source) source.Source {
	if link, ok := src.(*source.AssumeRole); ok {
		if base, ok := link.Base.(through); ok {
			return base.src
		}
	}
	return nil
}

// PurgeAll is Purge for everything in the folder. Locks and kept files stay:
// others may be using them.
func (c *Cache) PurgeAll(ctx context.Context) (Purged, error) {
	return c.purge(ctx, nil)
}

// deadTemp is when nobody can be writing a temporary file any longer.
const deadTemp = time.Minute

// purge forgets what has one of these settings, or with nil everything.
func (c *Cache) purge(ctx context.Context, settings []string) (Purged, error) {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	f, err := findFolder(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Purged{}, nil
	}
	if err != nil {
		return Purged{}, err
	}
	defer f.root.Close()
	all, err := f.list("", "")
	if err != nil {
		return Purged{}, err
	}
	p := purging{folder: f, cache: c}
	names := map[string]bool{}
	for _, file := range all {
		if !isName(file) {
			continue
		}
		stem, _, _ := strings.Cut(file, ".")
		if name, ok := belongsTo(file); ok && (settings == nil || slices.Contains(settings, stem)) {
			names[name] = true
		}
		if settings == nil && strings.HasPrefix(file, tempPrefix) {
			p.temporary(file)
		}
	}
	p.names(ctx, slices.Sorted(maps.Keys(names)))
	sortEntries(p.Entries, c.time())
	return p.Purged, errors.Join(p.failed...)
}

// belongsTo is the name that a file stands under. Under one that has but a lock
// an entry may be about to appear.
func belongsTo(file string) (name string, ok bool) {
	for _, suffix := range [...]string{entrySuffix, failureSuffix, noteSuffix, lateSuffix + lockSuffix, lockSuffix} {
		if name, ok = strings.CutSuffix(file, suffix); ok {
			return name, true
		}
	}
	return "", false
}

// A purging is one purge while it goes on.
type purging struct {
	Purged
	folder *folder
	cache  *Cache
	failed []error
}

// names forgets first what nobody is renewing, and then shares the time that is
// left among the rest: a holder that is stopped keeps nobody else's.
func (p *purging) names(ctx context.Context, names []string) {
	var busy []string
	for _, name := range names {
		if !strings.Contains(name, ".") { // a note on settings, which has no lock
			p.forget(name)
			continue
		}
		try, cancel := context.WithTimeout(ctx, time.Second)
		unlock, err := p.folder.lock(name).try(try)
		cancel()
		if errors.Is(err, errBusy) {
			busy = append(busy, name)
			continue
		}
		p.forget(name) // where there are no locks, too
		if err == nil {
			unlock()
		}
	}
	for i, name := range busy {
		deadline, _ := ctx.Deadline()
		share, cancel := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(len(busy)-i))
		unlock, err := p.folder.lock(name).wait(share)
		cancel()
		if errors.Is(err, errBusy) {
			p.cache.logf("warning: another process still holds the lock of %s and may write new credentials", name)
		}
		p.forget(name)
		if err == nil {
			unlock()
		}
	}
}

// forget removes all that stands under a name but its lock.
func (p *purging) forget(name string) {
	e, err := p.folder.describe(name, p.cache.time())
	if p.remove(name+entrySuffix) && err == nil {
		p.Entries = append(p.Entries, e)
	}
	p.remove(name + failureSuffix)
	p.remove(name + noteSuffix)
}

// remove reports whether it has removed a file.
func (p *purging) remove(file string) bool {
	info, err := p.folder.root.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err == nil && !(info.Mode().IsRegular() && isOurs(info)) {
		p.Kept = append(p.Kept, file)
		return false
	}
	if err := p.folder.root.Remove(file); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			p.failed = append(p.failed, err)
		}
		return false
	}
	p.Files++
	return true
}

// temporary removes a temporary file of the dead.
func (p *purging) temporary(file string) {
	info, err := p.folder.root.Lstat(file)
	if err == nil && p.cache.time().Sub(info.ModTime()) > deadTemp {
		p.remove(file)
	}
}
