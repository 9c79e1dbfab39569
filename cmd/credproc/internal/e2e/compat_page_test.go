package e2e

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// A row is one client of the table and what came of it.
type row struct {
	name   string
	from   string // how it is had
	get    func(context.Context) (program, error)
	slow   bool   // only where the table is the aim
	cannot string // why the client itself knows of no credential_process

	version string

	// While it outlived its credentials, in one process.
	expired, requests     int
	helperCalls, stsCalls int
	wait                  time.Duration // the longest call of the helper

	// While STS refused.
	survived bool
	refused  int

	// When the helper failed for good.
	failed, says string
	reaches      bool

	command, evidence string // why it is not there
}

func (r *row) missing(why, command string) { r.evidence, r.command = why, command }

// table is what TestCompat made, for the end of the run.
var table []row

// printTable prints the table, and writes it into the page that was named if
// all clients work.
func printTable(allWork bool) error {
	if table == nil {
		return nil
	}
	text := tables(table)
	fmt.Print("\n", text)
	if *compatPage == "" || !allWork {
		return nil
	}
	return replaceTable(*compatPage, text)
}

const tableBegins, tableEnds = "<!-- made by `make compat` -->\n", "<!-- end of what is made -->\n"

// replaceTable writes text between the marks of a page.
func replaceTable(path, text string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(page), tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table: %q and %q", path, tableBegins, tableEnds)
	}
	return os.WriteFile(path, []byte(before+tableBegins+"\n"+text+"\n"+tableEnds+after), 0o644)
}

func tables(rows []row) string {
	works := [][]string{{"client", "version", "had from", "outlives its credentials", "STS refuses, life is left", "helper calls", "STS calls", "longest wait"}}
	fails := [][]string{{"client", "credproc's first line reaches its user", "the client ends with", "what it says itself"}}
	cannot := [][]string{{"client", "version", "had from", "why", "asked with such a profile, it says"}}
	absent := [][]string{{"client", "tried", "came to"}}
	for _, r := range rows {
		switch {
		case r.evidence != "":
			absent = append(absent, []string{r.name, code(r.command), code(r.evidence)})
		case r.cannot != "":
			cannot = append(cannot, []string{r.name, r.version, r.from, r.cannot, code(r.says)})
		default:
			works = append(works, []string{r.name, r.version, r.from, r.outlives(), r.survives(),
				fmt.Sprint(r.helperCalls), fmt.Sprint(r.stsCalls), fmt.Sprintf("%.2f s", r.wait.Seconds())})
			fails = append(fails, []string{r.name, yes(r.reaches), r.failed, code(r.says)})
		}
	}
	return "### They work\n\n" + markdown(works) +
		"\n### When the helper fails for good\n\n" + markdown(fails) +
		"\n### They know of no credential_process\n\n" + markdown(cannot) +
		"\n### Not had\n\n" + markdown(absent)
}

func (r *row) outlives() string {
	if r.expired < expiries {
		return fmt.Sprintf("**no**: %d expiries", r.expired)
	}
	return fmt.Sprintf("yes: %d expiries, %d requests", r.expired, r.requests)
}

func (r *row) survives() string { return yes(r.survived && r.refused > 0) }

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "**no**"
}

// code is text as it was printed.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`` " + strings.ReplaceAll(text, "|", "\\|") + " ``"
}

// markdown is a table that can be read as it stands, too.
func markdown(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	write := func(line []string, fill string) {
		for i, cell := range line {
			// The last column may be long: it needs no end.
			pad := widths[i] - utf8.RuneCountInString(cell)
			if i == len(line)-1 && fill == " " {
				pad = 0
			}
			text.WriteString("| " + cell + strings.Repeat(fill, pad) + " ")
		}
		text.WriteString("|\n")
	}
	write(lines[0], " ")
	write(make([]string, len(widths)), "-")
	for _, line := range lines[1:] {
		write(line, " ")
	}
	return text.String()
}

var (
	colours  = regexp.MustCompile("\x1b\\[[0-9;]*m")
	frames   = regexp.MustCompile(`[│╷╵\s]+`)
	dates    = regexp.MustCompile(`\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?`)
	hosts    = regexp.MustCompile(`(https?://)?127\.0\.0\.1:\d+`)
	requests = regexp.MustCompile(`(?i)(request id: )[0-9A-F]{8,}|(host id: )[0-9a-f]{8,}`)
	pages    = regexp.MustCompile(`https?://[^\s,;)]+`)
)

// plainWords is a program's text without what it adorns it with.
func plainWords(text string) string {
	return strings.TrimSpace(frames.ReplaceAllString(colours.ReplaceAllString(text, ""), " "))
}

// sentences are a text's lines, each with the lines that go on with it: in Go's
// and Ruby's words those that are indented, in Terraform's all after an "Error:".
func sentences(text string) (all []string) {
	open := false
	for line := range strings.Lines(text) {
		words := plainWords(line)
		switch {
		case words == "":
			open = false
		case len(all) > 0 && (open || line[0] == '\t' || line[0] == ' '):
			all[len(all)-1] += " " + words
		default:
			all = append(all, words)
			open = strings.HasPrefix(words, "Error: ")
		}
	}
	return all
}

// lastLine is the last that a text says.
func lastLine(text string) string {
	all := sentences(text)
	if len(all) == 0 {
		return "(nothing)"
	}
	return stable(all[len(all)-1])
}

// ownWords is what a client makes of credproc's failure: the last that it says
// about credentials, or the last that it says at all. It is the same each time.
func ownWords(text string, ofToday ...string) string {
	var own string
	about := false
	for _, sentence := range sentences(text) {
		credentials := strings.Contains(strings.ToLower(sentence), "credential")
		if strings.HasPrefix(sentence, "credproc: ") || about && !credentials {
			continue
		}
		own, about = sentence, credentials
	}
	return stable(strings.NewReplacer(ofToday...).Replace(own))
}

// stable takes out of a line what is another each time, or elsewhere.
func stable(line string) string {
	if home, err := os.UserHomeDir(); err == nil && home != "/" {
		line = strings.ReplaceAll(line, home+"/", "~/")
	}
	line = hosts.ReplaceAllString(line, "S3")
	line = pages.ReplaceAllString(line, "…")
	line = dates.ReplaceAllString(line, "…")
	line = requests.ReplaceAllString(line, "$1$2…")
	const most = 220
	if utf8.RuneCountInString(line) > most {
		line = string([]rune(line)[:most]) + " …"
	}
	return line
}
