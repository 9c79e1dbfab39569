package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source"
	"github.com/credproc/credproc/source/token"
)

// authProvider is what Terragrunt reads from its --auth-provider-cmd, but for
// awsRole: when that role cannot be assumed Terragrunt only warns, and goes on
// with whatever credentials are around.
// Source: Terragrunt, internal/runner/run/creds/providers/externalcmd.
type authProvider struct {
	AWSCredentials *awsCredentials   `json:"awsCredentials,omitempty"`
	Envs           map[string]string `json:"envs,omitempty"`
}

type awsCredentials struct {
	AccessKeyID     string `json:"ACCESS_KEY_ID"`
	SecretAccessKey string `json:"SECRET_ACCESS_KEY"`
	SessionToken    string `json:"SESSION_TOKEN,omitempty"`
}

// terragrunt prints variables that lead to a profile which renews. Terragrunt
// cannot remove variables, so those that would shadow the profile are empty.
func (x *export) terragrunt(ctx context.Context) error {
	c, err := x.cache()
	if err != nil {
		return err
	}
	if c.Off {
		return &settings.Error{Text: "without a cache there is no place for the profile that renews",
			Hint: "leave out --no-cache, or add --static"}
	}
	config, err := x.config(c)
	if err != nil {
		return err
	}
	// What the helper will ask for, as it will ask for it: Terragrunt goes by our
	// exit status, and Terraform then meets a hit.
	src, err := config.source(childEnv(os.Environ(), config.profile, config.path))
	if err != nil {
		return err
	}
	if _, err := c.Get(ctx, src); err != nil {
		return err
	}
	text, err := asJSON(authProvider{Envs: config.envs()})
	if err != nil {
		return err
	}
	return printText(text)
}

// envs are the variables that a child of exec has, and those that it must not
// have, empty.
func (p *privateConfig) envs() map[string]string {
	envs := map[string]string{}
	for _, name := range shadowing {
		envs[name] = ""
	}
	for _, line := range childEnv(nil, p.profile, p.path) {
		name, value, _ := strings.Cut(line, "=")
		envs[name] = value
	}
	// botocore takes it before AWS_PROFILE, and an empty one for a name.
	envs["AWS_DEFAULT_PROFILE"] = p.profile
	return envs
}

// config is a private config file that is in place. Terragrunt runs its
// --auth-provider-cmd again with the variables that it got from it before. What
// they took away is then found in the profile that they lead to, and if nothing
// else is wanted they are given once more: else the file would grow each time.
func (x *export) config(c *cache.Cache) (*privateConfig, error) {
	outer := configInForce(c)
	switch {
	case outer == nil:
	case !x.saysWho():
		return outer, nil
	default:
		outer.restoreTokenFile()
	}
	if _, err := settings.Source(x.given, os.Getenv, c); err != nil {
		return nil, err
	}
	p, err := newPrivateConfig(x.options, c, warn)
	if err != nil {
		return nil, err
	}
	if outer != nil && outer.endsLike(p) {
		return outer, nil
	}
	return p, p.keep()
}

// configInForce is the private config file that the variables lead to, or nil.
func configInForce(c *cache.Cache) *privateConfig {
	p := &privateConfig{profile: os.Getenv("AWS_PROFILE"), path: os.Getenv("AWS_CONFIG_FILE"), cache: c}
	if !strings.HasPrefix(p.profile, "credproc-exec-") {
		return nil
	}
	p.inner = p.profile + "-role"
	var err error
	if p.text, err = awsconfig.Text(p.path); err != nil {
		return nil
	}
	if _, err := p.source(os.Environ()); err != nil {
		return nil
	}
	_ = os.Chtimes(p.path, time.Time{}, time.Now()) // young again, lest it be swept
	return p
}

// saysWho reports whether a flag or variable names a role or a source.
func (x *export) saysWho() bool {
	for _, name := range []string{"profile", "role-arn", "token-source", "assume-role", "credential-process"} {
		if x.flags.Lookup(name) == nil {
			continue
		}
		if value, _ := x.text(name); value != "" {
			return true
		}
	}
	return os.Getenv("AWS_ROLE_ARN") != ""
}

// restoreTokenFile sets the variable that names the token file, if the profile
// has such a file.
func (p *privateConfig) restoreTokenFile() {
	src, err := p.source(os.Environ())
	w, ok := src.(*source.WebIdentity)
	if err != nil || !ok || os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "" {
		return
	}
	if file, ok := w.Token.(token.File); ok {
		_ = os.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", string(file))
	}
}

// endsLike reports whether the two profiles that next adds to the text of p are
// its last two already, but for their names.
func (p *privateConfig) endsLike(next *privateConfig) bool {
	added, ok := bytes.CutPrefix(next.text, p.text)
	return ok && bytes.HasSuffix(p.text, bytes.ReplaceAll(added, []byte(next.profile), []byte(p.profile)))
}
