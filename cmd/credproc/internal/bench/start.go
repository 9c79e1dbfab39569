package main

import (
	"context"
	"fmt"
	"strings"
)

// warmUp is how often each program is started before it counts.
const warmUp = 20

// start compares a hit's whole process with programs that do nothing.
func start(ctx context.Context, p *programs, runs int) (finding, error) {
	s, printed, err := newWarmStage(p)
	if err != nil {
		return finding{}, err
	}
	defer s.close()
	empty := &runner{name: "empty program", call: call{path: p.empty, env: s.env()}, check: prints("")}
	linked := &runner{name: "the same libraries", call: call{path: p.linked, env: s.env()}, check: prints("")}
	hit := &runner{name: "credproc, a hit", call: s.credproc(p), check: prints(printed)}
	all := []*runner{empty, linked, hit}
	if err := inTurns(ctx, warmUp, runs, all); err != nil {
		return finding{}, err
	}
	if err := s.onlyHits(); err != nil {
		return finding{}, err
	}
	notes := wallTable(runs, all)
	if runs < minRuns {
		notes += fmt.Sprintf("  FEWER THAN %d RUNS PROVE NOTHING\n", minRuns)
	}
	notes += fmt.Sprintf("  libraries: %s\n", strings.Join(p.libraries, "\n             "))
	return finding{notes: notes, bars: bars("A hit beside programs that do nothing", all...), rows: table{
		{what: "a hit, in times of an empty program", measured: ratio(hit, empty), limit: 2.6, unit: times},
		{what: "a hit, in times of a program with the same libraries", measured: ratio(hit, linked), limit: 1.3, unit: times},
	}}, nil
}
