package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/diagnosis"
	"github.com/credproc/credproc/cmd/credproc/internal/precedence"
)

// An examination is what doctor found. The names in JSON are documented in
// docs/troubleshooting.md and never change.
type examination struct {
	Profile  string             `json:"profile"`
	From     string             `json:"profileFrom"` // --profile, a variable, or empty
	Problems int                `json:"problems"`
	Warnings int                `json:"warnings"`
	Findings diagnosis.Findings `json:"findings"`
	SDKs     []sdkChoice        `json:"sdks"`

	picks, inCode []precedence.Pick // of the same SDKs
}

// An sdkChoice is what one SDK would use.
type sdkChoice struct {
	ID   string `json:"sdk"`
	Name string `json:"name"`
	choice
	InCode choice `json:"profileInCode"` // if the program itself names the profile
}

type choice struct {
	Source precedence.Source `json:"source"`
	Place  string            `json:"place,omitempty"`   // what decides
	Runs   string            `json:"process,omitempty"` // FILE:LINE of the credential_process that is run
	Rule   string            `json:"rule,omitempty"`    // where that is written
}

func choose(p precedence.Pick) choice { return choice{p.Source, p.Place, p.CommandPlace, p.Rule} }

func (x *examination) print(out io.Writer, asJSON bool) error {
	if asJSON {
		x.Problems, x.Warnings = x.Findings.Count(diagnosis.Problem), x.Findings.Count(diagnosis.Warning)
		for i, p := range x.picks {
			x.SDKs = append(x.SDKs, sdkChoice{p.SDK.ID(), p.SDK.Name(), choose(p), choose(x.inCode[i])})
		}
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		_ = e.Encode(x) // a builder takes everything
		_, err := io.WriteString(out, printable(b.String()))
		return err
	}
	_, err := io.WriteString(out, x.text(coloured(out)))
	return err
}

// coloured reports whether out is a terminal whose user has nothing against
// colours (no-color.org).
func coloured(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// width is what a line may take, in characters, where words allow.
const width = 80

func (x *examination) text(colour bool) string {
	var b strings.Builder
	from := ""
	if x.From != "" {
		from = ", from " + x.From
	}
	fmt.Fprintf(&b, "profile %s%s\n\n", printable(oneLine(x.Profile)), from)
	sorted := slices.Clone(x.Findings)
	slices.SortStableFunc(sorted, func(a, b diagnosis.Finding) int { return rank(a.Level) - rank(b.Level) })
	for _, f := range sorted {
		label := fmt.Sprintf("%-9s", f.Level)
		lines := wrap(forPeople(f.Text), width-len(label))
		if colour {
			label = shade(f.Level) + label + "\x1b[0m"
		}
		fmt.Fprintf(&b, "%s%s\n", label, strings.Join(lines, "\n         "))
		if f.Action != "" {
			fmt.Fprintf(&b, "         → %s\n", strings.Join(wrap(forPeople(f.Action), width-11), "\n           "))
		}
	}
	b.WriteString("\nwhich credentials each SDK would use here:\n")
	var said []string
	for _, p := range x.picks {
		what := uses(p)
		if slices.Contains(said, what) {
			continue
		}
		said = append(said, what)
		var who []string
		for _, other := range x.picks {
			if uses(other) == what {
				who = append(who, other.SDK.Name())
			}
		}
		lines := wrap(forPeople(strings.Join(who, ", ")+": "+what), width-4)
		fmt.Fprintf(&b, "  %s\n", strings.Join(lines, "\n    "))
	}
	return b.String()
}

func rank(l diagnosis.Level) int {
	return slices.Index([]diagnosis.Level{diagnosis.Problem, diagnosis.Warning, diagnosis.OK}, l)
}

func shade(l diagnosis.Level) string {
	switch l {
	case diagnosis.Problem:
		return "\x1b[31m"
	case diagnosis.Warning:
		return "\x1b[33m"
	default:
		return "\x1b[32m"
	}
}

// uses says in words what an SDK picks.
func uses(p precedence.Pick) string {
	of := ""
	if p.Place != "" {
		of = " of " + p.Place
	}
	never := " — credproc is not called"
	if p.CommandPlace != "" {
		never = ""
	}
	switch p.Source {
	case precedence.Process:
		who := "credential_process"
		if diagnosis.RunsCredproc(p.Command) {
			who = "credproc"
		}
		return who + of
	case precedence.Environment:
		return "access key" + of + never
	case precedence.WebIdentity:
		return "web identity" + of + never
	case precedence.Static:
		return "access key" + of + never
	case precedence.AssumeRole:
		if p.CommandPlace != "" {
			return "a role" + of + ", with what " + p.CommandPlace + " prints"
		}
		return "a role" + of + never
	case precedence.SSO:
		return "IAM Identity Center" + of + never
	case precedence.Container:
		return "the container endpoint" + of + never
	case precedence.Instance:
		return "the instance's metadata service, if there is one" + never
	case precedence.None:
		return "nothing" + never
	case precedence.Fails:
		return "stops with an error, for " + p.Place
	default:
		return "not known"
	}
}

// forPeople writes the user's home as ~, and what others wrote so that it does
// nothing to a terminal.
func forPeople(text string) string {
	home, err := os.UserHomeDir()
	if err == nil && len(home) > 1 {
		text = strings.ReplaceAll(text, home+string(os.PathSeparator), "~"+string(os.PathSeparator))
	}
	return printable(text)
}

// wrap breaks text between words into lines of at most n characters; a longer
// word has a line of its own, so that a path can be copied.
func wrap(text string, n int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len([]rune(*last))+1+len([]rune(word)) <= n:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
