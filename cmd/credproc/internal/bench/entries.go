package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// entries shows how a hit's cost grows with the entries in the cache folder.
func entries(ctx context.Context, p *programs, runs int) (finding, error) {
	var all []*runner
	for _, n := range []int{1, 100, 10_000} {
		s, printed, err := newWarmStage(p)
		if err != nil {
			return finding{}, err
		}
		defer s.close()
		if err := s.crowdCache(n); err != nil {
			return finding{}, err
		}
		all = append(all, &runner{name: fmt.Sprintf("a hit among %d", n), call: s.credproc(p), check: prints(printed)})
	}
	if err := inTurns(ctx, warmUp, runs, all); err != nil {
		return finding{}, err
	}
	f := finding{notes: wallTable(runs, all), bars: bars("Entries in the cache folder", all...)}
	for _, r := range all[1:] {
		f.rows = append(f.rows, row{what: r.name + " entries, in times of one alone", measured: ratio(r, all[0]), limit: 1.15, unit: times})
	}
	return f, nil
}

// crowdCache copies the one entry of the cache until there are n, under names as
// others have them.
func (s *stage) crowdCache(n int) error {
	found, err := filepath.Glob(filepath.Join(s.home, ".cache", "credproc", "*.json"))
	if err != nil || len(found) != 1 {
		return errors.Join(err, fmt.Errorf("%d entries in the cache, not one", len(found)))
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		return err
	}
	dir, name := filepath.Split(found[0])
	for i := 1; i < n; i++ {
		// As many hexadecimal digits as the name begins with.
		other := fmt.Sprintf("%08x", i) + name[8:]
		if err := os.WriteFile(dir+other, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
