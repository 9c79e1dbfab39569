package simulation

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The clock is set forward, or back by less than is kept back of the life, or the
// machine sleeps: no request fails. Set back further, programs that run go on with
// what they were told, and nothing can reach them. Who starts anew is served
// under exec, for a keeper that takes the credentials for younger than they are,
// by less than their age, still renews in time.
func TestClockStep(t *testing.T) {
	const h, m = time.Hour, time.Minute
	tests := []struct {
		name   string
		step   step
		harmed bool // requests may fail, of programs that were running
	}{
		{"forward 1 min", step{by: m}, false},
		{"forward 10 min", step{by: 10 * m}, false},
		{"forward 1 h", step{by: h}, false},
		{"forward 24 h", step{by: 24 * h}, false},
		{"asleep for 20 min", step{asleep: 20 * m}, false},
		{"asleep for 2 h", step{asleep: 2 * h}, false},
		{"back 1 min", step{by: -m}, false},
		{"back 4 min", step{by: -4 * m}, false},
		{"back 10 min", step{by: -10 * m}, true},
		{"back 30 min", step{by: -30 * m}, true},
		{"back 1 h", step{by: -h}, true},
		{"back 24 h", step{by: -24 * h}, true},
	}
	var table strings.Builder
	table.WriteString("| the clock, or the machine | helper alone | `exec` |\n|---|--:|--:|\n")
	for i, tt := range tests {
		if !whole() && i%2 == 0 {
			continue
		}
		fmt.Fprintf(&table, "| %s |", tt.name)
		for _, exec := range []bool{false, true} {
			s := tt.step
			s.at = 35 * m // just before renewal is due, and a little after it under exec
			w := newWorld(t, scenario{lasts: 3 * h, session: h, exec: exec, sdks: everyone, steps: []step{s}})
			w.run(t)
			failed := 0
			for _, c := range w.consumers {
				failed += len(c.failed)
				if len(c.failed) > 0 && (!tt.harmed || c.forgets && exec) {
					t.Errorf("%s, %s, %s: %d requests failed, one %v after the step", tt.name, w.how(), c.name,
						len(c.failed), c.failed[0].Sub(noon.Add(s.at)))
				}
			}
			if tt.harmed && failed == 0 {
				t.Errorf("%s, %s: no request failed; promise more", tt.name, w.how())
			}
			fmt.Fprintf(&table, " %s |", verdict(failed))
		}
		table.WriteString("\n")
	}
	publish(t, "clock", table.String())
}
