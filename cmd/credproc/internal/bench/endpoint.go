package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/flood"
)

// Both are flooded that often for that long.
const (
	floodTurns = 10
	floodTurn  = 500 * time.Millisecond
)

// endpoint floods credproc serve in turns with a bare handler of net/http that
// writes the same bytes.
func endpoint(ctx context.Context, p *programs, _ int) (finding, error) {
	bareHTTP, err := p.build(ctx, "barehttp", program+"/internal/flood/barehttp")
	if err != nil {
		return finding{}, err
	}
	s, err := newStage(p.dir, true)
	if err != nil {
		return finding{}, err
	}
	defer s.close()
	served, stop, err := s.serve(ctx, p)
	if err != nil {
		return finding{}, err
	}
	defer stop()
	body, err := served.Body()
	if err != nil || !bytes.Contains(body, []byte("SecretAccessKey")) {
		return finding{}, fmt.Errorf("credproc serve: no credentials in %d bytes: %v", len(body), err)
	}
	cmd := exec.CommandContext(ctx, bareHTTP)
	cmd.Env = s.env()
	bare, end, err := flood.Bare(cmd, body)
	if err != nil {
		return finding{}, err
	}
	defer end()
	ratios, err := flood.InTurns(ctx, served, bare, floodTurns, floodTurn)
	if err != nil {
		return finding{}, err
	}
	if err := s.onlyHits(); err != nil {
		return finding{}, err
	}
	notes := fmt.Sprintf("  %d turns of %v each\n  %-24s %10s %10s %10s\n", floodTurns, floodTurn, "server", "requests", "median", "p99")
	line := func(name string, x *flood.Target) {
		notes += fmt.Sprintf("  %-24s %10d %10s %10s\n", name, x.Answered(), ms(x.Percentile(50)), ms(x.Percentile(99)))
	}
	line("bare net/http", bare)
	line("credproc serve", served)
	if failed := served.Failed(); len(failed) > 0 {
		notes += fmt.Sprintf("  one that failed: %v\n", failed[0])
	}
	return finding{notes: notes, rows: table{
		{what: "requests of a bare handler, in times of the endpoint's", measured: 1 / ratios[len(ratios)/2], limit: 1 / flood.AtLeast, unit: times},
		// What is slow for a server that does nothing says nothing about ours.
		{what: "99 in 100 answers of the endpoint within", measured: served.Percentile(99).Seconds() * 1000,
			limit: max(flood.Slowest, 2*bare.Percentile(99)).Seconds() * 1000, unit: millis},
		{what: "requests to the endpoint that failed", measured: float64(len(served.Failed())), limit: 0, unit: count},
	}}, nil
}

// serve starts credproc serve.
func (s *stage) serve(ctx context.Context, p *programs) (x *flood.Target, stop func(), err error) {
	token := filepath.Join(s.home, "authorization")
	cmd := exec.CommandContext(ctx, p.credproc, "serve", "--profile", "migration-role", "--listen", "127.0.0.1:0", "--authorization-token-file", token)
	cmd.Env = s.env()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() { // the token is in a folder that goes
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(stderr).ReadBytes('\n')
	var said struct{ URL string }
	if err == nil {
		err = json.Unmarshal(line, &said)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(token)
	}
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("credproc serve says %q: %w", line, err)
	}
	return &flood.Target{Address: strings.Trim(strings.TrimPrefix(said.URL, "http://"), "/"), Token: string(text)}, stop, nil
}
