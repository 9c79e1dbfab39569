package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Profile is the profile whose credential_process is credproc, RoleProfile the
// one that tells credproc what to ask for.
const (
	Profile     = "migration"
	RoleProfile = "migration-role"
)

// A Machine is one pretend computer: a home with AWS config files, a cache of
// its own, its own way to STS, and an environment with nothing inherited but
// PATH. S3 is asked directly.
type Machine struct {
	Home     string
	CacheDir string
	STS      *Proxy

	credproc string
	env      []string
}

// Machine returns a new machine that ends with the test.
func (r *Rig) Machine(t testing.TB) *Machine {
	t.Helper()
	home := t.TempDir()
	m := &Machine{
		Home:     home,
		CacheDir: filepath.Join(home, "cache"),
		STS:      newProxy(r.MinIO.URL),
		credproc: r.Credproc,
	}
	t.Cleanup(m.STS.server.Close)

	tmp := filepath.Join(home, "tmp")
	config := filepath.Join(home, ".aws", "config")
	for _, dir := range []string{tmp, filepath.Dir(config)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf(`[profile %s]
region             = %s
credential_process = %s --profile %s

[profile %s]
region                  = %s
role_arn                = %s
web_identity_token_file = %s
services                = rig

[services rig]
sts =
  endpoint_url = %s
`, Profile, Region, r.Credproc, RoleProfile, RoleProfile, Region, r.MinIO.RoleARN, r.Token.Path, m.STS.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m.env = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + home,
		"TMPDIR=" + tmp,
		"LANG=C.UTF-8",
		"AWS_EC2_METADATA_DISABLED=true",
		"CREDPROC_CACHE_DIR=" + m.CacheDir,
	}
	return m
}

// AddProfile adds a profile of those lines to the machine's AWS config file.
func (m *Machine) AddProfile(t testing.TB, name, lines string) {
	t.Helper()
	config, err := os.OpenFile(filepath.Join(m.Home, ".aws", "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(config, "\n[profile %s]\n%s\n", name, lines)
	if err := errors.Join(err, config.Close()); err != nil {
		t.Fatal(err)
	}
}

// Command is a command on the machine, in its home, that takes its children
// with it when ctx ends. The strings in env, as AWS_PROFILE=NAME, come on top
// of the machine's environment.
func (m *Machine) Command(ctx context.Context, env []string, name string, args ...string) *exec.Cmd {
	cmd := Command(ctx, name, args...)
	cmd.Dir = m.Home
	cmd.Env = append(append([]string(nil), m.env...), env...)
	return cmd
}

// Get is the program under test, asked for RoleProfile's credentials.
func (m *Machine) Get(ctx context.Context) *exec.Cmd {
	return m.Command(ctx, nil, m.credproc, "get", "--profile", RoleProfile)
}
