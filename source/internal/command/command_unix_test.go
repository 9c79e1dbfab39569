//go:build unix

package command

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var exit *exec.ExitError
	for _, test := range []struct {
		name           string
		command        Command
		stdout, stderr string
		err            func(error) bool
	}{
		{"program", Command{Program: []string{"echo", "a b", "$c"}}, "a b $c\n", "", nil},
		{"shell", Command{Shell: "echo 'a b' | tr a c; echo d >&2", Program: []string{"false"}}, "c b\n", "d\n", nil},
		{"variables", Command{Shell: "echo $CREDPROC_TEST ${HOME:+home}", Env: []string{"CREDPROC_TEST=it"}}, "it home\n", "", nil},
		{"an environment and a folder", Command{Shell: "pwd; echo ${HOME:-none} $A", Environ: []string{"A=a"}, Dir: "/"}, "/\nnone a\n", "", nil},
		{"a folder that is gone", Command{Shell: "pwd", Dir: "/no/such/folder"}, "/\n", "", nil},
		{"as much as it may", Command{Shell: "printf 123456789012"}, "123456789012", "", nil},
		{"too much", Command{Shell: "printf 1234567890123; sleep 600"}, "", "", func(err error) bool { return err == ErrOutput }},
		{"fails", Command{Shell: "echo no >&2; exit 3"}, "", "no\n", func(err error) bool { return errors.As(err, &exit) && exit.ExitCode() == 3 }},
		{"is not there", Command{Program: []string{"credproc-test-none"}}, "", "", func(err error) bool { return errors.Is(err, exec.ErrNotFound) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("HOME", "/")
			test.command.MaxOutput = 12
			stdout, stderr, err := test.command.Run(t.Context())
			if string(stdout) != test.stdout || stderr != test.stderr {
				t.Errorf("printed %q, %q", stdout, stderr)
			}
			if test.err == nil && err != nil || test.err != nil && !test.err(err) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := (Command{Shell: "sleep 600"}).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// Of a long stderr the end is kept, from the beginning of a word.
func TestTail(t *testing.T) {
	var keeps tail
	for range 10 {
		keeps.Write([]byte(strings.Repeat("word ", tailRoom/10)))
	}
	keeps.Write([]byte("end"))
	if got := keeps.String(); len(got) > tailRoom || len(got) < tailRoom/2 || !strings.HasPrefix(got, " word ") || !strings.HasSuffix(got, "word end") {
		t.Errorf("kept %d bytes: %.20q", len(got), got)
	}
	var endless tail
	endless.Write([]byte(strings.Repeat("x", tailRoom+1)))
	if endless.String() != "" {
		t.Error("kept a part of a word")
	}
}
