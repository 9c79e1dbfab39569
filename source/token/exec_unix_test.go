//go:build unix

package token

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/credproc/credproc/source/internal/command/commandtest"
)

// script puts a command on PATH that does what its body says.
func script(t *testing.T, name, body string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestExec(t *testing.T) {
	raw := jwt(rs256, someone)
	t.Setenv("RAW", raw)
	const shape = `{"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:%s","id_token":"%s"%s}`
	for _, test := range []struct{ name, command string }{
		{"JWT", `sh -c 'echo $RAW'`},
		{"no new line", `printenv RAW`},
		{"white space", `sh -c 'printf " \n%s\r\n\n" $RAW'`},
		{"id_token", `printf %s '` + fmt.Sprintf(shape, "id_token", raw, `,"expiration_time":1620433341`) + `'`},
		{"jwt", `printf "\n%s\n" '` + fmt.Sprintf(shape, "jwt", raw, "") + `'`},
		{"noise on stderr", `sh -c 'echo deprecated >&2; echo $RAW'`},
		{"nothing on stdin", `sh -c 'read x || echo $RAW'`},
		{"a session of its own", `sh -c 'test ! -e /proc/$$/stat || test "$(cut -d" " -f6 /proc/$$/stat)" = $$ && echo $RAW'`},
		{"leaves something running", ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "leaves something running" {
				pid := filepath.Join(t.TempDir(), "pid")
				test.command = `sh -c 'sleep 600 & echo $! >` + pid + `; echo $RAW'`
				defer func() { syscall.Kill(commandtest.PID(t, pid), syscall.SIGKILL) }()
			}
			s := mustNew("exec:"+test.command, nil)
			tok, err := s.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if tok.Raw() != raw || tok.Identity().Digest != s.Identity().Digest || !s.Renewable() {
				t.Errorf("got %v", tok)
			}
		})
	}
}

func TestExecFails(t *testing.T) {
	raw := jwt(rs256, someone)
	t.Setenv("RAW", raw)
	google := func(text string) string { return "printf %s '" + text + "'" }
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plain"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, command string
		problem       Problem
		says          string
	}{
		{"no command", "credproc-test-none", Missing, "from command credproc-test-none cannot be asked for: there is no such command"},
		{"no file", "/nonexistent/get", Missing, "there is no such command"},
		{"not executable", filepath.Join(dir, "plain"), Unreadable, "cannot be run: permission denied"},
		{"a directory", dir, Unreadable, "cannot be run"},
		{"silent", "true", Malformed, "is empty"},
		{"HTML", `sh -c 'echo "<html>$RAW"'`, Malformed, "not a JWT"},
		{"two lines", `sh -c 'echo token; echo $RAW'`, Malformed, "not a JWT"},
		{"fails", `sh -c 'echo $RAW; echo "log in first" >&2; exit 3'`, Unreadable, "the command failed with exit status 3: log in first"},
		{"fails silently", "false", Unreadable, "failed with exit status 1"},
		{"dies", `sh -c 'kill -9 $$'`, Unreadable, "signal: killed"},
		{"says the token on stderr", `sh -c 'echo $RAW; echo "got $RAW" >&2; exit 1'`, Unreadable, "got [removed]"},
		{"says its opaque output on stderr", `sh -c 'echo opaque-secret; echo "+ opaque-secret" >&2; exit 1'`, Unreadable, "+ [removed]"},
		{"control characters", `sh -c 'printf "\033[31mred\a\n" >&2; exit 1'`, Unreadable, "[31mred"},
		{"much on stderr", `sh -c 'yes noise | head -c 1000000 >&2; echo the end >&2; exit 1'`, Unreadable, "the end"},
		{"a token across the cut", `sh -c 'printf %s $RAW >&2; yes "" | head -c 32728 >&2; exit 1'`, Unreadable, "failed with exit status 1"},
		{"1 MB", `sh -c 'echo $RAW; yes x | head -c 1000000'`, Malformed, "more than 262144 bytes"},
		{"endless", "yes", Malformed, "more than 262144 bytes"},
		{"JSON of another kind", google(`{"token":"` + raw + `"}`), Malformed, "not version 1 of executable-sourced credentials"},
		{"another version", google(`{"version":2,"success":true,"token_type":"urn:ietf:params:oauth:token-type:jwt","id_token":"` + raw + `"}`), Malformed, "not version 1"},
		{"no success", google(`{"version":1,"token_type":"urn:ietf:params:oauth:token-type:jwt","id_token":"` + raw + `"}`), Malformed, "not version 1"},
		{"SAML", google(`{"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:saml2","saml_response":"` + raw + `"}`), Malformed, "token_type"},
		{"no token", google(`{"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:jwt"}`), Malformed, "without an id_token"},
		{"broken JSON", google(`{"version":1,"success":true,"id_token":"` + raw), Malformed, "cannot be read"},
		{"refused", google(`{"version":1,"success":false,"code":"401","message":"Caller not authorized."}`), Refused, "was refused: 401: Caller not authorized."},
		{"refused and failed", `sh -c 'printf %s "{\"version\":1,\"success\":false,\"code\":\"401\",\"message\":\"no $RAW\"}"; exit 1'`, Refused, "was refused: 401: no [removed]"},
		{"EdDSA", "echo " + jwt(`{"alg":"EdDSA"}`, someone), BadAlgorithm, "EdDSA"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := mustNew("exec:"+test.command, nil).(*Exec)
			e.limit = time.Hour // what is too much ends by itself
			_, err := e.Token(t.Context())
			wantProblem(t, err, test.problem, test.says)
			wantHidden(t, err.Error(), raw)
			for _, secret := range []string{"opaque-secret", "html"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("it quotes stdout: %v", err)
				}
			}
			if len(err.Error()) > 700 {
				t.Errorf("it has %d bytes", len(err.Error()))
			}
		})
	}
}

