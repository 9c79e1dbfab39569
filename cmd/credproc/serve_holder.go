package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/endpoint"
	"github.com/credproc/credproc/source"
	"github.com/credproc/credproc/source/token"
)

// A holder holds one role's credentials in memory, over the cache that others
// share, and renews them. It has one goroutine.
type holder struct {
	cache *cache.Cache
	src   source.Source
	role  *endpoint.Role
	log   *slog.Logger

	held   source.Credentials
	stored bool          // an entry was there when last looked
	void   bool          // it was taken away since: purged, or the token speaks for another
	tries  int           // that have failed since anything was held
	asked  time.Time     // when the source or the cache last gave something
	next   time.Time     // not before then, after a failure
	late   *source.Error // why what is held is not newer, or nil
}

func newHolder(name string, c *cache.Cache, src source.Source, log *slog.Logger) *holder {
	role := endpoint.NewRole(name, src.Key().Role)
	h := &holder{cache: c, src: src, role: role,
		log: log.With("for", role.String(), "role_arn", role.ARN)}
	h.src = h.watch(src)
	return h
}

const (
	// retryEmpty is how soon the next try follows when there is nothing to give:
	// up to four times as long after refusals, since who refuses once mostly does
	// so again.
	retryEmpty = 2 * time.Second

	// endlessFor is how long credentials are held of which nobody knows the end.
	endlessFor = time.Minute
)

// run never returns.
func (h *holder) run(ctx context.Context) {
	for {
		h.look(ctx)
		h.token(ctx)
		time.Sleep(h.pause())
	}
}

func (h *holder) pause() time.Duration {
	if h.empty(time.Now()) {
		return retryEmpty
	}
	return tick(h.held, time.Now())
}

func (h *holder) empty(now time.Time) bool {
	return h.held.AccessKeyID == "" || cache.Printed(h.held, now).IsZero()
}

// look sees to it that what is held is good. What others have renewed it takes
// from the cache; it asks for more when that is due. The memory counts where
// there is no folder that works: else a full disk would mean a call of STS at
// every tick.
func (h *holder) look(ctx context.Context) {
	now := time.Now()
	there, ok := h.cache.Peek(h.src)
	if h.stored && !ok {
		h.void = true
	}
	h.stored = ok
	if ok && there.Issued.After(h.held.Issued) && !cache.Printed(there, now).IsZero() {
		h.hold(there)
	}
	if !h.void && !h.due(now) || now.Before(h.next) {
		return
	}
	got, late, err := h.cache.Warm(ctx, h.src)
	switch {
	case err != nil:
		h.fail(source.AsError(err))
	case late != nil:
		h.fail(late)
	default:
		h.asked, h.next, h.late = time.Now(), time.Time{}, nil
		_, h.stored = h.cache.Peek(h.src)
		// The same once more: somebody else is about to renew them, or there is no
		// time left for it.
		same := got.AccessKeyID == h.held.AccessKeyID && !h.void && got.Ends()
		if !same && (h.void || h.empty(now) || !h.held.Issued.After(got.Issued)) {
			h.hold(got)
		}
	}
}

// renew is look, and tells of it as cache.Warm does.
func (h *holder) renew(ctx context.Context) (got source.Credentials, late *source.Error, err error) {
	h.look(ctx)
	if h.late != nil && h.empty(time.Now()) {
		return got, nil, h.late
	}
	return h.held, h.late, nil
}

func (h *holder) due(now time.Time) bool {
	switch {
	case h.held.AccessKeyID == "":
		return true
	case !h.held.Ends():
		return now.Sub(h.asked) >= endlessFor
	default:
		return cache.Due(h.held, now)
	}
}

// hold puts credentials in place.
func (h *holder) hold(got source.Credentials) {
	first, same := h.held.AccessKeyID == "", h.held.AccessKeyID == got.AccessKeyID
	h.held, h.void, h.late, h.tries = got, false, nil, 0
	h.role.Hold(got)
	if same {
		return
	}
	what := "renewed"
	if first {
		what = "credentials"
	} else {
		h.role.Renewals.Succeeded()
	}
	attrs := []any{"access_key_id", got.AccessKeyID}
	if got.Ends() {
		attrs = append(attrs, "expiration", got.Expiration.UTC().Format(time.RFC3339))
	}
	h.log.Info(what, attrs...)
	if got.Skew.Abs() > maxSkew {
		h.log.Warn("the clock differs from that of STS; requests may be refused", "ahead_seconds", int(got.Skew.Seconds()))
	}
}

// fail leaves what is held in place.
func (h *holder) fail(err *source.Error) {
	h.role.Fail(err)
	h.late = err
	now := time.Now()
	wait := retryEmpty
	switch {
	case !h.empty(now):
		wait = min(longestTick, max(h.held.Remaining(now)/8, time.Second))
	case err.Kind == source.KindRefused:
		wait = retryEmpty << min(h.tries, 2)
		h.tries++
	}
	h.next = now.Add(wait)
}

// watched is a source that says how each try has failed.
type watched struct {
	source.Source
	failed func(err *source.Error, took time.Duration)
}

func (w watched) Retrieve(ctx context.Context) (source.Credentials, error) {
	began := time.Now()
	got, err := w.Source.Retrieve(ctx)
	if err != nil {
		w.failed(source.AsError(err), time.Since(began))
	}
	return got, err
}

// watchedImmediate is a watched source.Immediate.
type watchedImmediate struct{ watched }

func (watchedImmediate) Immediate() {}

func (h *holder) watch(src source.Source) source.Source {
	w := watched{src, func(err *source.Error, took time.Duration) {
		h.role.Renewals.Failed(err)
		h.log.Warn("renewal failed", "kind", string(err.Kind), "code", err.Code, "error", err.Text, "took", took.Round(time.Millisecond).String())
	}}
	if _, ok := src.(source.Immediate); ok {
		return watchedImmediate{w}
	}
	return w
}

// token notes when the web identity token ends, at the root of a chain. Tokens
// that are made when asked for, over a network, are left alone.
func (h *holder) token(ctx context.Context) {
	src := h.src
	for {
		switch s := src.(type) {
		case watched:
			src = s.Source
		case *source.AssumeRole:
			src = s.Base
		case interface{ Behind() source.Source }: // of cache.Through
			src = s.Behind()
		case *source.WebIdentity:
			if _, file := s.Token.(token.File); !file && s.Token.Renewable() {
				return
			}
			if tok, err := s.Token.Token(ctx); err == nil && !tok.Claims.Expiry.IsZero() {
				h.role.SetTokenExpiry(tok.Claims.Expiry)
			}
			return
		default:
			return
		}
	}
}
