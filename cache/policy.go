package cache

import (
	"hash/fnv"
	"time"

	"github.com/credproc/credproc/source"
)

// A phase says what an entry is good for.
type phase int

const (
	hard  phase = iota // too little life is left, or none: whoever asks waits for new credentials
	soft               // renewal is due: one process renews, the others use what is there
	fresh              // use it
)

func (p phase) String() string { return [...]string{"hard", "soft", "fresh"}[p] }

// The numbers behind the phases and the printed Expiration.
const (
	// botocore asks for credentials again on every single request once less
	// than 15 minutes are printed (botocore/credentials.py,
	// RefreshableCredentials._advisory_refresh_timeout). Renewing at 22 minutes,
	// 15 + keepBack's greatest 6 + 1 for the call, never lets it see that.
	renewBelow = 22 * time.Minute

	hardBelow = 45 * time.Second

	// nothing is the life with which no request can be counted on to end.
	nothing = 2 * time.Second

	// Go, C++ and PHP SDKs use credentials to the last printed second, so the
	// printed Expiration comes keepBack before the real one.
	maxKeepBack       = 5 * time.Minute
	maxKeepBackJitter = time.Minute

	// Credentials too old for that are still printed with some life, lest an
	// SDK take them for expired, and few enough that it soon asks again.
	minPrinted = time.Minute
)

// life is how much of its life an entry has left, and how long that life was.
type life struct {
	total, left time.Duration
	jitter      float64 // in [0,1), the same for all who share the entry

	// lastChance is true while a renewal is due that will not be possible later.
	lastChance bool

	// future is true for an entry issued in the future: a clock was set back
	// and nobody can tell how much life is really left.
	future bool
}

// lifeOf measures c at now. Times are compared by wall clock.
func lifeOf(c source.Credentials, now time.Time) life {
	l := life{total: c.Lifetime(), left: c.Remaining(now), jitter: jitter(c.AccessKeyID)}
	if due := now.Sub(c.RenewAt); !c.RenewAt.IsZero() && due >= 0 && due < source.LastChance {
		l.lastChance = true
	}
	if l.left-nothing > l.total {
		l.future, l.left = true, l.total
	}
	return l
}

// jitter spreads a fleet's renewals: a number in [0,1) that all holders of the
// same credentials agree on.
func jitter(accessKeyID string) float64 {
	h := fnv.New32a()
	h.Write([]byte(accessKeyID))
	return float64(h.Sum32()) / (1 << 32)
}

// alive reports whether the credentials can still be handed out.
func (l life) alive() bool { return l.left >= nothing }

func (l life) phase() phase {
	switch {
	case l.left <= min(hardBelow, l.total/4):
		return hard
	case l.future, l.lastChance, l.left <= l.softBelow():
		return soft
	default:
		return fresh
	}
}

// softBelow is the life left from which on renewal is due.
func (l life) softBelow() time.Duration { return scale(min(renewBelow, l.total/2), 1+l.jitter/10) }

// pastHalf reports whether a process that stays should renew.
func (l life) pastHalf() bool { return l.left <= l.half() }

func (l life) half() time.Duration { return scale(l.total/2, 1+l.jitter/10) }

// RenewalDue is from when on c is renewed: early by Warm, due by Get. Both are
// zero for credentials without an end.
func RenewalDue(c source.Credentials) (early, due time.Time) {
	if !c.Ends() {
		return time.Time{}, time.Time{}
	}
	l := lifeOf(c, c.Issued)
	return c.Expiration.Add(-l.half()), c.Expiration.Add(-l.softBelow())
}

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }

// endlessPrinted is the life that is printed of credentials whose end nobody
// knows. An SDK that is told no end never asks again; one that is told less than
// 15 minutes, at every request.
const endlessPrinted = time.Hour

// Printed is the Expiration to print for credentials at now: earlier than the
// real one, later than now, in whole seconds. It is the zero time when so
// little life is left that the credentials should not be printed.
func Printed(c source.Credentials, now time.Time) time.Time {
	if !c.Ends() {
		return now.Add(endlessPrinted).UTC().Truncate(time.Second)
	}
	l := lifeOf(c, now)
	if !l.alive() {
		return time.Time{}
	}
	least := now.Add(min(l.left/2, scale(minPrinted, 1+l.jitter)))
	keepBack := min(maxKeepBack, l.total/12) + scale(min(maxKeepBackJitter, l.total/60), l.jitter)
	printed := c.Expiration.Add(-keepBack).Truncate(time.Second)
	if l.future || printed.Before(least) {
		printed = least.Add(time.Second - 1).Truncate(time.Second) // up: so little must not shrink
	}
	return printed.UTC()
}

// How long a renewal may take, and how long after a failed one nobody tries.
const (
	firstTry     = 4 * time.Second
	firstBackOff = 5 * time.Second
	maxBackOff   = time.Minute
)

// tryLimit is what the renewer of a soft entry gets, after cut tries in a row
// that were cut short by their limit.
func tryLimit(l life, cut int, timeout time.Duration) time.Duration {
	return min(doubled(firstTry, cut), timeout, l.bears())
}

// bears is how long a caller who has credentials with that life may be kept
// waiting: half of it, and never so long that nothing would be left to print.
func (l life) bears() time.Duration { return min(l.left/2, max(l.left-nothing-margin, 0)) }

// margin is what it takes to end a try and print what is there.
const margin = 500 * time.Millisecond

// backOff is how long nobody tries again after failures failed tries in a row,
// while left of life remains.
func backOff(left time.Duration, failures int) time.Duration {
	return min(doubled(firstBackOff, failures-1), maxBackOff, left/4)
}

// doubled is d doubled n times, short of overflow.
func doubled(d time.Duration, n int) time.Duration { return d << min(max(n, 0), 10) }