// A command that takes too long dies with all that it started.
func TestExecEnds(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, e *Exec, started func()) error
	}{
		{"with the context", func(t *testing.T, e *Exec, started func()) error {
			ctx, cancel := context.WithCancel(t.Context())
			go func() { started(); cancel() }()
			_, err := e.Token(ctx)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v is not the context's error", err)
			}
			return err
		}},
		{"at its limit", func(t *testing.T, e *Exec, started func()) error {
			e.limit = 3 * time.Second
			_, err := e.Token(t.Context())
			started()
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			parent, child := filepath.Join(dir, "parent"), filepath.Join(dir, "child")
			e := mustNew("exec:sh -c 'trap \"\" TERM INT HUP; echo $$ >"+parent+"; sh -c \"echo \\$\\$ >"+child+"; sleep 600\"; sleep 600'", nil).(*Exec)
			err := test.run(t, e, func() { commandtest.PID(t, parent); commandtest.PID(t, child) })
			wantProblem(t, err, Unreachable, "the command did not finish in time")
			for _, path := range []string{parent, child} {
				commandtest.Gone(t, commandtest.PID(t, path))
			}
		})
	}
}

// A relative program is another one in another folder; arguments count too.
func TestExecIdentity(t *testing.T) {
	id := func(line string) string { return mustNew("exec:"+line, nil).Identity().Digest }
	plain, relative := id("get token"), id("./get token")
	if id("get  'token'") != plain || id("get other") == plain || id("gettoken") == plain || relative == plain {
		t.Error("the words do not make the identity")
	}
	t.Chdir(t.TempDir())
	if id("get token") != plain || id("./get token") == relative {
		t.Error("the folder counts where it should not, or not where it should")
	}
}

// The commands of CI systems, by scripts that check how they are called.
func TestCommands(t *testing.T) {
	raw := jwt(rs256, someone)
	t.Setenv("RAW", raw)
	const audience = "https://a b/'\"$x"
	const words = `printf '[%s]' "$@" >"$LOG"; echo "$BUILDKITE_AGENT_OIDC_REQUEST_TOKEN_SKIP_TOKEN_REDACTION" >>"$LOG"; `
	json := `[{"svids":[{"hint":"","spiffe_id":"spiffe://x/y","svid":"'$RAW'"},{"svid":"second"}]},{"bundles":{"spiffe://x":"e30="}}]`
	text := "token(spiffe://x/y):\n\t'$RAW'\nbundle(spiffe://x):\n\t{}\n"
	for _, test := range []struct {
		name, spec string
		env        map[string]string
		program    string
		prints     string
		args       string
	}{
		{"buildkite", "buildkite", nil, "buildkite-agent", "$RAW", "[oidc][request-token][--audience][" + audience + "]true"},
		{"buildkite with the job API", "buildkite", map[string]string{"BUILDKITE_AGENT_JOB_API_SOCKET": "/x"}, "buildkite-agent", "$RAW",
			"[oidc][request-token][--audience][" + audience + "]"},
		{"circleci", "circleci", nil, "circleci", "$RAW", `[run][oidc][get][--claims][{"aud":"https://a b/'\"$x"}]`},
		{"spiffe", "spiffe", nil, "spire-agent", "'" + json + "'", "[api][fetch][jwt][-audience][" + audience + "][-output][json]"},
		{"spiffe as text", "spiffe:spiffe://x/y", map[string]string{"SPIFFE_ENDPOINT_SOCKET": "unix:///run/s.sock"}, "spire-agent", "'" + text + "'",
			"[api][fetch][jwt][-audience][" + audience + "][-output][json][-socketPath][/run/s.sock][-spiffeID][spiffe://x/y]"},
		{"spiffe with another URL", "spiffe", map[string]string{"SPIFFE_ENDPOINT_SOCKET": "unix:/run/s.sock"}, "spire-agent", "'" + json + "'",
			"[api][fetch][jwt][-audience][" + audience + "][-output][json][-socketPath][/run/s.sock]"},
		{"spiffe with a path", "spiffe", map[string]string{"SPIFFE_ENDPOINT_SOCKET": "/run/s.sock"}, "spire-agent", "'" + json + "'",
			"[api][fetch][jwt][-audience][" + audience + "][-output][json][-socketPath][/run/s.sock]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			t.Setenv("LOG", log)
			script(t, test.program, words+"echo "+test.prints)
			s, err := New(test.spec, Options{Audience: audience, Getenv: lookup(test.env)})
			if err != nil {
				t.Fatal(err)
			}
			tok, err := s.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if tok.Raw() != raw {
				t.Error("another token came back")
			}
			if got, _ := os.ReadFile(log); strings.TrimSpace(string(got)) != test.args {
				t.Errorf("called with %s, want %s", got, test.args)
			}
		})
	}
}

