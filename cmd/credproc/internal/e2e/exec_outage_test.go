package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// An outage of a third of the session that begins just before exec renews is no
// more than a warning and an alert: the command, which uses S3 every second, does
// not notice.
func TestExecOutage(t *testing.T) {
	program, err := world.GoProgram(testContext(t), "./gosdk")
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	ctx := testContext(t)
	m := world.Machine(t)
	bucket := newBucket(t, "exec-outage")
	// The longest session there is leaves the most time after an outage.
	waitForNewToken(ctx, t)
	alerts := filepath.Join(m.Home, "alerts")
	line := append(under("--on-warning", `cat >> "$HOME/alerts"`), program, world.MinIO.URL, bucket, seconds)
	cmd := m.Command(ctx, nil, line[0], line[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	refuseBeforeHalfLife(ctx, t, m.STS)
	err = <-ended
	if ctx.Err() != nil {
		t.Fatal("interrupted: ", context.Cause(ctx))
	}
	if err != nil || stdout.Len() > 0 {
		t.Errorf("the command: %v\n%s", status(err), &stdout)
	}
	outage, counts := m.STS.Outage(), m.STS.Count()
	if counts[rig.Refused] == 0 {
		t.Error("STS refused nobody, which shows nothing")
	}
	if late, half := outage.Session/2-outage.Left, outage.Session/2; late > 0 {
		t.Errorf("the outage began %v after half-life at %v", late, half)
	}
	if outage.End.Sub(outage.Start) < outage.Session/3 {
		t.Errorf("the outage took %v of %v", outage.End.Sub(outage.Start), outage.Session)
	}
	renewed := 0
	for _, call := range m.STS.Calls() {
		if call.Outcome == rig.Granted && call.Start.After(outage.End) {
			renewed++
		}
	}
	if renewed == 0 {
		t.Error("nobody renewed after the outage")
	}
	warnings := strings.Count(stderr.String(), "\n")
	if warnings != 1 || !strings.HasPrefix(stderr.String(), "credproc: warning: renewal fails, credentials last ") {
		t.Errorf("stderr: %q", stderr.String())
	}
	n := checkAlerts(t, alerts)
	t.Log(stderr.String() + "STS calls, by their start:\n" + timeline(m.STS.Calls()))
	summary.add(t, "client %v; STS calls: %v; refused for %v from %v before the end of %v; %d warning, %d alert",
		status(err), counts, outage.End.Sub(outage.Start).Round(time.Second/10), outage.Left.Round(time.Second/10),
		outage.Session.Round(time.Second/10), warnings, n)
}

// waitForNewToken waits until the token file has been renewed just now.
func waitForNewToken(ctx context.Context, t *testing.T) {
	for {
		info, err := os.Stat(world.Token.Path)
		if err == nil && time.Since(info.ModTime()) < time.Second {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal("interrupted: ", context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// refuseBeforeHalfLife waits for credentials whose half-life is still to come,
// and begins an outage of a third of their life just before that.
func refuseBeforeHalfLife(ctx context.Context, t *testing.T, sts *rig.Proxy) {
	const before = time.Second
	for {
		last, ok := sts.LastGranted()
		if ok {
			half := last.End.Add(last.Expiration.Sub(last.End) / 2)
			if left := time.Until(half); left <= before && left > 0 {
				sts.Refuse(1.0 / 3)
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatal("interrupted: ", context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// checkAlerts checks that the alert command ran once, and what it was told, and
// returns how often it did.
func checkAlerts(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("there was no alert: %v", err)
		return 0
	}
	n := bytes.Count(text, []byte("\n"))
	var alert struct {
		Kind, Role  string
		SecondsLeft int
	}
	if err := json.Unmarshal(text, &alert); n != 1 || err != nil {
		t.Errorf("%d alerts (%v):\n%s", n, err, text)
	} else if alert.Kind != "renewal" || alert.Role != world.MinIO.RoleARN || alert.SecondsLeft < 1 {
		t.Errorf("the alert is %s", text)
	}
	return n
}
