package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// manPages writes the pages into a folder of the test.
func manPages(t *testing.T) []string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "man1")
	n, err := writePages(newRoot([]string{"man"}), dir)
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(paths) != n || n < 12 {
		t.Fatalf("wrote %d of %q, %v", n, paths, err)
	}
	return paths
}

// Whoever reads man pages finds no fault with ours.
func TestManPagesAreClean(t *testing.T) {
	for _, tool := range [][]string{
		{"groff", "-man", "-ww", "-z"},
		{"mandoc", "-Tlint", "-W", "error"},
		{"man", "--warnings", "-E", "UTF-8", "-Tutf8", "-Z", "-l"},
	} {
		t.Run(tool[0], func(t *testing.T) {
			if _, err := exec.LookPath(tool[0]); err != nil {
				t.Skipf("NOT RUN: %v", err)
			}
			for _, path := range manPages(t) {
				c := exec.Command(tool[0], append(tool[1:], path)...)
				var said strings.Builder
				c.Stderr = &said
				if tool[0] != "man" { // which writes the page
					c.Stdout = &said
				}
				if err := c.Run(); err != nil || said.Len() > 0 {
					t.Errorf("%s: %v\n%s", filepath.Base(path), err, &said)
				}
			}
		})
	}
}

// What is to be pasted looks on the page as it looks in the help.
func TestManPagesSayWhatHelpSays(t *testing.T) {
	if _, err := exec.LookPath("groff"); err != nil {
		t.Skipf("NOT RUN: %v", err)
	}
	paths := manPages(t)
	for _, c := range visible(t) {
		var path string
		for _, p := range paths {
			if filepath.Base(p) == pageName(c)+".1" {
				path = p
			}
		}
		c.InitDefaultHelpFlag()
		text, err := exec.Command("groff", "-man", "-Tutf8", "-P-cbou", "-rLL=120n", path).Output()
		if err != nil {
			t.Errorf("%s: %v", pageName(c), err)
		}
		page := string(text)
		for line := range strings.Lines(c.Example + "\n" + sourcesFor(t, c)) {
			if line = strings.TrimSpace(line); !strings.Contains(page, line) {
				t.Errorf("%s: the page lacks %q", pageName(c), line)
			}
		}
		for _, word := range strings.Fields(c.Short + " " + c.Long + " " + c.LocalFlags().FlagUsages()) {
			word = strings.Trim(word, `"()`)
			if !strings.Contains(page, word) {
				t.Errorf("%s: the page lacks %q", pageName(c), word)
			}
		}
	}
}

// sourcesFor is the table of token sources where a command shows it.
func sourcesFor(t *testing.T, c *cobra.Command) string {
	t.Helper()
	if !takesToken(c) {
		return ""
	}
	table, _, _ := strings.Cut(sources(), "\n\n")
	return table
}

// A link that somebody has put into the folder is replaced, not followed.
func TestManPagesFollowNoLink(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	pages := filepath.Join(dir, "man1")
	if err := os.Mkdir(pages, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(pages, "credproc.1")); err != nil {
		t.Skipf("NOT RUN: %v", err)
	}
	if _, err := writePages(newRoot([]string{"man"}), pages); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "mine" {
		t.Errorf("the file behind the link holds %.20q, %v", text, err)
	}
}

// roff has signs of its own.
func TestManEscapes(t *testing.T) {
	for text, want := range map[string]string{
		`.a`: `\&.a`, `'a' \b`: `\(aqa\(aq \eb`, "`x`-y": `\(gax\(ga\-y`, "~^": `\(ti\(ha`, "…": `\[u2026]`, `"`: `\(dq`,
	} {
		if got := atStart(escape(text)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
