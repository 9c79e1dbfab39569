package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/credproc/credproc/cmd/credproc/internal/settings"
)

const manLong = `Writes credproc.1 and credproc-COMMAND.1 for every command into a folder, which it
makes if need be. They say what --help says.`

const manExamples = `  # for packages, and for yourself
  credproc man build/man
  credproc man ~/.local/share/man/man1 && man credproc-exec`

func newMan() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "write the man pages into a folder",
		Long:    manLong,
		Example: manExamples,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &settings.Error{Text: "no folder is named", Hint: "say credproc man DIR"}
			}
			return noArgs(c, args[1:])
		},
		RunE: func(c *cobra.Command, args []string) error {
			n, err := writePages(c.Root(), args[0])
			if err != nil {
				return fmt.Errorf("writing man pages: %w", err)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "wrote %d man pages into %s\n", n, args[0])
			return err
		},

		DisableFlagsInUseLine: true,
	}
}

// writePages writes a page for each command that is not hidden, and returns how
// many these are.
func writePages(root *cobra.Command, dir string) (n int, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	for _, c := range append([]*cobra.Command{root}, root.Commands()...) {
		if c.Hidden {
			continue
		}
		c.InitDefaultHelpFlag()
		if err := writePage(filepath.Join(dir, pageName(c)+".1"), manPage(c, version)); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// writePage writes a file whole or not at all, and follows no link: the folder
// may be one in which others write too.
func writePage(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".credproc-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing, once it is renamed
	_, err = f.WriteString(text)
	if mode := f.Chmod(0o644); err == nil {
		err = mode
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manPage is a command's help in roff, for man(7). Its examples come early, as
// in the help.
func manPage(c *cobra.Command, version string) string {
	var p roff
	p.line(`.TH "%s" 1 "" "credproc %s" "AWS credentials that outlive the hour"`, escape(strings.ToUpper(pageName(c))), escape(version))
	p.line(".nh") // commands and variables are not to be hyphenated
	p.line(".SH NAME\n%s \\- %s", escape(pageName(c)), escape(c.Short))
	p.line(".SH SYNOPSIS")
	name, rest, _ := strings.Cut(strings.TrimPrefix(c.UseLine(), c.CommandPath()), " ")
	p.line(`.B %s`, escape(c.CommandPath()+name))
	p.text(rest)
	if c.Example != "" {
		p.line(".SH EXAMPLES")
		p.verbatim(c.Example)
	}
	p.line(".SH DESCRIPTION")
	if c.Long == "" {
		p.text(c.Short)
	}
	p.paragraphs(c.Long)
	if c.HasAvailableSubCommands() {
		p.line(".SH COMMANDS")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				p.line(".TP\n.BR %s (1)", escape(pageName(sub)))
				p.text(sub.Short)
			}
		}
	}
	p.line(".SH OPTIONS")
	c.LocalFlags().VisitAll(p.flag)
	if takesToken(c) {
		p.line(`.SH "THE WEB IDENTITY TOKEN"`)
		p.paragraphs(sources())
	}
	p.line(".SH SEE ALSO")
	if c.HasParent() {
		p.line(".BR credproc (1)")
	} else {
		p.text("https://github.com/credproc/credproc")
	}
	return p.String()
}

// roff is a page that is being written.
type roff struct{ strings.Builder }

func (p *roff) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// text is a paragraph that man fills.
func (p *roff) text(text string) {
	for line := range strings.Lines(text) {
		p.line("%s", atStart(escape(strings.TrimSpace(line))))
	}
}

// verbatim keeps the lines as they are.
func (p *roff) verbatim(text string) {
	p.line(".nf")
	for line := range strings.Lines(text) {
		p.line("%s", atStart(escape(strings.TrimRight(line, "\n"))))
	}
	p.line(".fi")
}

// paragraphs is text as it stands in help. What is indented there is a table.
func (p *roff) paragraphs(text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			p.line(".PP")
		}
		if strings.HasPrefix(paragraph, " ") || strings.Contains(paragraph, "\n ") {
			p.verbatim(paragraph)
		} else {
			p.text(paragraph)
		}
	}
}

func (p *roff) flag(f *pflag.Flag) {
	if f.Hidden {
		return
	}
	kind, usage := pflag.UnquoteUsage(f)
	name := `\fB` + escape("--"+f.Name) + `\fR`
	if f.Shorthand != "" {
		name = `\fB` + escape("-"+f.Shorthand) + `\fR, ` + name
	}
	if kind != "" {
		name += ` \fI` + escape(kind) + `\fR`
	}
	switch value := f.DefValue; {
	case value == "", value == "false", value == "[]", value == "0s" && f.Value.Type() == "duration":
	default:
		usage += fmt.Sprintf(" (default %s)", f.DefValue)
	}
	p.line(".TP\n%s", name)
	p.text(usage)
}

// escape writes text so that roff shows every sign as it is: its own would be
// typographic ones, which nobody can paste. See groff_char(7).
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '`':
			b.WriteString(`\(ga`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r == '"':
			b.WriteString(`\(dq`)
		case r > 0x7e:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// atStart keeps a line from being a request.
func atStart(line string) string {
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}
