package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// debianAWSCLI unpacks Debian's awscli, with what it needs that is not
// installed, into a folder below dir, and returns that: nothing is installed,
// and the aws on PATH stays what it was. What dir has is not fetched again.
func debianAWSCLI(ctx context.Context, dir string) (root string, err error) {
	root = filepath.Join(dir, "root")
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	archives := filepath.Join(dir, "archives")
	if err := os.MkdirAll(filepath.Join(archives, "partial"), 0o755); err != nil {
		return "", err
	}
	run := func(name string, args ...string) error {
		cmd := rig.Command(ctx, name, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := output(cmd); err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, out)
		}
		return nil
	}
	fetch := func() error {
		return run("apt-get", "install", "--yes", "--download-only", "--no-install-recommends",
			"-o", "Debug::NoLocking=1", "-o", "Dir::Cache::archives="+archives, "awscli")
	}
	if fetch() != nil { // a fresh image knows no packages yet
		if err := run("apt-get", "update"); err != nil {
			return "", err
		}
		if err := fetch(); err != nil {
			return "", err
		}
	}
	debs, err := filepath.Glob(filepath.Join(archives, "*.deb"))
	if err != nil || len(debs) == 0 {
		return "", fmt.Errorf("apt-get fetched nothing into %s", archives)
	}
	unpacked := root + ".new"
	for _, deb := range debs {
		if err := run("dpkg", "-x", deb, unpacked); err != nil {
			return "", err
		}
	}
	return root, os.Rename(unpacked, root)
}
