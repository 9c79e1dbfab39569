package simulation

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A moment is one at which an outage begins.
type moment struct {
	scenario
	name string
	left time.Duration // as outage.left

	// least is what is promised to be left then; docs/reliability.md repeats it.
	least time.Duration
}

// moments are the bad ones: what is left is little, and about to be renewed.
func moments() []moment {
	const h, m, s = time.Hour, time.Minute, time.Second
	only := []sdk{terraform}
	return []moment{
		{scenario{session: h, exec: true, sdks: everyone}, "just before renewal is due, at half-life", 0, 30 * m},
		{scenario{session: h, sdks: everyone}, "just before renewal is due", 0, 22 * m},
		{scenario{session: h, sdks: []sdk{javascript}}, "just before JavaScript asks, 5 minutes before the printed end", 11*m + 5*s, 10 * m},
		{scenario{session: h, sdks: only}, "just before Terraform asks, at the printed end", 6*m + 5*s, 5 * m},
		{scenario{session: h, sdks: everyone, idle: h - 45*s}, "after a pause of all programs", 45 * s, 40 * s},
		{scenario{session: 15 * m, exec: true, sdks: everyone}, "just before renewal is due, at half-life", 0, 7*m + 30*s},
		{scenario{session: 15 * m, sdks: everyone}, "just before renewal is due, at half-life", 0, 7*m + 30*s},
		{scenario{session: 15 * m, sdks: only}, "just before Terraform asks, at the printed end", m + 35*s, 75 * s},
		{scenario{session: 15 * m, sdks: everyone, idle: 15*m - 45*s}, "after a pause of all programs", 45 * s, 40 * s},
	}
}

// An outage of STS fails no request as long as it is shorter than the life that
// was left when it began, and is forgotten when it is over.
func TestOutage(t *testing.T) {
	lengths, kinds := []time.Duration{1, 5, 10, 20, 30, 40}, []bool{false, true}
	if !whole() {
		lengths = []time.Duration{20}
	}
	var table strings.Builder
	table.WriteString("| sessions | | the outage begins | life left then |")
	for _, l := range lengths {
		fmt.Fprintf(&table, " %d min |", l)
	}
	fmt.Fprintf(&table, " 6 s less than is left |\n|---|---|---|--:|%s--:|\n", strings.Repeat("--:|", len(lengths)))
	for i, m := range moments() {
		if !whole() {
			kinds = []bool{i%2 == 0}
		}
		var cells []string
		var had time.Duration
		for _, l := range append(lengths, 0) {
			worst := 0
			for _, silent := range kinds {
				failed, left := m.meet(t, l*time.Minute, silent)
				worst, had = max(worst, failed), left
			}
			cells = append(cells, verdict(worst))
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", short(m.session), m.how(), m.name,
			short(had.Round(time.Second)), strings.Join(cells, " | "))
	}
	publish(t, "outages", table.String())
}

func verdict(failed int) string {
	if failed == 0 {
		return "✓"
	}
	return fmt.Sprintf("%d failed", failed)
}

// meet runs an outage and returns how many requests failed, and what was left
// when it began.
func (m moment) meet(t *testing.T, lasts time.Duration, silent bool) (failed int, left time.Duration) {
	t.Helper()
	o := &outage{left: m.left, lasts: lasts, silent: silent}
	s := m.scenario
	s.outages = []*outage{o}
	s.lasts = s.session + lasts + 20*time.Minute
	if lasts == 0 {
		s.lasts += s.session
	}
	w := newWorld(t, s)
	w.run(t)
	failed = w.check(t)
	if o.had < m.least {
		t.Errorf("only %v are left: %s", o.had, w.scenario)
	}
	if failed == 0 && o.lasts > o.had+time.Minute/4 {
		t.Errorf("no request failed; the simulation is blind: %s", w.scenario)
	}
	return failed, o.had
}
