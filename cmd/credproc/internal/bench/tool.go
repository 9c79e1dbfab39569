package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// tool finds a program, or installs the Debian package that has it where that
// asks nobody: as root of a Debian.
func tool(ctx context.Context, name, debian string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Getuid() != 0 {
		return "", fmt.Errorf("%s is missing: install it with your system's packages (Debian: apt-get install %s)", name, debian)
	}
	fmt.Fprintf(os.Stderr, "bench: %s is missing: apt-get install %s\n", name, debian)
	for _, args := range [][]string{{"update", "-qq"}, {"install", "-y", "--no-install-recommends", debian}} {
		cmd := exec.CommandContext(ctx, apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if text, err := cmd.CombinedOutput(); err != nil {
			return "", errors.Join(fmt.Errorf("%s is missing, and apt-get %s: %w", name, strings.Join(args, " "), err), errors.New(string(text)))
		}
	}
	return exec.LookPath(name)
}
