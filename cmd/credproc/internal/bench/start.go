package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// warmUp is how often each program is started before it counts.
const warmUp = 20

// start compares a hit's whole process with programs that do nothing.
func start(ctx context.Context, p *programs, runs int) ([]row, string, error) {
	s, err := newStage(p.dir, true)
	if err != nil {
		return nil, "", err
	}
	defer s.close()
	printed, err := s.warm(p)
	if err != nil {
		return nil, "", err
	}
	compared := []struct {
		name string
		call
		stdout string
		walls  []time.Duration
	}{
		{name: "empty", call: call{path: p.empty, env: s.env()}},
		{name: "libraries", call: call{path: p.linked, env: s.env()}},
		{name: "hit", call: s.credproc(p), stdout: printed},
	}
	// One thread, so that every process is a child of the same.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for i := range warmUp + runs {
		for j := range compared {
			if ctx.Err() != nil {
				return nil, "", ctx.Err()
			}
			c := &compared[j]
			r, err := c.run()
			if err != nil {
				return nil, "", fmt.Errorf("%s: %w", c.name, err)
			}
			if r.status != 0 || r.stdout != c.stdout || r.stderr != "" {
				return nil, "", fmt.Errorf("%s: exit %d, not the output of a hit\n%s", c.name, r.status, r.stderr)
			}
			if i >= warmUp {
				c.walls = append(c.walls, r.wall)
			}
		}
	}
	if err := s.onlyHits(); err != nil {
		return nil, "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  %d alternating runs of each, after %d to warm up\n", runs, warmUp)
	if runs < minRuns {
		fmt.Fprintf(&b, "  FEWER THAN %d RUNS PROVE NOTHING\n", minRuns)
	}
	fmt.Fprintf(&b, "  %-12s %10s %10s %10s\n", "program", "min", "median", "p90")
	for _, c := range compared {
		slices.Sort(c.walls)
		fmt.Fprintf(&b, "  %-12s %10s %10s %10s\n", c.name, ms(c.walls[0]), ms(median(c.walls)), ms(c.walls[len(c.walls)*9/10]))
	}
	fmt.Fprintf(&b, "  libraries: %s\n", strings.Join(p.libraries, "\n             "))
	empty, linked, hit := median(compared[0].walls), median(compared[1].walls), median(compared[2].walls)
	return []row{
		{what: "a hit, in times of an empty program", measured: ratio(hit, empty), limit: 2.6, unit: times},
		{what: "a hit, in times of a program with the same libraries", measured: ratio(hit, linked), limit: 1.3, unit: times},
	}, b.String(), nil
}

// median is that of sorted durations.
func median(d []time.Duration) time.Duration { return d[len(d)/2] }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
