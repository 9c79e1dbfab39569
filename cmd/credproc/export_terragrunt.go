package main

import (
	"context"
	"os"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/settings"
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
	// Terragrunt runs us again with the variables that it got from us before: the
	// same file comes of it.
	config, err := newPrivateConfig(x.options, c, false, warn)
	if err != nil {
		return err
	}
	if err := config.keep(); err != nil {
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
	for _, name := range settings.Shadowing {
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
