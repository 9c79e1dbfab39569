package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

// export prepares credproc export, not started yet.
func (w *world) export(t *testing.T, args ...string) *process {
	t.Helper()
	p := w.command(t)
	p.Args = append([]string{p.Path, "export"}, args...)
	return p
}

// text runs a process that must succeed, and gives what it prints.
func (p *process) text(t *testing.T) string {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if status := p.status(); status != exitOK {
		t.Fatalf("exit status %d\n%s", status, &p.stderr)
	}
	return p.stdout.String()
}

// response is all that Terragrunt 1.1 knows, in its own words.
// Source: Terragrunt, internal/runner/run/creds/providers/externalcmd.
type response struct {
	AWSCredentials *struct {
		AccessKeyID     string `json:"ACCESS_KEY_ID"`
		SecretAccessKey string `json:"SECRET_ACCESS_KEY"`
		SessionToken    string `json:"SESSION_TOKEN"`
	} `json:"awsCredentials"`
	AWSRole *struct {
		RoleARN          string `json:"roleARN"`
		RoleSessionName  string `json:"roleSessionName"`
		WebIdentityToken string `json:"webIdentityToken"`
		Duration         int64  `json:"duration"`
	} `json:"awsRole"`
	Envs map[string]string `json:"envs"`
}

// readResponse reads what Terragrunt reads, and is stricter: a key that it would
// silently ignore, or one that it would not find as it is spelled, is an error.
func readResponse(t *testing.T, text string) response {
	t.Helper()
	var r response
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if d.More() {
		t.Errorf("there is more than one object: %s", text)
	}
	// encoding/json does not mind the case of a key; whoever reads may.
	again, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got, known map[string]any
	for text, into := range map[string]*map[string]any{text: &got, string(again): &known} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	for key := range got {
		if _, ok := known[key]; !ok {
			t.Errorf("Terragrunt knows no %q", key)
		}
	}
	if r.AWSRole != nil {
		t.Error("an awsRole that fails is passed over by Terragrunt")
	}
	return r
}

func TestTerragruntReadsCredentials(t *testing.T) {
	w := testWorld(t)
	r := readResponse(t, w.export(t, "--format=terragrunt", "--static", "--profile=migration-role").text(t))
	out := w.run(t)
	if c := r.AWSCredentials; c == nil || c.AccessKeyID != out.AccessKeyId || c.SecretAccessKey != out.SecretAccessKey || c.SessionToken != out.SessionToken || len(r.Envs) > 0 {
		t.Error("these are not the credentials that get prints, and nothing else")
	}
}

// Terragrunt runs its command again with the variables that it got from it: the
// answer must stay the same, whichever way the first call knew whose credentials
// are wanted, and the profile must lead to those.
func TestTerragruntAsksAgain(t *testing.T) {
	profile := []string{"--profile=migration-role"}
	byRole := []string{"--role-arn=" + role}
	for name, c := range map[string]struct {
		env, args []string
		exec      bool // in an exec for the other role
		want      string
	}{
		"by a profile":             {args: profile, want: role},
		"by IRSA's variables":      {env: []string{"AWS_ROLE_ARN=" + role, "AWS_WEB_IDENTITY_TOKEN_FILE=$TOKEN"}, want: role},
		"by another role":          {env: []string{"AWS_ROLE_ARN=" + other, "AWS_WEB_IDENTITY_TOKEN_FILE=$TOKEN"}, args: byRole, want: role},
		"by our own variables":     {env: []string{"CREDPROC_ROLE_ARN=" + role, "AWS_WEB_IDENTITY_TOKEN_FILE=$TOKEN"}, want: role},
		"with a policy":            {env: []string{"AWS_REGION=eu-west-1"}, args: append([]string{`--policy={"Version": "2012-10-17", "Statement": [{"Sid": "a"}]}`}, profile...), want: role},
		"by a chain":               {env: []string{"AWS_ROLE_ARN=" + role, "AWS_WEB_IDENTITY_TOKEN_FILE=$TOKEN"}, args: []string{"--assume-role=" + other}, want: other},
		"in an exec, by a chain":   {exec: true, args: []string{"--role-arn=" + role, "--assume-role=" + other}, want: other},
		"in an exec":               {exec: true, want: other},
		"in an exec, by a profile": {exec: true, args: profile, want: role},
		"in an exec, by a role":    {exec: true, args: byRole, want: role},
		"in an exec, by AWS's":     {exec: true, env: []string{"AWS_ROLE_ARN=" + role}, want: role},
	} {
		t.Run(name, func(t *testing.T) {
			w := testWorld(t)
			env := environment(w.env())
			if c.exec {
				p := w.command(t)
				p.Args = []string{p.Path, "exec", "--role-arn=" + other, "--web-identity-token-file=" + w.token, "env"}
				env = environment(strings.Split(p.text(t), "\n"))
			}
			for name, value := range environment(c.env) {
				env[name] = strings.ReplaceAll(value, "$TOKEN", w.token)
			}
			call := func() string {
				p := w.export(t, append([]string{"--format=terragrunt"}, c.args...)...)
				p.Env = assignments(env)
				return p.text(t)
			}
			first := call()
			calls := w.sts.Calls()
			for range 3 {
				maps.Copy(env, readResponse(t, first).Envs)
				if again := call(); again != first {
					t.Fatalf("first  %sthen   %s", first, again)
				}
			}
			// The helper, as SDKs will run it, meets a hit.
			helper := w.command(t)
			helper.Args = []string{helper.Path, "--profile", env["AWS_PROFILE"] + "-role"}
			helper.Env = assignments(env)
			if _, err := checkPrinted(helper.text(t)); err != nil {
				t.Error(err)
			}
			if n := w.sts.Calls(); n != calls {
				t.Errorf("STS had %d calls more", n-calls)
			}
			log := w.sts.Log()
			if got := log[len(log)-1].Form; got.Get("RoleArn") != c.want || got.Has("Policy") != (name == "with a policy") {
				t.Errorf("STS was asked for %v", got["RoleArn"])
			}
		})
	}
}

