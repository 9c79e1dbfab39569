package cache

import (
	"time"

	"github.com/credproc/credproc/source"
)

// What a process wants to know that stays, and holds credentials in memory.

// Peek is what stands under src's key, alive or not, without asking src and
// without waiting; ok is false where nothing does.
func (c *Cache) Peek(src source.Source) (got source.Credentials, ok bool) {
	f, err := c.open()
	if err != nil {
		return source.Credentials{}, false
	}
	defer f.root.Close()
	got, missing := f.read(src.Key(), c.time())
	return got, missing == nil
}

// Due reports whether Warm would renew credentials at now: half of their life is
// over, or it will not be possible later.
func Due(c source.Credentials, now time.Time) bool {
	l := lifeOf(c, now)
	return l.pastHalf() || l.phase() < fresh
}
