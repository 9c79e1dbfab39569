package simulation

import (
	"slices"
	"testing"
	"time"

	"github.com/credproc/credproc/cache"
)

// An outage of STS begins in a bad moment: as soon as no more than left remains
// of the life of what is in the cache.
type outage struct {
	after  time.Duration // since noon; not before
	left   time.Duration // zero: ten seconds before renewal is due
	lasts  time.Duration // zero: until six seconds before nothing is left
	silent bool          // STS does not answer at all, instead of with 503

	armed bool // there was more than left
	began time.Time
	had   time.Duration // what was really left then
	over  bool          // there were new credentials afterwards
}

func (o *outage) ends() time.Time { return o.began.Add(o.lasts) }

func (o *outage) on(now time.Time) bool { return !o.began.IsZero() && now.Before(o.ends()) }

// bearable reports whether the outage was shorter than what was left. Less than
// two seconds of life are nothing (cache/policy.go), and here somebody asks every
// few seconds only.
func (o *outage) bearable() bool { return o.lasts+patience <= o.had }

const patience = 5 * time.Second

// weather begins the outages whose moment has come.
func (w *world) weather() {
	if w.latest.AccessKeyID == "" {
		return
	}
	for _, o := range w.outages {
		if !o.began.IsZero() || w.now().Before(noon.Add(o.after)) {
			continue
		}
		begin := o.left
		if begin == 0 {
			begin = w.latest.Expiration.Sub(w.due()) + 10*time.Second
		}
		left := w.left()
		if left > begin {
			o.armed = true
		} else if o.armed {
			o.began, o.had = w.now(), left
			if o.lasts == 0 {
				o.lasts = left - 6*time.Second
			}
		}
	}
}

// excused reports whether nothing could be left at that time: an outage had
// lasted longer than the life that was there when it began. Afterwards a program
// may still be waiting for a call that began too early.
func (w *world) excused(failed time.Time) bool {
	for _, o := range w.outages {
		if !o.began.IsZero() && !o.bearable() && !failed.Before(o.began.Add(o.had-patience)) && failed.Before(o.ends().Add(cache.DefaultTimeout)) {
			return true
		}
	}
	return false
}

// check fails the test for every program with a request that failed although
// there was life left, and counts all that failed.
func (w *world) check(t *testing.T) (failed int) {
	t.Helper()
	for _, c := range w.consumers {
		failed += len(c.failed)
		for _, at := range c.failed {
			if !w.excused(at) {
				t.Errorf("%s: %d of %d requests failed, one %v after noon, without an excuse: %s",
					c.name, len(c.failed), c.requests, at.Sub(noon), w.scenario)
				break
			}
		}
	}
	for _, o := range w.outages {
		if !o.over {
			t.Errorf("an outage of %v never was: %s", o.lasts, w.scenario)
		}
	}
	// A minute of back-off, and two until a program asks that was told so.
	if w.renewed > 3*time.Minute {
		t.Errorf("renewed only %v after an outage: %s", w.renewed, w.scenario)
	}
	return failed
}

// troubled reports whether there has been an outage since.
func (w *world) troubled(since time.Time) bool {
	return slices.ContainsFunc(w.outages, func(o *outage) bool {
		return !o.began.IsZero() && o.ends().After(since)
	})
}
