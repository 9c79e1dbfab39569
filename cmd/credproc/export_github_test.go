package main

import (
	"maps"
	"strings"
	"testing"
)

// The runner itself needs GitHub; this is how it reads.
// Source: actions/runner, src/Runner.Worker/FileCommandManager.cs, SetEnvFileCommand.
func readWorkflow(t *testing.T, text string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line == "" {
			continue
		}
		name, value, assigns := strings.Cut(line, "=")
		before, end, heredoc := strings.Cut(line, "<<")
		switch {
		case assigns && (!heredoc || len(name) < len(before)):
			got[name] = value
		case heredoc:
			i := strings.Index("\n"+text, "\n"+end+"\n")
			if i < 0 || before == "" || end == "" {
				t.Fatalf("no end of %q", line)
			}
			got[before] = strings.TrimSuffix(text[:i], "\n")
			text = text[i+len(end)+1:]
		default:
			t.Fatalf("the runner does not understand %q", line)
		}
	}
	return got
}

func TestWorkflow(t *testing.T) {
	for _, value := range []string{"", "a", "=", "==", "a=b<<c", "<<EOF", "a\nb", "a\n", "\n", "\n\na", "credproc_\ncredproc_", " a ", "%0A%", "::add-mask::b\r\n::set-env name=A::b", "ü"} {
		masks, values := workflow([]variable{{"AWS_SECRET_ACCESS_KEY", value}, {"AWS_REGION", "eu-west-1"}})
		want := map[string]string{"OTHER": "x", "AWS_SECRET_ACCESS_KEY": value, "AWS_REGION": "eu-west-1"}
		if got := readWorkflow(t, "OTHER=x\n\n"+values); !maps.Equal(got, want) {
			t.Errorf("%q was read as %q", want, got)
		}
		// actions/runner, src/Runner.Common/ActionCommand.cs, UnescapeData
		masked, ok := strings.CutPrefix(strings.TrimSuffix(masks, "\n"), "::add-mask::")
		masked = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(masked)
		if masked != value || ok != (value != "") || strings.Count(masks, "\n") > 1 {
			t.Errorf("%q is masked by %q", value, masks)
		}
	}
}
