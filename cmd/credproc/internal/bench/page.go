package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A finding is what one figure came to.
type finding struct {
	notes string // what stands above the table
	rows  table
	bars  []bar
}

// A bar is a time in the chart. Bars of one group are drawn to one scale.
type bar struct {
	group, name string
	wall        time.Duration
}

func bars(group string, runners ...*runner) []bar {
	var list []bar
	for _, r := range runners {
		list = append(list, bar{group, r.name, r.median()})
	}
	return list
}

// The page in docs and its chart.
const (
	pageName  = "benchmarks.md"
	chartName = "benchmarks.svg"
)

// writePage writes both into dir. A second run changes only figures.
func writePage(dir, machine string, all table, chart []bar) error {
	if err := os.WriteFile(filepath.Join(dir, chartName), []byte(svg(chart)), 0o644); err != nil {
		return err
	}
	text := fmt.Sprintf(`# What credproc costs

Made by `+"`make bench`"+`, which fails when a limit is missed. Times are ratios between
programs that were started in turns in one run, so that they hold on slow machines
and busy ones: run it on yours.

![Medians of whole processes, in milliseconds](%s)

`+"```"+`
%s

%s`+"```"+`

The limits, and why these:

- **A hit** runs hundreds of times in a deploy. Most of it is the start of a Go
  program with the AWS SDK in it; our own work is to add less than a third to that.
- **A miss** is one TLS connection and one POST, which is what curl does.
- **Many at once** is a deploy that starts: one call to STS, whatever their number.
- **Entries** of other roles must not slow a hit: it opens the one file that it
  knows the name of.
- **The endpoint** answers from memory. A bare handler that writes the same bytes is
  the fastest that Go's server can be.

Not measured: %s.
`, chartName, machine, all, absent)
	return os.WriteFile(filepath.Join(dir, pageName), []byte(text), 0o644)
}

// svg draws horizontal bars, group by group, each group to a scale of its own.
func svg(chart []bar) string {
	const width, label, room, line, gap = 720, 190, 400, 22, 34
	var b strings.Builder
	y, group := 0, ""
	longest := map[string]time.Duration{}
	for _, x := range chart {
		longest[x.group] = max(longest[x.group], x.wall)
	}
	for _, x := range chart {
		if x.group != group {
			group = x.group
			y += gap
			fmt.Fprintf(&b, `<text class="h" x="0" y="%d">%s</text>`+"\n", y-8, x.group)
		}
		w := max(1, int(float64(room)*float64(x.wall)/float64(longest[x.group])))
		class := "o"
		if strings.Contains(x.name, "credproc") || strings.Contains(x.name, "a hit") {
			class = "c"
		}
		fmt.Fprintf(&b, `<text x="0" y="%d">%s</text><rect class="%s" x="%d" y="%d" width="%d" height="14" rx="2"/><text x="%d" y="%d">%s</text>`+"\n",
			y+13, x.name, class, label, y+2, w, label+w+6, y+13, ms(x.wall))
		y += line
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" font-family="system-ui, sans-serif" font-size="12" role="img">
<title>Medians of whole processes, in milliseconds</title>
<style>text{fill:#333}.h{font-weight:600}.c{fill:#2563eb}.o{fill:#9ca3af}@media(prefers-color-scheme:dark){text{fill:#ddd}.c{fill:#60a5fa}.o{fill:#6b7280}}</style>
%s</svg>
`, width, y+10, width, b.String())
}
