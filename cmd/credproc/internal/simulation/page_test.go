package simulation

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var docs = flag.String("docs", "", "run everything and write the figures into the page in this `folder`")

// whole reports whether more is wanted than the promises on a few days.
func whole() bool { return *docs != "" }

const pageName = "reliability.md"

// publish prints a table, and puts it between its two marks in the page.
func publish(t *testing.T, name, text string) {
	t.Helper()
	t.Logf("%s\n%s", name, text)
	if !whole() || t.Failed() {
		return
	}
	path := filepath.Join(*docs, pageName)
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first, last := "<!-- "+name+": made by make simulate -->\n", "<!-- end of "+name+" -->"
	before, rest, ok := strings.Cut(string(page), first)
	_, after, ended := strings.Cut(rest, last)
	if !ok || !ended {
		t.Fatalf("%s has no place for %s", path, name)
	}
	if err := os.WriteFile(path, []byte(before+first+text+last+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