func TestCommandsFail(t *testing.T) {
	raw := jwt(rs256, someone)
	t.Setenv("RAW", raw)
	for _, test := range []struct {
		spec, program, body string
		problem             Problem
		says                string
	}{
		{"buildkite", "buildkite-agent", "echo 'fatal: audience is not allowed' >&2; exit 77", Refused, "audience is not allowed"},
		{"buildkite", "buildkite-agent", "echo 'fatal: no API' >&2; exit 1", Unreadable, "no API"},
		{"circleci", "circleci", "echo 'Error: unknown command' >&2; exit 255", Unreadable, "exit status 255: Error: unknown command"},
		{"spiffe", "spire-agent", "echo 'rpc error: no identity issued' >&2; exit 1", Unreadable, "no identity issued"},
		{"spiffe", "spire-agent", "echo $RAW", Malformed, "printed something else"},
		{"spiffe", "spire-agent", "echo '[]'", Malformed, "printed something else"},
		{"spiffe", "spire-agent", `echo '[{"svids":[]},{"svids":[{"svid":1}]}]'`, Malformed, "printed something else"},
		{"spiffe", "spire-agent", "echo 'token(x):'", Malformed, "is empty"},
	} {
		script(t, test.program, test.body)
		_, err := mustNew(test.spec, nil).Token(t.Context())
		wantProblem(t, err, test.problem, test.says)
		wantHidden(t, err.Error(), raw)
	}
	t.Setenv("PATH", t.TempDir())
	for spec, hint := range map[string]string{"buildkite": "job of Buildkite", "circleci": "env:CIRCLE_OIDC_TOKEN_V2", "spiffe": "SPIRE"} {
		_, err := mustNew(spec, nil).Token(t.Context())
		wantProblem(t, err, Missing, hint)
	}
}

// A system's own command may hang or print anything, as any other may.
func TestCommandsMisbehave(t *testing.T) {
	for spec, program := range map[string]string{"buildkite": "buildkite-agent", "circleci": "circleci", "spiffe": "spire-agent"} {
		t.Run(spec, func(t *testing.T) {
			script(t, program, "sleep 600")
			e := mustNew(spec, nil).(*Exec)
			e.limit = 100 * time.Millisecond
			_, err := e.Token(t.Context())
			wantProblem(t, err, Unreachable, "the command did not finish in time")

			script(t, program, "yes opaque | head -c 1000000")
			e.limit = time.Hour
			_, err = e.Token(t.Context())
			wantProblem(t, err, Malformed, "is none: the command printed more than 262144 bytes")

			script(t, program, "echo opaque")
			_, err = e.Token(t.Context())
			wantProblem(t, err, Malformed, "")
			if strings.Contains(err.Error(), "opaque") {
				t.Errorf("it quotes stdout: %v", err)
			}
		})
	}
}

// What changes a token of Buildkite is part of who asks.
func TestBuildkiteIdentity(t *testing.T) {
	none := mustNew("buildkite", nil).Identity()
	for _, name := range []string{"BUILDKITE_OIDC_TOKEN_CLAIMS", "BUILDKITE_OIDC_TOKEN_AWS_SESSION_TAGS", "BUILDKITE_OIDC_TOKEN_SUBJECT_CLAIM"} {
		if mustNew("buildkite", map[string]string{name: "x"}).Identity() == none {
			t.Errorf("%s makes no difference", name)
		}
	}
}
