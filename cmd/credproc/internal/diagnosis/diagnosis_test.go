package diagnosis

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/source/token"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// only is the one finding of a check, or the zero Finding.
func (fs Findings) only(check string) Finding {
	for _, f := range fs {
		if f.Check == check {
			return f
		}
	}
	return Finding{}
}

func TestToken(t *testing.T) {
	const file = "/var/run/token"
	for _, row := range []struct {
		name   string
		claims token.Claims
		err    error
		check  string
		level  Level
		text   string
	}{
		{"good", token.Claims{Subject: "me", IssuedAt: now, Expiry: now.Add(time.Hour), Audience: []string{forSTS}}, nil, "token", OK, "another 1h00m"},
		{"no end", token.Claims{}, nil, "token", Problem, "no exp"},
		{"ended", token.Claims{Expiry: now.Add(-time.Minute)}, nil, "token", Problem, "expired 1m0s ago"},
		{"to come", token.Claims{NotBefore: now.Add(time.Minute), Expiry: now.Add(time.Hour)}, nil, "token", Warning, "not valid before"},
		{"unreadable", token.Claims{}, errors.New("no"), "token", Problem, "no"},
		{"at 89 %", token.Claims{IssuedAt: now.Add(-89 * time.Minute), Expiry: now.Add(11 * time.Minute)}, nil, "token-renewal", "", ""},
		{"at 91 %", token.Claims{IssuedAt: now.Add(-91 * time.Minute), Expiry: now.Add(9 * time.Minute)}, nil, "token-renewal", Warning, "91 %"},
		{"for STS among others", token.Claims{Expiry: now.Add(time.Hour), Audience: []string{"a", forSTS}}, nil, "token-audience", OK, forSTS},
		{"for nobody", token.Claims{Expiry: now.Add(time.Hour)}, nil, "token-audience", Problem, "no aud"},
		{"for Pod Identity", token.Claims{Expiry: now.Add(time.Hour), Audience: []string{forPodIdentity}}, nil, "token-audience", Problem, "Pod Identity"},
		{"for Kubernetes", token.Claims{Expiry: now.Add(time.Hour), Audience: []string{"https://kubernetes.default.svc"}}, nil, "token-audience", Problem, "API server"},
		{"for somebody", token.Claims{Expiry: now.Add(time.Hour), Audience: []string{"x"}}, nil, "token-audience", Warning, `"x"`},
	} {
		var fs Findings
		fs.Token(token.Token{Claims: row.claims, Algorithm: "RS256"}, row.err, "in "+file, file, now, func(error) string { return "hint" })
		got := fs.only(row.check)
		if got.Level != row.level || !strings.Contains(got.Text, row.text) || (got.Level == OK) != (got.Action == "") && got.Level != "" {
			t.Errorf("%s: %+v", row.name, got)
		}
	}
}

// A file that is mounted by itself, as with subPath, is never renewed.
func TestMount(t *testing.T) {
	points := []string{"/", "/var/run/token"}
	if !isMount("/var/run/token", points) || isMount("/var/run/other", points) {
		t.Error("mount points are not told from files")
	}
}

func TestCluster(t *testing.T) {
	const agent = "http://169.254.170.23/v1/credentials"
	for _, row := range []struct {
		name, env, token string
		used             bool
		level            Level
		text             string
	}{
		{"nothing", "", "", false, "", ""},
		{"IRSA", "KUBERNETES_SERVICE_HOST=10.0.0.1 AWS_ROLE_ARN=arn AWS_WEB_IDENTITY_TOKEN_FILE=" + irsaFolder + "serviceaccount/token", "", true, OK, "IRSA"},
		{"Pod Identity", "KUBERNETES_SERVICE_HOST=10.0.0.1 AWS_CONTAINER_CREDENTIALS_FULL_URI=" + agent, "", true, OK, "Pod Identity: the agent at 169.254.170.23"},
		{"Pod Identity, IPv6", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://[fd00:ec2::23]/v1/credentials", "", true, OK, "Pod Identity"},
		{"Pod Identity by its token", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://x AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + podIdentityFolder + "t", "", true, OK, "Pod Identity"},
		{"both", "AWS_ROLE_ARN=arn AWS_WEB_IDENTITY_TOKEN_FILE=" + irsaFolder + "t AWS_CONTAINER_CREDENTIALS_FULL_URI=" + agent, "", true, OK, "SDKs prefer IRSA"},
		{"half of IRSA", "AWS_WEB_IDENTITY_TOKEN_FILE=/t", "", false, Problem, "without AWS_ROLE_ARN"},
		{"the other half", "AWS_ROLE_ARN=arn", "", false, Warning, "without AWS_WEB_IDENTITY_TOKEN_FILE"},
		{"the other half, a token from elsewhere", "AWS_ROLE_ARN=arn", "", true, "", ""},
		{"ECS", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2", "", true, OK, "ECS"},
		{"projected", "KUBERNETES_SERVICE_HOST=10.0.0.1", "/var/run/secrets/tokens/aws", true, OK, "projected"},
		{"neither", "KUBERNETES_SERVICE_HOST=10.0.0.1", "", false, Warning, "neither"},
		{"something else", "KUBERNETES_SERVICE_HOST=10.0.0.1", "", true, OK, "without IRSA"},
	} {
		var fs Findings
		fs.Cluster(func(name string) string {
			for _, pair := range strings.Fields(row.env) {
				if k, v, _ := strings.Cut(pair, "="); k == name {
					return v
				}
			}
			return ""
		}, row.token, row.used)
		if got := fs.only("container"); got.Level != row.level || !strings.Contains(got.Text, row.text) {
			t.Errorf("%s: %+v", row.name, got)
		}
	}
}

// What a kernel runs begins as this program does, or names its interpreter.
func TestRunsHere(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("not run: this is asked on Linux alone")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := head(self)
	if err != nil {
		t.Fatal(err)
	}
	other := []byte(program)
	other[18] ^= 0xff // e_machine
	for text, want := range map[string]bool{
		program + "and so on": true, "#!/bin/sh\n": true, string(other) + "and so on": false, "not a program at all": false, "": false,
	} {
		path := filepath.Join(t.TempDir(), "credproc")
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		if runsHere(path, self) != want {
			t.Errorf("%.20q: %v", text, !want)
		}
	}
}

// What is not for a shell is left alone.
func TestForShell(t *testing.T) {
	for command, want := range map[string]string{
		"/bin/credproc --profile x":           "",
		"/bin/credproc --tag a=b":             "",
		"sh -c 'cd /; credproc'":              "",
		"/bin/credproc --policy '{\"a$\":1}'": "",
		"~/bin/credproc":                      "~",
		"$HOME/bin/credproc":                  "$",
		"/bin/credproc 2>/dev/null":           ">",
		"cd / && credproc":                    `"cd" first`,
		"A=b /bin/credproc":                   "A=… first",
		"/bin/credproc --log-file ~/log":      "~/",
		"/bin/credproc | tee x":               "|",
	} {
		var fs Findings
		fs.Line(command, "config:1", "/self")
		got := ""
		if f := fs.only("process-line"); strings.Contains(f.Text, "run no shell") {
			got = strings.TrimPrefix(f.Text[:strings.Index(f.Text, ", but")], "credential_process says ")
		}
		if got != want {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
}
