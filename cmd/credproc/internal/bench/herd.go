package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

// herdSizes are how many start at once; the rounds for each.
var herdSizes = []struct{ size, rounds int }{{10, 3}, {100, 3}, {500, 3}, {1000, 1}}

const slowSTS = 500 * time.Millisecond

// herd starts many processes at once where nothing is cached and STS is slow.
// Each round has a cold cache, and is held against as many empty programs
// started just before. The worst round counts.
func herd(ctx context.Context, p *programs, _ int) (finding, error) {
	var f finding
	var b strings.Builder
	fmt.Fprintf(&b, "  processes at once, a cold cache, STS takes %v\n", slowSTS)
	fmt.Fprintf(&b, "  %-10s %12s %12s %10s %10s %10s\n", "processes", "empty", "credproc", "STS calls", "outputs", "failed")
	for _, h := range herdSizes {
		what := fmt.Sprintf("%d at once: ", h.size)
		calls := row{what: what + "STS calls", limit: 1, unit: count, exact: true}
		outputs := row{what: what + "different outputs", limit: 1, unit: count, exact: true}
		failures := row{what: what + "processes that failed", limit: 0, unit: count}
		late := row{what: what + "the last ends later than empty programs by", limit: 1.5, unit: seconds}
		if h.size > 500 {
			late.limit *= float64(h.size) / 500 // more work than empty programs have
		}
		for range h.rounds {
			if ctx.Err() != nil {
				return finding{}, ctx.Err()
			}
			r, err := herdRound(p, h.size)
			if err != nil {
				return finding{notes: b.String()}, err
			}
			fmt.Fprintf(&b, "  %-10d %12s %12s %10d %10d %10d\n", h.size, fmt.Sprintf(seconds, r.empty.Seconds()), fmt.Sprintf(seconds, r.wall.Seconds()), r.calls, r.outputs, r.failed)
			if r.message != "" {
				fmt.Fprintf(&b, "    %s\n", r.message)
			}
			late.measured = max(late.measured, (r.wall - r.empty).Seconds())
			failures.measured = max(failures.measured, float64(r.failed))
			worst(&calls, r.calls)
			worst(&outputs, r.outputs)
		}
		f.rows = append(f.rows, calls, outputs, failures, late)
	}
	f.notes = b.String()
	return f, nil
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

func herdRound(p *programs, size int) (round, error) {
	s, err := newStage(p.dir, true)
	if err != nil {
		return round{}, err
	}
	defer s.close()
	s.sts.SetFault(sourcetest.Slow(slowSTS))
	_, empty, err := call{path: p.empty, env: s.env()}.crowd(p.dir, size)
	if err != nil {
		return round{}, err
	}
	results, wall, err := s.credproc(p).crowd(p.dir, size)
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
