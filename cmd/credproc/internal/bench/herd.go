package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

const (
	herdSize   = 500
	herdRounds = 3
	slowSTS    = 500 * time.Millisecond
)

// herd starts many processes at once where nothing is cached and STS is slow.
// Each round has a cold cache, and is held against as many empty programs
// started just before. The worst round counts.
func herd(ctx context.Context, p *programs, _ int) ([]row, string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "  %d processes at once, a cold cache, STS takes %v\n", herdSize, slowSTS)
	fmt.Fprintf(&b, "  %-8s %12s %12s %10s %10s %10s\n", "round", "empty", "credproc", "STS calls", "outputs", "failed")
	late := row{what: fmt.Sprintf("%d at once: the last ends later than empty programs by", herdSize), limit: 1.5, unit: seconds}
	calls := row{what: fmt.Sprintf("%d at once: STS calls", herdSize), limit: 1, unit: count, exact: true}
	outputs := row{what: fmt.Sprintf("%d at once: different outputs", herdSize), limit: 1, unit: count, exact: true}
	failures := row{what: fmt.Sprintf("%d at once: processes that failed", herdSize), limit: 0, unit: count}
	for i := range herdRounds {
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		r, err := herdRound(p)
		if err != nil {
			return nil, b.String(), err
		}
		fmt.Fprintf(&b, "  %-8d %12s %12s %10d %10d %10d\n", i+1, fmt.Sprintf(seconds, r.empty.Seconds()), fmt.Sprintf(seconds, r.wall.Seconds()), r.calls, r.outputs, r.failed)
		if r.message != "" {
			fmt.Fprintf(&b, "    %s\n", r.message)
		}
		late.measured = max(late.measured, (r.wall - r.empty).Seconds())
		failures.measured = max(failures.measured, float64(r.failed))
		worst(&calls, r.calls)
		worst(&outputs, r.outputs)
	}
	return []row{calls, outputs, failures, late}, b.String(), nil
}

// worst keeps the value that is furthest from an exact limit.
func worst(r *row, n int) {
	if r.measured == 0 || float64(n) != r.limit {
		r.measured = float64(n)
	}
}

type round struct {
	empty, wall            time.Duration
	calls, outputs, failed int
	message                string // stderr of one that failed
}

func herdRound(p *programs) (round, error) {
	s, err := newStage(p.dir, true)
	if err != nil {
		return round{}, err
	}
	defer s.close()
	s.sts.SetFault(sourcetest.Slow(slowSTS))
	_, empty, err := call{path: p.empty, env: s.env()}.crowd(p.dir, herdSize)
	if err != nil {
		return round{}, err
	}
	results, wall, err := s.credproc(p).crowd(p.dir, herdSize)
	if err != nil {
		return round{}, err
	}
	r := round{empty: empty, wall: wall, calls: s.sts.Calls()}
	outputs := map[string]bool{}
	for _, one := range results {
		outputs[one.stdout] = true
		if one.status != 0 || one.stdout == "" {
			r.failed++
			r.message = fmt.Sprintf("exit %d: %s", one.status, one.stderr)
		}
	}
	r.outputs = len(outputs)
	return r, nil
}
