package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

const refusedSize = 300

// refused starts many processes at once for a role whose trust policy does not
// name the token's subject. That all of them together are done in time is more
// than was asked, which is that each is.
func refused(_ context.Context, p *programs, _ int) (finding, error) {
	s, err := newStage(p.dir, false)
	if err != nil {
		return finding{}, err
	}
	defer s.close()
	results, wall, err := s.credproc(p).crowd(p.dir, refusedSize)
	if err != nil {
		return finding{}, err
	}
	statuses := map[int]int{}
	for _, r := range results {
		statuses[r.status]++
		if r.stdout != "" {
			return finding{}, fmt.Errorf("a process with exit %d wrote to stdout", r.status)
		}
	}
	notes := fmt.Sprintf("  %d processes at once; exit statuses:", refusedSize)
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		notes += fmt.Sprintf(" %d (%d processes)", status, statuses[status])
	}
	notes += fmt.Sprintf("\n  one of them: %s", results[0].stderr)
	what := fmt.Sprintf("%d at once, role denied: ", refusedSize)
	return finding{notes: notes, rows: table{
		{what: what + "STS calls", measured: float64(s.sts.Calls()), limit: 10, unit: count},
		{what: what + "that exit 4", measured: float64(statuses[4]), limit: refusedSize, unit: count, exact: true},
		{what: what + "the last ends after", measured: wall.Seconds(), limit: 10, unit: seconds},
	}}, nil
}
