package e2e

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
	"github.com/credproc/credproc/cmd/credproc/internal/flood"
)

// A flood of requests, in turns with the same flood of a server that does
// nothing: 30 s each.
const (
	floodTurns = 10
	floodTurn  = 3 * time.Second
)

// TestServeFlood runs alone, before the tests that wait together.
func TestServeFlood(t *testing.T) {
	ctx := testContext(t)
	bare, err := world.GoProgram(ctx, "github.com/credproc/credproc/cmd/credproc/internal/flood/barehttp")
	if err != nil {
		t.Fatal(err)
	}
	m := world.Machine(t)
	e := serving(ctx, t, m)
	defer e.end(t)
	token, err := os.ReadFile(e.tokenFile)
	if err != nil {
		t.Fatal(err)
	}
	served := &flood.Target{Address: strings.Trim(strings.TrimPrefix(e.url, "http://"), "/"), Token: string(token)}
	body, err := served.Body()
	if err != nil || !bytes.Contains(body, []byte("SecretAccessKey")) {
		t.Fatalf("%v: %s", err, body)
	}
	control, stop, err := flood.Bare(m.Command(ctx, nil, bare), body)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	ratios, err := flood.InTurns(ctx, served, control, floodTurns, floodTurn)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range append(served.Failed(), control.Failed()...) {
		t.Error(err)
	}
	ratio := ratios[len(ratios)/2]
	p99, calm := served.Percentile(99), control.Percentile(99)
	// What is slow for a server that does nothing says nothing about ours.
	if p99 > max(flood.Slowest, 2*calm) {
		t.Errorf("99 in 100 requests took up to %v; of a server that does nothing, %v", p99, calm)
	}
	if ratio < flood.AtLeast {
		t.Errorf("%.2f times the requests of a server that does nothing, in ten turns: %.2f", ratio, ratios)
	}
	// Each call of STS is one that serve made in the background, and told of.
	calls := m.STS.Count()[rig.Granted]
	if told := strings.Count(e.logged(), `"msg":"credentials"`) + strings.Count(e.logged(), `"msg":"renewed"`); calls < 2 || calls > told+1 {
		t.Errorf("%d calls of STS, %d renewals in the log", calls, told)
	}
	summary.add(t, "%d requests, %.0f a second, %.2f × bare net/http; p50 %v, p99 %v (bare %v); STS calls: %d",
		served.Answered(), float64(served.Answered())/(floodTurns*floodTurn.Seconds()), ratio,
		served.Percentile(50), p99, calm, calls)
}
