package source

import (
	"context"
	"math/rand/v2"
	"time"
)

// The pace of tries within one Retrieve.
const (
	firstWait   = 200 * time.Millisecond // doubled after each try, jittered
	longestWait = 3 * time.Second
	firstLimit  = 5 * time.Second // for one try; doubled after each that was cut short
	fewTries    = 4               // for what seldom passes
)

// insist asks until there are credentials, a fault that does not pass, or ctx
// is done. Its answer is then the most telling one, and otherwise the zero
// answer. One try may take limit. renewed is called for the first refusal: does
// the caller have another token, or whatever else was refused, by now?
func insist(ctx context.Context, ask func(ctx context.Context, limit time.Duration) (Credentials, answer), renewed func(answer) bool) (Credentials, answer) {
	var (
		last   answer
		limit  = firstLimit
		wait   = firstWait
		chance = true // a refusal gets one more try, where that has been seen to help
	)
	for try := 1; ; try++ {
		creds, a := ask(ctx, limit)
		if a.kind == "" {
			return creds, a
		}
		if a.kind != KindDeadline || last.kind == "" {
			last = a
		}
		again := a.retry
		switch {
		case a.kind == KindDeadline:
			limit *= 2
		case a.kind == KindRefused && chance:
			chance = false
			again = a.code == "AccessDenied" || renewed(a)
		case a.code == "IDPCommunicationError", a.seldom:
			again = a.retry && try < fewTries
		}
		if !again || !sleep(ctx, wait/2+rand.N(wait)) {
			return Credentials{}, last
		}
		wait = min(2*wait, longestWait)
	}
}

// sleep reports false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
