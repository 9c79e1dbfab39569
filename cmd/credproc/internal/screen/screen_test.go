package screen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMiddle(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{
		{"migrator", 8, "migrator"},
		{"migrator", 7, "mig…tor"},
		{"migrator", 4, "mi…r"},
		{"migrator", 1, "…"},
		{"", 1, ""},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日…語"},
		{"日本語", 4, "日…"},
	} {
		got := Middle(test.text, test.n)
		if got != test.want || Width(got) > test.n {
			t.Errorf("Middle(%q, %d) = %q, not %q", test.text, test.n, got, test.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text     string
		n, lines int
		want     string
	}{
		{"", 5, 3, ""},
		{"one two", 7, 3, "one two"},
		{"one two", 6, 3, "one|two"},
		{"abcdefgh ij", 3, 9, "abc|def|gh|ij"},
		{"abcdefgh ij", 5, 9, "abcde|fgh|ij"},
		{"abcdefgh ij", 6, 9, "abcdef|gh ij"},
		{"one two three", 5, 2, "one|two…"},
		{"aaaaa bbbbb ccccc", 5, 2, "aaaaa|bbbb…"},
		{"日本語", 4, 3, "日本|語"},
		{"日本語", 1, 3, "日|本|語"},
	} {
		if got := strings.Join(Wrap(test.text, test.n, test.lines), "|"); got != test.want {
			t.Errorf("Wrap(%q, %d, %d) = %q, not %q", test.text, test.n, test.lines, got, test.want)
		}
	}
}

func TestBar(t *testing.T) {
	for _, test := range []struct {
		share float64
		want  string
	}{
		{-1, "░░░░"}, {0, "░░░░"}, {0.001, "▌░░░"}, {0.25, "█░░░"}, {0.5, "██░░"}, {0.63, "██▌░"}, {0.99, "████"}, {1, "████"}, {7, "████"},
	} {
		if got := Bar(test.share, 4); got != test.want {
			t.Errorf("Bar(%v) = %s, not %s", test.share, got, test.want)
		}
	}
	if got := Bar(0.5, 0); got != "" {
		t.Errorf("of no width: %q", got)
	}
}

func TestRow(t *testing.T) {
	columns := []Column{{Width: 5, Right: true}, {}, {Width: 6}, {Width: 4}}
	for _, test := range []struct {
		cells []Cell
		want  string
	}{
		{[]Cell{{"1", Plain}, {"hidden", Plain}, {"two", Plain}, {"3", Plain}}, "    1  two     3"},
		{[]Cell{{"1", Red}, {"", Plain}, {"two", Plain}, {"", Red}}, "    \x1b[31m1\x1b[0m  two"},
		{[]Cell{{"", Plain}, {"", Plain}, {"", Plain}, {"3", Plain}}, strings.Repeat(" ", 15) + "3"},
		{[]Cell{{"1234567", Plain}, {"", Plain}, {"abcdefgh", Plain}}, "12…67  abc…gh"},
	} {
		if got := Row(columns, test.cells...); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	if got := Rest(30, columns...); got != 30-7-8-6 {
		t.Errorf("%d are left", got)
	}
}

func TestColumns(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "no terminal"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for text, want := range map[string]int{"": 80, "0": 80, "-5": 80, "1e3": 80, "99999999999999999999": 80, "100000000": 80, "1": Least, "132": 132} {
		for _, out := range []*os.File{f, nil} {
			if got := Columns(out, func(string) string { return text }); got != want {
				t.Errorf("COLUMNS=%s: %d, not %d", text, got, want)
			}
		}
	}
}
