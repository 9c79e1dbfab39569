package main

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/credproc/credproc/cmd/credproc/internal/diagnosis"
	"github.com/credproc/credproc/cmd/credproc/internal/precedence"
)

// What people read fits 80 columns wherever words allow, the worst first, and
// is coloured on request only.
func TestDoctorText(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	long := strings.Repeat("word ", 40)
	x := examination{Profile: "p", From: "AWS_PROFILE"}
	x.Findings.OK("a", "", "fine")
	x.Findings.Warn("b", "", long, long)
	x.Findings.Problem("c", "", "/home/me/.aws/config:3 "+long, long)
	for _, sdk := range precedence.SDKs() {
		x.picks = append(x.picks, precedence.Of(sdk, precedence.Here{Lookup: os.LookupEnv}, "nowhere", false))
	}
	text := x.text(false)
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	problem, warning, fine := strings.Index(text, "problem  ~/.aws/config:3"), strings.Index(text, "warning "), strings.Index(text, "ok       fine")
	if problem < 0 || warning < problem || fine < warning {
		t.Errorf("not sorted: %s", text)
	}
	if strings.Contains(text, "\x1b") || !strings.Contains(x.text(true), "\x1b[31mproblem") {
		t.Error("colours where none are wanted, or none where they are")
	}
	if rank(diagnosis.Problem) != 0 {
		t.Error("problems are not first")
	}
}

// A file is no terminal, and neither is anything for who wants no colours.
func TestDoctorColour(t *testing.T) {
	screen, err := os.Open("/dev/tty")
	if err != nil {
		screen, err = os.Open("/dev/null") // a character device will do
	}
	if err != nil {
		t.Skip("not run: ", err)
	}
	defer screen.Close()
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	if !coloured(screen) || coloured(new(strings.Builder)) {
		t.Error("a terminal is not told from others")
	}
	t.Setenv("NO_COLOR", "1")
	if coloured(screen) {
		t.Error("NO_COLOR is not heard")
	}
}
