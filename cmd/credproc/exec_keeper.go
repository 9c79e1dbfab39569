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
	config   *privateConfig
	warnings warnings
}

const (
	longestTick  = 15 * time.Second
	shortestTick = 100 * time.Millisecond

	// keepAgain is how often the private config file is made young.
	keepAgain = time.Hour

	// maxSkew is where signatures become doubtful: AWS takes five minutes.
	maxSkew = 4 * time.Minute
)

// tick is how often credentials are looked at, by the life they were given. Wall clocks are
// compared at each tick, so that a machine that slept catches up.
func tick(c source.Credentials) time.Duration {
	if !c.Ends() {
		return longestTick
	}
	return max(min(longestTick, c.Lifetime()/20), shortestTick)
}

// run never returns.
func (k *keeper) run(ctx context.Context, creds source.Credentials) {
	// Without a cache, or with credentials that are never kept, asking would help
	// nobody.
	cached := k.config.own == "" && creds.Ends()
	kept := time.Now()
	k.clock(creds)
	for ; ; time.Sleep(tick(creds)) {
		if cached {
			got, late, err := k.cache.Warm(ctx, k.src)
			k.renewal(creds, got, late, err)
			if err == nil {
				creds = got
				k.clock(creds)
			}
		}
		k.token(ctx)
		if time.Since(kept) >= keepAgain && k.config.keep() == nil {
			kept = time.Now()
		}
	}
}

// renewal warns when renewal fails, until there are new credentials.
func (k *keeper) renewal(had, got source.Credentials, late *source.Error, err error) {
	switch {
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

// token warns when the web identity token has lived nine tenths of its life.
// Kubelet renews it after eight (kubernetes, pkg/kubelet/token).
func (k *keeper) token(ctx context.Context) {
	w, ok := k.src.(*source.WebIdentity)
	if !ok {
		return
	}
	// Other sources make a new token when asked, over a network.
	if _, file := w.Token.(token.File); !file && w.Token.Renewable() {
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