// environment and assignments turn the two forms of an environment into each
// other.
func environment(lines []string) map[string]string {
	env := map[string]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return env
}

func assignments(env map[string]string) []string {
	var lines []string
	for name, value := range env {
		lines = append(lines, name+"="+value)
	}
	return lines
}

// Units run in parallel and nothing between Terragrunt and us keeps anything.
func TestTerragruntHerd(t *testing.T) {
	for _, args := range [][]string{{"--format=terragrunt"}, {"--format=terragrunt", "--static"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			w := testWorld(t)
			w.sts.SetFault(sourcetest.Slow(500 * time.Millisecond))
			all := w.together(t, 50, func() *process { return w.export(t, append(args, "--profile=migration-role", patience)...) })
			readResponse(t, all[0])
			if n := w.sts.Calls(); n != 1 {
				t.Errorf("STS had %d calls", n)
			}
		})
	}
}

// together runs n processes at once, which must print the same.
func (w *world) together(t *testing.T, n int, command func() *process) []string {
	t.Helper()
	var all []*process
	for range n {
		p := command()
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	var texts []string
	for _, p := range all {
		if status := p.status(); status != exitOK {
			t.Errorf("exit status %d: %s", status, &p.stderr)
		}
		texts = append(texts, p.stdout.String())
	}
	if len(slices.Compact(slices.Clone(texts))) > 1 {
		t.Errorf("not all of them print the same")
	}
	return texts
}

// Earthly reads a key, its secret, its token and the region in four calls; parts
// of different credentials would be worth nothing.
func TestPartsFitTogether(t *testing.T) {
	for name, age := range map[string]time.Duration{
		"nothing is there":   0,
		"fresh":              10 * time.Minute,
		"at half of life":    30 * time.Minute,
		"renewal is due":     40 * time.Minute,
		"renewal is overdue": 59*time.Minute + 40*time.Second,
		"expired":            2 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			w := testWorld(t)
			if age > 0 {
				w.run(t)
				w.grow(t, age)
			}
			w.sts.SetFault(sourcetest.Slow(300 * time.Millisecond))
			w.together(t, 4, func() *process { return w.export(t, "--format=dotenv", "--profile=migration-role", patience) })
		})
		// RUN --aws goes through credential_process, one call after the other.
		t.Run(name+", by get", func(t *testing.T) {
			w := testWorld(t)
			if age > 0 {
				w.run(t)
				w.grow(t, age)
			}
			first := w.run(t)
			for range 3 {
				if next := w.run(t); next != first {
					t.Error("the next call prints others than the first")
				}
			}
		})
	}
}
