package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// visible are credproc and all commands that its help lists.
func visible(t *testing.T) []*cobra.Command {
	t.Helper()
	root := newRoot([]string{"--help"})
	all := []*cobra.Command{root}
	for _, c := range root.Commands() {
		if !c.Hidden {
			all = append(all, c)
		}
	}
	if len(all) < 12 {
		t.Fatalf("there are but %d commands", len(all))
	}
	return all
}

func helpOf(t *testing.T, c *cobra.Command) string {
	t.Helper()
	var b bytes.Buffer
	c.SetOut(&b)
	c.InitDefaultHelpFlag()
	if err := c.Help(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every command says in a line what it does, then shows it, then explains it.
func TestHelpStartsWithExamples(t *testing.T) {
	for _, c := range visible(t) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			if c.Short == "" || c.Long == "" || c.Example == "" {
				t.Fatalf("short %q, long %q, example %q", c.Short, c.Long, c.Example)
			}
			text := helpOf(t, c)
			begin := c.Short + "\n\nExamples:\n" + c.Example + "\n\n" + c.Long + "\n\nUsage:\n  credproc"
			if !strings.HasPrefix(text, begin) {
				t.Errorf("it begins\n%.400s", text)
			}
			usage, flags := strings.Index(text, "\nUsage:\n"), strings.Index(text, "\nFlags:\n")
			if flags < usage {
				t.Errorf("flags stand at %d, usage at %d", flags, usage)
			}
			if !strings.Contains(c.Example, "credproc") || !strings.HasPrefix(c.Example, "  # ") {
				t.Errorf("no example: %q", c.Example)
			}
			if strings.Contains(c.Short, "\n") || strings.HasSuffix(c.Short, ".") || strings.HasSuffix(text, "\n\n") {
				t.Errorf("short %q, end %q", c.Short, text[len(text)-20:])
			}
			for line := range strings.Lines(text) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpWidth || strings.Contains(line, "\t") {
					t.Errorf("%d columns: %q", n, line)
				}
			}
		})
	}
}

// A word that is not among commandWords would be an argument that get refuses.
func TestHelpNamesCommandsThatAreThere(t *testing.T) {
	for _, c := range visible(t)[1:] {
		if !slices.Contains(commandWords, c.Name()) {
			t.Errorf("%s is not among the words that are commands", c.Name())
		}
		if found, _, err := newRoot([]string{c.Name()}).Find([]string{c.Name()}); err != nil || found.Name() != c.Name() {
			t.Errorf("%s leads to %v, %v", c.Name(), found, err)
		}
	}
}
