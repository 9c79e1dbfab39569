package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"
)

// A lane is one line of the picture, in which time runs to the right.
type lane int

const (
	tokenLane lane = iota
	stsLane
	cacheLane
	withLane
	withoutLane
	lanes
)

var labels = [lanes]string{"token file", "STS", "helpers", "with credproc", "without"}

// A mark is one character of a lane.
type mark = byte

const (
	newToken mark = 'o'
	answered mark = '*'
	refused  mark = 'x'
	hit      mark = '='
	soft     mark = '~'
	renewed  mark = 'R'
	ok       mark = '.'
	failed   mark = 'X'
)

const legend = `
o new token   * STS answered   x STS is out   . request answered   X failed
R renewed   = hit   ~ soft: renewal is due, the entry is printed
`

// weight orders marks: of those in one column the last of these is shown.
const weight = " -.=~xo*RX"

var colours = map[mark]string{'-': "2", ok: "32", hit: "32", soft: "33", refused: "33",
	newToken: "36", answered: "36", renewed: "1;36", failed: "1;31"}

const (
	columns = 60
	column  = length / columns
)

// A picture is drawn over and over on a terminal, below a growing list of what
// happened; elsewhere it is drawn once, when it is complete.
type picture struct {
	began        time.Time
	live, colour bool
	cells        [lanes][columns]mark
	lines        int // that it takes on the screen now
}

func newPicture(w *os.File) picture {
	info, err := w.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	return picture{began: time.Now(), live: terminal, colour: terminal && os.Getenv("NO_COLOR") == ""}
}

func (p *picture) now() int { return min(int(time.Since(p.began)/column), columns-1) }

// set puts a mark into the column of this moment.
func (p *picture) set(l lane, m mark) {
	if cell := &p.cells[l][p.now()]; strings.IndexByte(weight, m) > strings.IndexByte(weight, *cell) {
		*cell = m
	}
}

// clock is the time of day in the show, h:mm.
func clock(d time.Duration) string {
	minutes := int(d * 60 / hour)
	return fmt.Sprintf("%d:%02d", minutes/60, minutes%60)
}

// print adds a line to the list of what happened.
func (p *picture) print(format string, args ...any) {
	if p.lines > 0 {
		fmt.Printf("\x1b[%dA\x1b[J", p.lines)
		p.lines = 0
	}
	fmt.Printf("%s  %s\n", clock(time.Since(p.began)), fmt.Sprintf(format, args...))
	p.draw()
}

func (p *picture) draw() {
	if !p.live {
		return
	}
	text := p.String()
	if p.lines > 0 {
		text = fmt.Sprintf("\x1b[%dA", p.lines) + text
	}
	fmt.Print(text)
	p.lines = strings.Count(text, "\n")
}

// finish draws the picture for the last time.
func (p *picture) finish() {
	p.live = true
	p.draw()
}

func (p *picture) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%15s", "")
	for half := time.Duration(0); half < length; half += hour / 2 {
		fmt.Fprintf(&b, "%-10s", clock(half))
	}
	b.WriteString(clock(length))
	for l, cells := range p.cells {
		fmt.Fprintf(&b, "\n%-15s", labels[l])
		idle := byte(' ')
		if lane(l) <= stsLane {
			idle = '-'
		}
		past := bytes.ReplaceAll(cells[:p.now()+1], []byte{0}, []byte{idle})
		for _, m := range bytes.TrimRight(past, " ") {
			if c := colours[m]; p.colour && c != "" {
				fmt.Fprintf(&b, "\x1b[%sm%c\x1b[0m", c, m)
			} else {
				b.WriteByte(m)
			}
		}
	}
	return b.String() + "\n" + legend
}
