package cache

import (
	"testing"

	"github.com/credproc/credproc/source"
)

// A source is put behind one cache once, and behind another as often as there
// are others.
func TestThrough(t *testing.T) {
	var one, other Cache
	src := &source.Static{AccessKeyID: "AKIAIOSFODNN7EXAMPLE"}
	behind := one.Through(src)
	if behind == source.Source(src) {
		t.Error("it is not behind the cache")
	}
	if one.Through(behind) != behind {
		t.Error("it is behind the cache twice")
	}
	if other.Through(behind) == behind {
		t.Error("it is not behind another cache")
	}
	if behind.Key() != src.Key() {
		t.Error("it has another key")
	}
}
