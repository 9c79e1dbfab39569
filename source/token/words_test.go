package token

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string
	}{
		{"get", []string{"get"}},
		{"  get\ta  b\n", []string{"get", "a", "b"}},
		{"get 'a b' \"c d\"", []string{"get", "a b", "c d"}},
		{"get a'b c'd\"e f\"", []string{"get", "ab cde f"}},
		{"get '' \"\"", []string{"get", "", ""}},
		{`sh -c 'get | tail -1; echo $HOME'`, []string{"sh", "-c", "get | tail -1; echo $HOME"}},
		{`get '{"aud": "a"}'`, []string{"get", `{"aud": "a"}`}},
		{`get *.txt ~ #x a=b`, []string{"get", "*.txt", "~", "#x", "a=b"}},
		{`get "it's"`, []string{"get", "it's"}},
		{`get ä '→ x'`, []string{"get", "ä", "→ x"}},
	} {
		if got, err := words(test.line); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, %v", test.line, got, err)
		}
	}
	for _, test := range []struct{ line, says string }{
		{"", "no command"}, {"  ", "no command"}, {"''", "no command"},
		{"get 'a", "without its partner"}, {`get "a`, "without its partner"},
		{"a | b", "a | that"}, {"a > b", "a > that"}, {"a; b", "a ; that"}, {"a && b", "a & that"},
		{"a $B", "a $ that"}, {`a "$B"`, "a $ that"}, {"a `b`", "a ` that"}, {"a $(b)", "a $ that"}, {"(a)", "a ( that"},
	} {
		if got, err := words(test.line); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %q, %v", test.line, got, err)
		}
	}
}

func TestWordsWithBackslash(t *testing.T) {
	if runtime.GOOS == "windows" {
		got, err := words(`"C:\Program Files\get.exe" C:\a`)
		if err != nil || !slices.Equal(got, []string{`C:\Program Files\get.exe`, `C:\a`}) {
			t.Errorf("%q, %v", got, err)
		}
		return
	}
	got, err := words(`get a\ b \'c \"d "e\"\$f\g" '\h' \|`)
	if want := []string{"get", "a b", "'c", `"d`, `e"$f\g`, `\h`, "|"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := words(`get \`); err == nil || !strings.Contains(err.Error(), "backslash") {
		t.Errorf("%v", err)
	}
}
