// Package screen lays text out for people: columns, bars and colours that fit a
// width. It takes text and gives text. What it is given has to be printable
// already: it neither knows nor removes control characters.
package screen

import (
	"os"
	"strconv"
	"strings"
)

// A Colour is the escape sequence that begins it; Plain has none.
type Colour string

const (
	Plain  Colour = ""
	Red    Colour = "\x1b[31m"
	Green  Colour = "\x1b[32m"
	Yellow Colour = "\x1b[33m"
	Dim    Colour = "\x1b[2m"
)

const endColour = "\x1b[0m"

// Paint is text in this colour.
func (c Colour) Paint(text string) string {
	if c == Plain || text == "" {
		return text
	}
	return string(c) + text + endColour
}

// A Cell is a text in one colour.
type Cell struct {
	Text   string
	Colour Colour
}

// A Column is as wide as its texts may be.
type Column struct {
	Width int  // in columns of the screen; 0 hides it
	Right bool // numbers: they end where others end
}

// gap is between two columns.
const gap = "  "

// Indent is the space that a column and the gap behind it take.
func (c Column) Indent() string { return strings.Repeat(" ", c.Width+len(gap)) }

// Row puts cells into columns. A text that is too long loses its middle, where
// names of one family differ least. No space is left at the end of the line.
func Row(columns []Column, cells ...Cell) string {
	var b strings.Builder
	owed := 0 // spaces that only count if something follows
	first := true
	for i, cell := range cells {
		if columns[i].Width == 0 {
			continue
		}
		if !first {
			owed += len(gap)
		}
		first = false
		text := Middle(cell.Text, columns[i].Width)
		free := columns[i].Width - Width(text)
		if columns[i].Right {
			owed, free = owed+free, 0
		}
		if text != "" {
			b.WriteString(strings.Repeat(" ", owed))
			b.WriteString(cell.Colour.Paint(text))
			owed = 0
		}
		owed += free
	}
	return b.String()
}

// Rest is what columns leave of a width for one more.
func Rest(width int, columns ...Column) int {
	for _, c := range columns {
		if c.Width > 0 {
			width -= c.Width + len(gap)
		}
	}
	return width
}

// Bar is a bar of n characters of which a share, 0 to 1, is full, to the half of
// a character. The least that is left shows.
func Bar(share float64, n int) string {
	if n <= 0 {
		return ""
	}
	halves := int(min(max(share, 0), 1)*float64(2*n) + 0.5)
	if share > 0 && halves == 0 {
		halves = 1
	}
	bar := strings.Repeat("█", halves/2)
	if halves%2 == 1 {
		bar += "▌"
	}
	return bar + strings.Repeat("░", n-(halves+1)/2)
}

// Columns is how wide a text for out may be: what COLUMNS says, else the
// terminal, else 80. It is never less than Least.
func Columns(out *os.File, getenv func(string) string) int {
	n, err := strconv.Atoi(getenv("COLUMNS"))
	if err != nil || n <= 0 || n > most {
		n = 80
		if columns, _, ok := Size(out); ok && columns > 0 {
			n = columns
		}
	}
	return max(n, Least)
}

const (
	// Least is the width below which nothing is laid out any more.
	Least = 40

	most = 10_000 // a mistake rather than a screen
)
