package simulation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// days are those of the page and its chart.
func days() []scenario {
	const h, m = time.Hour, time.Minute
	steps := []step{{at: 17 * h, by: -4 * m}, {at: 22*h + 30*m, by: h}}
	shorter := []step{{at: 17 * h, by: -m}, {at: 22*h + 30*m, by: h}} // less is kept back of a short session
	return []scenario{
		{lasts: 24 * h, session: h, sdks: everyone, steps: steps, outages: []*outage{
			{after: 2 * h, lasts: m},
			{after: 5 * h, lasts: 5 * m, silent: true},
			{after: 8 * h, lasts: 10 * m},
			{after: 11 * h, lasts: 20 * m, silent: true},
			{after: 19 * h, left: 45 * m, lasts: 40 * m}}},
		{lasts: 24 * h, session: h, exec: true, sdks: everyone, steps: steps, outages: []*outage{
			{after: 2 * h, lasts: m},
			{after: 5 * h, lasts: 10 * m, silent: true},
			{after: 8 * h, lasts: 20 * m},
			{after: 11 * h, lasts: 29 * m, silent: true},
			{after: 19 * h, left: 45 * m, lasts: 40 * m}}},
		{lasts: 24 * h, session: 15 * m, exec: true, sdks: everyone, steps: shorter, outages: []*outage{
			{after: 2 * h, lasts: m},
			{after: 5 * h, lasts: 3 * m, silent: true},
			{after: 8 * h, lasts: 5 * m},
			{after: 11 * h, lasts: 7 * m, silent: true},
			{after: 19 * h, lasts: 40 * m}}},
	}
}

// until is the scenario, cut short.
func (s scenario) until(end time.Duration) scenario {
	s.lasts = end
	s.outages = slices.DeleteFunc(s.outages, func(o *outage) bool { return o.after+2*s.session > end })
	s.steps = slices.DeleteFunc(s.steps, func(s step) bool { return s.at >= end })
	return s
}

// A day without a failed request, as long as every outage is shorter than what
// is left when it begins.
func TestDay(t *testing.T) {
	var table strings.Builder
	fmt.Fprintf(&table, "| 24 hours, five programs | requests | failed | helper runs | STS calls | least possible | longest wait | renewed after an outage |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	var drawn []panel
	for _, s := range days() {
		if !whole() {
			s = s.until(7 * time.Hour)
		}
		w := newWorld(t, s)
		w.run(t)
		failed := w.check(t)
		requests, asked, longest := 0, 0, time.Duration(0)
		for _, c := range w.consumers {
			requests += c.requests
			asked += c.asked
			longest = max(longest, c.longest)
			t.Logf("%-18s %6d requests, %5d helper runs, %3d failed, longest wait %v", c.name, c.requests, c.asked, len(c.failed), c.longest)
		}
		renewals := w.sts.Calls("OK")
		least := int((s.lasts + s.session - 1) / s.session)
		t.Logf("%s: %d STS calls, %d of them granted", s, w.sts.Calls()+w.silent, renewals)
		w.checkCalls(t, renewals, least)
		unbearable := 0
		for _, o := range s.outages {
			if !o.bearable() {
				unbearable++
			}
		}
		if (failed > 0) != (unbearable > 0) {
			t.Errorf("%s: %d requests failed in %d outages longer than what was left", s, failed, unbearable)
		}
		fmt.Fprintf(&table, "| %s, sessions of %s | %d | %d | %d | %d + %d in outages | %d | %s | in %d s |\n",
			s.how(), short(s.session), requests, failed, asked, renewals, w.sts.Calls()+w.silent-renewals, least, short(longest.Round(time.Second)), int(w.renewed.Seconds()))
		drawn = append(drawn, panel{w, requests, failed})
	}
	publish(t, "day", table.String())
	draw(t, drawn)
}

// checkCalls fails the test if renewals are more than the policy allows, or come
// at other times.
func (w *world) checkCalls(t *testing.T, renewals, least int) {
	t.Helper()
	steps := len(w.steps) // each may make the cache renew once more, early or late
	// A renewal at half-life, with its jitter, is 2.22 times the least.
	if most := 1 + int(2.25*float64(least)) + steps; renewals > most {
		t.Errorf("%s: %d renewals, more than %d", w.scenario, renewals, most)
	}
	if w.hasty > steps {
		t.Errorf("%s: %d renewals before they were due", w.scenario, w.hasty)
	}
	if w.tardy > steps {
		t.Errorf("%s: %d renewals later than they should be", w.scenario, w.tardy)
	}
}

// short is a duration without its zeros.
func short(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d:%02d min", d/time.Minute, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%d s", d/time.Second)
	}
}
