package e2e

import (
	"context"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// long is how long one process of a client works: two lives of credentials
// that were new when it started, and a little more.
const long = 75 * time.Second

// A client is a way to start a real S3 client on a machine that uses bucket
// for long, in one process, and exits 0 if every request succeeded.
type client func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd

// outliveOn runs the client on m, and checks that it was given credentials at
// least twice that ran out before it ended.
func outliveOn(t *testing.T, m *rig.Machine, name string, start client) {
	t.Helper()
	ctx := testContext(t)
	bucket := newBucket(t, name)
	begin := time.Now()
	out, err := output(start(ctx, m, bucket))
	end := time.Now()
	if ctx.Err() != nil {
		t.Fatal("interrupted: ", context.Cause(ctx))
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	expired := 0
	for _, call := range m.STS.Calls() {
		if call.Outcome == rig.Granted && call.Expiration.Before(end) {
			expired++
		}
	}
	if expired < 2 {
		t.Errorf("%d credentials expired while it ran, want 2 at least", expired)
	}
	summary.add(t, "%v after %v; STS calls: %v; outlived %d expiries", status(err), end.Sub(begin).Round(time.Second), m.STS.Count(), expired)
}

// profile is what makes every client find credproc.
const profile = "AWS_PROFILE=" + rig.Profile

// seconds is long, for a command line.
var seconds = strconv.Itoa(int(long.Seconds()))
