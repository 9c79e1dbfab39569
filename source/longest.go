package source

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/credproc/credproc/source/token"
)

// A token that cannot be renewed in its job (an environment variable of a CI
// system) buys no second session once it is past its end. So the first one
// must be the longest that the role allows, which only asking can tell; and
// shortly before the token's end one more is asked for.

// durations are what is asked for, longest first: the most that STS gives, and
// what people set as a role's maximum.
// Source: AWS STS API Reference, AssumeRoleWithWebIdentity, DurationSeconds.
var durations = []time.Duration{12 * time.Hour, 8 * time.Hour, 4 * time.Hour, 2 * time.Hour, time.Hour}

// tooOld is how far past its end a token that cannot be renewed is not even
// tried. STS judges by its own clock, and ours may be wrong, but not by that.
const tooOld = 10 * time.Minute

// A Memory keeps a short text for a day, across processes. Both functions may be
// nil.
type Memory struct {
	Recall   func() string
	Remember func(text string)
}

// wantsLongest reports whether the session is to be as long as the role allows.
func (w *WebIdentity) wantsLongest() bool {
	return w.Duration == 0 && (w.AsLongAsAllowed || !w.Token.Renewable())
}

// tooLate is why the token is not worth asking with, or nil.
func (w *WebIdentity) tooLate(tok token.Token) error {
	exp := tok.Claims.Expiry
	if w.Token.Renewable() || exp.IsZero() || time.Since(exp) < tooOld {
		return nil
	}
	return w.past(tok)
}

// session asks for the session that is wanted. Each request may take limit.
func (w *WebIdentity) session(ctx context.Context, client *sts.Client, tok token.Token, limit time.Duration) (Credentials, error) {
	if !w.wantsLongest() {
		return w.ask(ctx, client, tok, w.Duration, limit)
	}
	remembered := w.recall()
	for i := max(slices.Index(durations, remembered), 0); ; i++ {
		creds, err := w.ask(ctx, client, tok, durations[i], limit)
		switch {
		case tooLong(err) && i+1 < len(durations):
			continue
		case err == nil && durations[i] != remembered && w.Longest.Remember != nil:
			w.Longest.Remember(strconv.Itoa(int(durations[i] / time.Second)))
		}
		if at := tok.Claims.Expiry.Add(-LastChance); err == nil && !w.Token.Renewable() && time.Now().Before(at) {
			creds.RenewAt = at
		}
		return creds, err
	}
}

// recall is the duration that the role allowed last time, or zero.
func (w *WebIdentity) recall() time.Duration {
	if w.Longest.Recall == nil {
		return 0
	}
	seconds, _ := strconv.Atoi(w.Longest.Recall())
	return time.Duration(seconds) * time.Second
}

// tooLong reports whether STS refused because the role's sessions are shorter.
func tooLong(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "MaxSessionDuration")
}
