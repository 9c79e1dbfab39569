package simulation

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const chartName = "reliability.svg"

// A panel is one machine's day in the chart.
type panel struct {
	w                *world
	requests, failed int
}

// The chart's measures, in pixels.
const (
	margin = 52 // left of the panels
	wide   = 720
	high   = 78
	above  = 44 // a panel's title, and the names of what happened
)

// draw writes the chart: what was really left over the day, the outages, and the
// steps of the clock.
func draw(t *testing.T, panels []panel) {
	if !whole() || t.Failed() {
		return
	}
	var b strings.Builder
	y := 0
	for _, p := range panels {
		y += above
		p.draw(&b, y)
		y += high
	}
	for hour := 0; hour <= 24; hour += 4 {
		fmt.Fprintf(&b, `<text class="s" x="%d" y="%d" text-anchor="middle">%d h</text>`+"\n", margin+wide*hour/24, y+16, hour)
	}
	y += 24
	text := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" font-family="system-ui, sans-serif" font-size="12" role="img">
<title>Real life left of the cached credentials over 24 hours, with outages of STS and steps of the clock</title>
<style>text{fill:#333}.h{font-weight:600}.s{font-size:10px;fill:#666}.l{fill:none;stroke:#2563eb;stroke-width:1.2}.o{fill:#f59e0b;fill-opacity:.35}.f{fill:#dc2626}.a,.c{stroke:#9ca3af;fill:none}.c{stroke-dasharray:3 3}@media(prefers-color-scheme:dark){text{fill:#ddd}.s{fill:#aaa}.l{stroke:#60a5fa}.f{fill:#f87171}.a,.c{stroke:#6b7280}}</style>
%[3]s</svg>
`, margin+wide+16, y, b.String())
	if err := os.WriteFile(filepath.Join(*docs, chartName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (p panel) draw(b *strings.Builder, top int) {
	w := p.w
	x := func(at time.Duration) float64 { return margin + wide*float64(at)/float64(w.lasts) }
	y := func(left time.Duration) float64 { return float64(top) + high*(1-float64(left)/float64(w.session)) }
	fmt.Fprintf(b, `<text class="h" x="%d" y="%d">%s, sessions of %s: %s</text>`+"\n",
		margin, top-22, strings.Trim(w.how(), "`"), short(w.session), p.verdict())
	fmt.Fprintf(b, `<text class="s" x="%d" y="%d" text-anchor="end">%s</text><text class="s" x="%d" y="%d" text-anchor="end">0</text>`+"\n",
		margin-6, top+8, short(w.session), margin-6, top+high)
	for _, o := range w.outages {
		at := o.began.Sub(noon)
		fmt.Fprintf(b, `<rect class="o" x="%.1f" y="%d" width="%.1f" height="%d"/><text class="s" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x(at), top, max(1.5, x(at+o.lasts)-x(at)), high, x(at+o.lasts/2), top-6, short(o.lasts))
	}
	for _, s := range w.steps {
		sign, by := "+", s.by
		if by < 0 {
			sign, by = "−", -by
		}
		fmt.Fprintf(b, `<path class="c" d="M%.1f %dV%d"/><text class="s" x="%.1f" y="%d" text-anchor="middle">clock %s%s</text>`+"\n",
			x(s.at), top, top+high, x(s.at), top-6, sign, short(by))
	}
	fmt.Fprintf(b, `<path class="a" d="M%d %dV%dH%d"/>`+"\n", margin, top, top+high, margin+wide)
	var line []string
	for _, at := range w.saw {
		line = append(line, fmt.Sprintf("%.1f,%.1f", x(at.at), y(at.left)))
	}
	fmt.Fprintf(b, `<polyline class="l" points="%s"/>`+"\n", strings.Join(line, " "))
	for _, o := range w.outages {
		if !o.bearable() {
			from := o.began.Add(o.had).Sub(noon)
			fmt.Fprintf(b, `<rect class="f" x="%.1f" y="%d" width="%.1f" height="3"/>`+"\n", x(from), top+high-1, x(o.ends().Sub(noon))-x(from))
		}
	}
}

func (p panel) verdict() string {
	if p.failed == 0 {
		return fmt.Sprintf("none of %d requests failed", p.requests)
	}
	return fmt.Sprintf("%d of %d requests failed, all while nothing was left", p.failed, p.requests)
}
