package cache

import (
	"context"

	"github.com/credproc/credproc/source"
)

// Through is src behind the cache: the base of a chain, which many chains share.
// What is behind this cache already stays as it is: twice, a miss would wait for
// the lock that it holds itself.
func (c *Cache) Through(src source.Source) source.Source {
	if t, ok := src.(through); ok && t.cache == c {
		return t
	}
	return through{c, src}
}

type through struct {
	cache *Cache
	src   source.Source
}

func (t through) Key() source.Key { return t.src.Key() }

func (t through) Retrieve(ctx context.Context) (source.Credentials, error) {
	return t.cache.Get(ctx, t.src)
}

// Behind is the source behind the cache.
func (t through) Behind() source.Source { return t.src }
