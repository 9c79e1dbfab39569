package main

import (
	"testing"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/source"
)

// Ticks come every 15 s, and never later than renewal is due: a fleet renews
// when its jitter says, not at every fifteenth second.
func TestTick(t *testing.T) {
	issued := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	c := source.Credentials{AccessKeyID: "ASIAYLR2HPSZ4QXG5Z3N", Issued: issued, Expiration: issued.Add(time.Hour)}
	early, _ := cache.RenewalDue(c)
	short := source.Credentials{AccessKeyID: c.AccessKeyID, Issued: issued, Expiration: issued.Add(10 * time.Second)}
	for _, test := range []struct {
		name string
		c    source.Credentials
		now  time.Time
		want time.Duration
	}{
		{"young", c, issued, 15 * time.Second},
		{"a tick before it is due", c, early.Add(-15 * time.Second), 15 * time.Second},
		{"less than a tick before", c, early.Add(-4 * time.Second), 4 * time.Second},
		{"just before", c, early.Add(-time.Millisecond), 100 * time.Millisecond},
		{"due", c, early, 15 * time.Second},
		{"short", short, issued, 500 * time.Millisecond},
		{"without an end", source.Credentials{AccessKeyID: "AKIA"}, issued, 15 * time.Second},
	} {
		if got := tick(test.c, test.now); got != test.want {
			t.Errorf("%s: %v, not %v", test.name, got, test.want)
		}
	}
}
