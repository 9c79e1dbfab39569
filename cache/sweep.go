package cache

import (
	"strings"
	"time"
)

// What is left lying that long is swept.
const (
	sweepEntry = 24 * time.Hour // after its end
	sweepTemp  = time.Hour
)

// sweep removes what nobody will use any more. Locks stay: nobody can tell
// whether another process is about to take one. A reader who loses an entry to
// a sweep has a miss, no more.
func (f *folder) sweep(now time.Time) {
	names, err := f.list("", "")
	if err != nil {
		return
	}
	for _, n := range names {
		if !isName(n) {
			continue
		}
		info, err := f.root.Lstat(n)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		age := now.Sub(info.ModTime())
		stem, isEntry := strings.CutSuffix(n, entrySuffix)
		switch {
		case strings.HasPrefix(n, tempPrefix) && age > sweepTemp,
			strings.HasSuffix(n, noteSuffix) && age > noteFor,
			strings.HasSuffix(n, failureSuffix) && age > sweepEntry,
			isEntry && age > sweepEntry && f.ended(stem, now):
			_ = f.root.Remove(n)
		}
	}
}

// ended reports whether an entry ended long ago, or cannot be read at all.
func (f *folder) ended(stem string, now time.Time) bool {
	c, err := f.readEntry(stem)
	return err != nil || now.Sub(c.Expiration) > sweepEntry
}
