package main

import (
	"runtime"
	"slices"
	"strings"
)

// shadowing are the variables that make some SDK look elsewhere than in the
// profile, or in another one. Empty ones would do the same in the SDK for Ruby,
// so they are removed.
// Source: AWS SDKs and Tools Reference Guide, "Environment variables list"; the
// older names are those of the SDKs for Go v1 and Java v1.
var shadowing = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION",
	"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_SESSION_NAME",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE",
	"AWS_CONFIG_FILE", "AWS_SHARED_CONFIG_FILE", "AWS_SDK_LOAD_CONFIG", "AWS_EC2_METADATA_DISABLED",
}

// childEnv is env for a command that is to use profile of the config file at
// path and nothing else. What was meant for credproc stays behind: the profile
// carries it, and other profiles of the command may run credproc too.
func childEnv(env []string, profile, path string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		if runtime.GOOS == "windows" {
			name = strings.ToUpper(name)
		}
		return slices.Contains(shadowing, name) || strings.HasPrefix(name, "CREDPROC_")
	})
	return append(env,
		"AWS_PROFILE="+profile,
		"AWS_CONFIG_FILE="+path,
		"AWS_SHARED_CONFIG_FILE="+path, // Terraform and OpenTofu
		"AWS_SDK_LOAD_CONFIG=1",        // the SDK for Go v1
		"AWS_EC2_METADATA_DISABLED=true",
	)
}
