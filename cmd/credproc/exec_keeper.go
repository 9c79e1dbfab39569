package main

import (
	"context"
	"fmt"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/source"
	"github.com/credproc/credproc/source/token"
)

// A keeper keeps the cache warm while a command runs, and says when it cannot.
type keeper struct {
	cache    *cache.Cache
	src      source.Source
	files    privateFiles
	holder   *holder // gives the credentials to the command, or nil: the cache does
	warnings warnings
}

const (
	longestTick  = 15 * time.Second
	shortestTick = 100 * time.Millisecond

	// keepAgain is how often the private files are made young.
	keepAgain = time.Hour

	// maxSkew is where signatures become doubtful: AWS takes five minutes.
	maxSkew = 4 * time.Minute
)

// tick is when credentials are looked at next, by the life they were given. Wall
// clocks are compared at each tick, so that a machine that slept catches up.
//
// No tick passes the moment from which on they are renewed: the jitter is in that
// moment, and a fleet that was started at once would lose it if all of its pods
// looked at every fifteenth second.
func tick(c source.Credentials, now time.Time) time.Duration {
	if !c.Ends() {
		return longestTick
	}
	d := min(longestTick, c.Lifetime()/20)
	if early, _ := cache.RenewalDue(c); early.After(now) {
		d = min(d, early.Sub(now))
	}
	return max(d, shortestTick)
}

// run never returns.
func (k *keeper) run(ctx context.Context, creds source.Credentials) {
	renew := func(ctx context.Context) (source.Credentials, *source.Error, error) { return k.cache.Warm(ctx, k.src) }
	pause := func() time.Duration { return tick(creds, time.Now()) }
	// Without a cache, or with credentials that are never kept, asking would help
	// nobody.
	asks := k.files[0].own == "" && creds.Ends()
	if k.holder != nil {
		renew, pause, asks = k.holder.renew, k.holder.pause, true
	}
	kept := time.Now()
	k.clock(creds)
	for ; ; k.pause(pause()) {
		if asks {
			got, late, err := renew(ctx)
			k.renewal(creds, got, late, err)
			if err == nil {
				creds = got
				k.clock(creds)
			}
		}
		k.token(ctx)
		if time.Since(kept) >= keepAgain && k.files.keep() == nil {
			kept = time.Now()
		}
	}
}

// pause waits for the next look at the credentials. Meanwhile the files are put
// back whenever somebody has removed them, as with all of the cache folder:
// without them the command's helper knows nothing.
func (k *keeper) pause(d time.Duration) {
	for end := time.Now().Add(d); ; {
		k.files.restore()
		left := time.Until(end)
		if left <= 0 {
			return
		}
		time.Sleep(min(left, time.Second))
	}
}

// oneShotLeft is when the end of a session matters whose token was good for one:
// until then nobody expects a renewal.
const oneShotLeft = 30 * time.Minute

// expected reports whether a renewal had to fail, and that is no trouble yet.
func (k *keeper) expected(late *source.Error, left time.Duration) bool {
	w, ok := k.src.(*source.WebIdentity)
	return ok && !w.Token.Renewable() && late.Code == string(token.Expired) && left > oneShotLeft
}

// renewal warns when renewal fails, until there are new credentials.
func (k *keeper) renewal(had, got source.Credentials, late *source.Error, err error) {
	switch {
	case late != nil && k.expected(late, got.Remaining(time.Now())):
	case err != nil:
		failed := source.AsError(err)
		k.warnings.warn(warning{Kind: "renewal", Code: failed.Code,
			Message: fmt.Sprintf("no credentials are left: %v", failed)})
	case late != nil:
		w := warning{Kind: "renewal", Code: late.Code}
		left := w.until(got.Expiration)
		w.Message = fmt.Sprintf("renewal fails, credentials last %v more: %v", left, late)
		k.warnings.warn(w)
	case got.AccessKeyID != had.AccessKeyID:
		k.warnings.over("renewal")
	}
}

// token warns when a token file has lived nine tenths of its life. Kubelet renews
// it after eight (kubernetes, pkg/kubelet/token). Other sources make a new token
// when asked, or have none but one that has bought its session.
func (k *keeper) token(ctx context.Context) {
	w, ok := k.src.(*source.WebIdentity)
	if !ok {
		return
	}
	if _, file := w.Token.(token.File); !file {
		return
	}
	tok, err := w.Token.Token(ctx)
	if err != nil || tok.Claims.Expiry.IsZero() {
		return // the next renewal will say so
	}
	life := time.Hour
	if issued := tok.Claims.IssuedAt; !issued.IsZero() {
		life = tok.Claims.Expiry.Sub(issued)
	}
	if time.Until(tok.Claims.Expiry) > life/10 {
		k.warnings.over("token")
		return
	}
	warning := warning{Kind: "token"}
	left := warning.until(tok.Claims.Expiry)
	how := fmt.Sprintf("runs out in %v", left)
	if left <= 0 {
		how = fmt.Sprintf("ran out %v ago", -left)
	}
	warning.Message = fmt.Sprintf("web identity token %v %s and nothing has renewed it", w.Token, how)
	k.warnings.warn(warning)
}

// clock warns when the clock differs from that of STS.
func (k *keeper) clock(c source.Credentials) {
	if c.Skew.Abs() <= maxSkew {
		return
	}
	how := "ahead of"
	if c.Skew < 0 {
		how = "behind"
	}
	k.warnings.warn(warning{Kind: "clock", SkewSeconds: int(c.Skew / time.Second),
		Message: fmt.Sprintf("this machine's clock is %v %s that of STS; requests may be refused", c.Skew.Abs().Round(time.Second), how)})
}
