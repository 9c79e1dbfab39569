package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/screen"
)

// A statusPage is the status as people read it. What needs somebody stands at the
// left and at the top; who an entry belongs to has a line of its own, so that a
// narrow terminal loses nothing.
type statusPage struct {
	now     time.Time
	columns int // how wide it may be
	colours bool

	probe bool          // --min-ttl was given
	least time.Duration // what it asks for
}

// Widths at which a page has another form.
const (
	withBar = 60
	withWho = 110 // account and subject on the first line
)

// maxLines is how many lines a text of others may take.
const maxLines = 3

// fit is a text of others on one line, without what would control a terminal.
func fit(text string) string { return printable(oneLine(text)) }

func (p statusPage) text(l cache.Listing) string {
	folder := fit(l.Folder)
	var b strings.Builder
	if len(l.Entries) == 0 {
		fmt.Fprintf(&b, "no cached credentials in %s\n", folder)
	} else {
		b.WriteString(p.summary(l.Entries, folder))
		p.writeTable(&b, l.Entries)
	}
	for _, u := range l.Unusable {
		text := fit(u.File + ": " + u.Reason)
		for i, line := range screen.Wrap(text, p.columns-len("not used "), maxLines) {
			label := "not used "
			if i > 0 {
				label = "         "
			}
			fmt.Fprintf(&b, "%s%s\n", p.paint(screen.Dim, label), line)
		}
	}
	return b.String()
}

func (p statusPage) paint(c screen.Colour, text string) string {
	if !p.colours {
		return text
	}
	return c.Paint(text)
}

// summary is the first line: how many, how bad, when, where.
func (p statusPage) summary(all []cache.Entry, folder string) string {
	text := fmt.Sprintf("%d entries", len(all))
	if len(all) == 1 {
		text = "1 entry"
	}
	failing := 0
	for _, e := range all {
		if e.Failure != nil {
			failing++
		}
	}
	if failing > 0 {
		text += fmt.Sprintf(", %d failing", failing)
	}
	if p.probe {
		text += fmt.Sprintf(", %d below %v", countShort(all, p.least, p.now), p.least)
	}
	text += " at " + p.now.Format("15:04:05 MST") + " in " + screen.Middle(folder, p.columns)
	return strings.Join(screen.Wrap(text, p.columns, maxLines), "\n") + "\n"
}

// The columns of a page, in this order.
func (p statusPage) layout() []screen.Column {
	left, life := screen.Column{Width: len("expired"), Right: true}, screen.Column{Width: 10}
	renews, age := screen.Column{Width: len("in 59m59s")}, screen.Column{Width: len("59m59s"), Right: true}
	var role, account, subject screen.Column
	switch {
	case p.wide():
		account.Width = 12
		role.Width = screen.Rest(p.columns, left, life, renews, age, account) * 4 / 9
		subject.Width = screen.Rest(p.columns, left, life, renews, age, account, role)
	case p.columns < withBar:
		life.Width = 0
		fallthrough
	default:
		role.Width = screen.Rest(p.columns, left, life, renews, age)
	}
	return []screen.Column{left, life, renews, age, role, account, subject}
}

func (p statusPage) wide() bool { return p.columns >= withWho }

func (p statusPage) writeTable(b *strings.Builder, all []cache.Entry) {
	columns := p.layout()
	row := func(c screen.Colour, cells ...string) {
		var line []screen.Cell
		for i, text := range cells {
			cell := screen.Cell{Text: text}
			if p.colours && (i < 2 || c == screen.Dim) {
				cell.Colour = c
			}
			line = append(line, cell)
		}
		b.WriteString(screen.Row(columns, line...) + "\n")
	}
	row(screen.Dim, "LEFT", "LIFE", "RENEWS", "AGE", "ROLE", "ACCOUNT", "SUBJECT")
	for _, e := range all {
		account, subject := fit(account(e)), fit(e.Subject)
		row(urgency(e), p.left(e), screen.Bar(share(e, p.now), columns[1].Width), p.renews(e), p.age(e),
			fit(roleName(e.Role)), account, subject)
		indent := columns[0].Indent()
		if who := strings.TrimSpace(account + "  " + subject); !p.wide() && who != "" {
			fmt.Fprintf(b, "%s%s\n", indent, p.paint(screen.Dim, screen.Middle(who, p.columns-len(indent))))
		}
		if ahead := e.Issued.Sub(p.now); e.State != cache.Missing && ahead > clockSlack {
			p.writeNote(b, indent, screen.Yellow, "issued "+brief(ahead)+" from now: the clock was set back")
		}
		if e.Failure != nil {
			shade := screen.Red
			if alive(e) {
				shade = screen.Yellow
			}
			p.writeNote(b, indent, shade, p.failure(e))
		}
	}
}

// clockSlack is by how much an entry may be younger than now and still count as
// issued just now.
const clockSlack = 2 * time.Second

func (p statusPage) writeNote(b *strings.Builder, indent string, c screen.Colour, text string) {
	for i, line := range screen.Wrap(text, p.columns-len(indent)-2, maxLines) {
		if i > 0 {
			line = "  " + line
		}
		fmt.Fprintf(b, "%s%s\n", indent, p.paint(c, line))
	}
}

func (p statusPage) left(e cache.Entry) string {
	switch e.State {
	case cache.Missing:
		return "none"
	case cache.Expired:
		return "expired"
	default:
		return brief(e.Remaining(p.now))
	}
}

func (p statusPage) renews(e cache.Entry) string {
	if in := e.Renewal.Sub(p.now).Round(time.Second); in > 0 {
		return "in " + brief(in)
	}
	return "next use"
}

func (p statusPage) age(e cache.Entry) string {
	if e.State == cache.Missing || e.Issued.After(p.now.Add(clockSlack)) {
		return "-"
	}
	return brief(max(p.now.Sub(e.Issued), 0))
}

// failure says how the last renewal failed. The role is on the line above.
func (p statusPage) failure(e cache.Entry) string {
	x := e.Failure
	code := x.Code
	if code == "" {
		code = string(x.Kind)
	}
	text := strings.TrimPrefix(x.Text, "assuming "+e.Role+": ")
	if !strings.Contains(text, code) {
		text = code + ": " + text
	}
	often := ""
	if x.Tries > 1 {
		often = fmt.Sprintf(", %d times in a row", x.Tries)
	}
	return fit(fmt.Sprintf("failed %s ago%s: %s", brief(max(p.now.Sub(x.At), 0)), often, text))
}

// urgency is the colour of an entry.
func urgency(e cache.Entry) screen.Colour {
	switch e.State {
	case cache.Fresh:
		return screen.Green
	case cache.Soft:
		return screen.Yellow
	default:
		return screen.Red
	}
}

// share is how much of its life an entry has left.
func share(e cache.Entry, now time.Time) float64 {
	if !alive(e) {
		return 0
	}
	return float64(e.Remaining(now)) / float64(e.Expiration.Sub(e.Issued))
}

// roleName is what tells a role from others of its account, its path included;
// what is no role's ARN stays as it is.
func roleName(role string) string {
	if role == "" {
		return "(not known)" // a failure from before failures named it
	}
	if parts := strings.SplitN(role, ":", 6); len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" {
		if name, ok := strings.CutPrefix(parts[5], "role/"); ok {
			return name
		}
	}
	return role
}

// account is an entry's account; that of its role where there are no
// credentials.
func account(e cache.Entry) string {
	if parts := strings.SplitN(e.Role, ":", 6); e.AccountID == "" && len(parts) == 6 && parts[0] == "arn" {
		return parts[4]
	}
	return e.AccountID
}
