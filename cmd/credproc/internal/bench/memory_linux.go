package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

const memoryRuns = 20

// memory is the peak resident memory of a hit.
//
// Linux starts a process's maximum with that of the process that called exec:
// the address space that vfork lends counts as the child's first (setmax_mm_hiwater_rss
// in fs/exec.c). A child of this program, which holds an STS, would seem
// as large as it. So a small launcher stands between; what it needs itself, no
// more than an empty program, is the least that can be seen.
func memory(ctx context.Context, p *programs, _ int) (finding, error) {
	launch, err := p.build(ctx, "launch", here+"/testdata/launch")
	if err != nil {
		return finding{}, err
	}
	s, printed, err := newWarmStage(p)
	if err != nil {
		return finding{}, err
	}
	defer s.close()
	peak := func(c call, stdout string) (int64, error) {
		c.args = append([]string{c.path}, c.args...)
		c.path = launch
		var most int64
		for range memoryRuns {
			r, err := c.run()
			if err != nil {
				return 0, err
			}
			if r.status != 0 || r.stdout != stdout {
				return 0, fmt.Errorf("exit %d, not the output of a hit\n%s", r.status, r.stderr)
			}
			kib, err := strconv.ParseInt(strings.TrimSpace(r.stderr), 10, 64)
			if err != nil {
				return 0, err
			}
			most = max(most, kib*1024)
		}
		return most, nil
	}
	hit, err := peak(s.credproc(p), printed)
	if err != nil {
		return finding{}, err
	}
	empty, err := peak(call{path: p.empty, env: s.env()}, "")
	if err != nil {
		return finding{}, err
	}
	if err := s.onlyHits(); err != nil {
		return finding{}, err
	}
	notes := fmt.Sprintf("  the most of %d runs, in bytes: empty program %d, hit %d\n", memoryRuns, empty, hit)
	return finding{notes: notes, rows: table{
		{what: "a hit's peak memory", measured: float64(hit) / 1e6, limit: 20, unit: megabytes},
	}}, nil
}
