package quote

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// awkward are values that some quoting gets wrong; no credentials look like them.
var awkward = []string{
	"", " ", "a", " leading", "trailing ", "two  spaces", "tab\there", "line\nline", "line\n", "\n", "\n\nline", "crlf\r\nline", "cr\r",
	"'", "''", "it's", "'quoted'", `"`, `""`, `"quoted"`, `"'"`, "\\", `\\`, `a\`, `a\\`, `\n`, `\'`, `\"`, `'\''`, `C:\dir\`,
	"$", "$$", "$HOME", "${HOME}", "$(id)", "`id`", "$env:HOME", "%PATH%", "!", "!!", "!$", "#", "# comment", "a #b", "a#b",
	"=", "==", "a=b", "a: b", ";", "a;b", "&", "|", "<<EOF", "*", "?", "[a]", "~", "~root", "{a,b}", "(a)", "-n", "--", "-e x",
	"ünïcödé", "日本", "🔑", "‘", "’‘", "‚‛'", "\u00a0", "\u2028", "\x01\x1b[31m\x7f", "export A=b", "A='b'",
	"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEOj//////////wEaCXVzLWVhc3QtMSJHMEUCIQ==", "eyJhbGciOiJI.eyJzdWI_.c2ln-x",
}

// values are the awkward ones, and random ones of the signs that matter.
func values(t *testing.T) []string {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	signs := []rune("ab'\"\\$`!# \t\n\r=;&|<>(){}[]*?~%^-:@‘’é🔑nrx0")
	all := awkward
	for range 400 {
		v := make([]rune, r.IntN(9))
		for i := range v {
			v[i] = signs[r.IntN(len(signs))]
		}
		all = append(all, string(v))
	}
	return all
}

func name(i int) string { return fmt.Sprintf("CREDPROC_TEST_%d", i) }

// shells are what reads quoted values in the way that users let it: from a
// pipe or a command substitution. They leave their environment on stdout.
var shells = []struct {
	program  []string
	quote    func(string) string
	variable string // its format
}{
	{[]string{"sh", "-c", posix}, POSIX, "export %s=%s\n"},
	{[]string{"dash", "-c", posix}, POSIX, "export %s=%s\n"},
	{[]string{"bash", "-c", posix}, POSIX, "export %s=%s\n"},
	{[]string{"bash", "--posix", "-c", posix}, POSIX, "export %s=%s\n"},
	{[]string{"bash", "-c", "set -o history -o histexpand; " + posix}, POSIX, "export %s=%s\n"},
	{[]string{"zsh", "-fc", posix}, POSIX, "export %s=%s\n"},
	{[]string{"zsh", "-fc", "setopt rcquotes banghist; " + posix}, POSIX, "export %s=%s\n"},
	{[]string{"mksh", "-c", posix}, POSIX, "export %s=%s\n"},
	{[]string{"busybox", "sh", "-c", posix}, POSIX, "export %s=%s\n"},
	{[]string{"fish", "--no-config", "-c", "source; exec env -0"}, Fish, "set -gx %s %s\n"},
	{[]string{"pwsh", "-NoProfile", "-NonInteractive", "-Command", "Invoke-Expression ([Console]::In.ReadToEnd()); env -0"}, PowerShell, "$env:%s = %s\n"},
}

const posix = `eval "$(cat)"; exec env -0`

func TestShells(t *testing.T) {
	all := values(t)
	for _, s := range shells {
		t.Run(strings.Join(s.program[:len(s.program)-1], " "), func(t *testing.T) {
			need(t, s.program[0])
			var text strings.Builder
			for i, v := range all {
				fmt.Fprintf(&text, s.variable, name(i), s.quote(v))
			}
			cmd := exec.Command(s.program[0], s.program[1:]...)
			cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
			cmd.Stdin = strings.NewReader(text.String())
			got := map[string]string{}
			for line := range strings.SplitSeq(output(t, cmd), "\x00") {
				name, value, _ := strings.Cut(line, "=")
				got[name] = value
			}
			compare(t, all, got)
		})
	}
}

// readers are what reads dotenv files; each prints a JSON object.
var readers = []struct {
	name    string
	command func(t *testing.T, path string) *exec.Cmd
}{
	{"godotenv", func(t *testing.T, path string) *exec.Cmd {
		need(t, "go")
		reader := filepath.Join(t.TempDir(), "reader")
		build := exec.Command("go", "build", "-o", reader, ".")
		build.Dir = filepath.Join("testdata", "godotenv")
		if text, err := build.CombinedOutput(); err != nil {
			t.Skipf("NOT RUN: godotenv cannot be built: %v\n%s", err, text)
		}
		return exec.Command(reader, path)
	}},
	{"node", func(t *testing.T, path string) *exec.Cmd {
		need(t, "node")
		return exec.Command("node", "--env-file="+path, "-p", "JSON.stringify(process.env)")
	}},
	{"python-dotenv", func(t *testing.T, path string) *exec.Cmd {
		need(t, "python3")
		if exec.Command("python3", "-c", "import dotenv").Run() != nil {
			t.Skip("NOT RUN: python3 has no python-dotenv here")
		}
		return exec.Command("python3", "-c", "import dotenv, json, sys; print(json.dumps(dotenv.dotenv_values(sys.argv[1])))", path)
	}},
}

func TestDotenv(t *testing.T) {
	var all []string
	var text bytes.Buffer
	for _, v := range values(t) {
		quoted, err := Dotenv(v)
		if err != nil {
			continue // better nothing than something else
		}
		fmt.Fprintf(&text, "%s=%s\n", name(len(all)), quoted)
		all = append(all, v)
	}
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, r := range readers {
		t.Run(r.name, func(t *testing.T) {
			got := map[string]string{}
			if err := json.Unmarshal([]byte(output(t, r.command(t, path))), &got); err != nil {
				t.Fatal(err)
			}
			compare(t, all, got)
		})
	}
}

// What credentials are made of needs no quotes, which docker would keep.
func TestDotenvOfCredentialsIsPlain(t *testing.T) {
	for _, v := range []string{"ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY=", "eyJh.eyJ_.c2ln-x", "2026-11-12T14:03:10Z", "eu-west-1", ""} {
		if got, err := Dotenv(v); got != v || err != nil {
			t.Errorf("Dotenv(%q) = %q, %v", v, got, err)
		}
	}
}

// What no reader here can confirm where PowerShell is not installed.
func TestPowerShell(t *testing.T) {
	for in, want := range map[string]string{
		"":            "''",
		"a b":         "'a b'",
		"it's":        "'it''s'",
		"‘a’ ‚b‛":     "'‘‘a’’ ‚‚b‛‛'",
		"$env:A `n\"": "'$env:A `n\"'",
	} {
		if got := PowerShell(in); got != want {
			t.Errorf("PowerShell(%q) = %s, not %s", in, got, want)
		}
	}
}

func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("NOT RUN: %s is not installed", program)
	}
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	return string(text)
}

func compare(t *testing.T, want []string, got map[string]string) {
	t.Helper()
	for i, v := range want {
		if got[name(i)] != v {
			t.Errorf("%q was read as %q", v, got[name(i)])
		}
	}
}
