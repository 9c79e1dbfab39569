package main

import (
	"slices"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/settings"
)

// childEnv is env for a command that is to use profile of the config file at
// path and nothing else. What leads elsewhere or was meant for credproc stays
// behind: the profile carries it, and other profiles of the command may run
// credproc too.
func childEnv(env []string, profile, path string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return settings.Withheld(name)
	})
	return append(env,
		"AWS_PROFILE="+profile,
		"AWS_CONFIG_FILE="+path,
		"AWS_SHARED_CONFIG_FILE="+path, // Terraform and OpenTofu
		"AWS_SDK_LOAD_CONFIG=1",        // the SDK for Go v1
		"AWS_EC2_METADATA_DISABLED=true",
	)
}
