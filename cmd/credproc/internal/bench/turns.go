package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A runner is a program that is timed in turns with others.
type runner struct {
	name string
	call
	before func() error       // run before each start, outside its time; or nil
	check  func(string) error // what it must print
	walls  []time.Duration    // sorted in the end
}

// median is that of a runner that was timed.
func (r *runner) median() time.Duration { return r.walls[len(r.walls)/2] }

// inTurns starts the programs one after the other, again and again, so that
// whatever slows the machine slows all of them. The first warmUp rounds do not
// count.
func inTurns(ctx context.Context, warmUp, runs int, runners []*runner) error {
	// One thread, so that every process is a child of the same.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for i := range warmUp + runs {
		for _, r := range runners {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if r.before != nil {
				if err := r.before(); err != nil {
					return err
				}
			}
			got, err := r.run()
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			if got.status != 0 || got.stderr != "" {
				return fmt.Errorf("%s: exit %d\n%s", r.name, got.status, got.stderr)
			}
			if err := r.check(got.stdout); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			if i >= warmUp {
				r.walls = append(r.walls, got.wall)
			}
		}
	}
	for _, r := range runners {
		slices.Sort(r.walls)
	}
	return nil
}

// prints is a check that a program prints just that.
func prints(want string) func(string) error {
	return func(got string) error {
		if got != want {
			return fmt.Errorf("not the output that was expected: %.200q", got)
		}
		return nil
	}
}

// contains is a check that a program prints that among other things.
func contains(want string) func(string) error {
	return func(got string) error {
		if !strings.Contains(got, want) {
			return fmt.Errorf("no %s in its output: %.200q", want, got)
		}
		return nil
	}
}

// wallTable shows the runners' times.
func wallTable(runs int, runners []*runner) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %d alternating runs of each\n", runs)
	fmt.Fprintf(&b, "  %-24s %10s %10s %10s\n", "program", "min", "median", "p90")
	for _, r := range runners {
		fmt.Fprintf(&b, "  %-24s %10s %10s %10s\n", r.name, ms(r.walls[0]), ms(r.median()), ms(r.walls[len(r.walls)*9/10]))
	}
	return b.String()
}

func ratio(a, b *runner) float64 { return float64(a.median()) / float64(b.median()) }

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }
