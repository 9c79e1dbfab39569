package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// debianAWSCLI is debianRoot for Debian's awscli: the aws on PATH stays what it
// was.
func debianAWSCLI(ctx context.Context, dir string) (root string, err error) {
	return debianRoot(ctx, dir, "awscli")
}

// debianPackages is debianRoot in the build folder.
func debianPackages(ctx context.Context, packages ...string) (root string, err error) {
	return debianRoot(ctx, filepath.Join(world.BuildDir, "debian-"+strings.Join(packages, "-")), packages...)
}

// debianRoot unpacks Debian's packages, with what they need that is not
// installed, into a folder below dir, and returns that: nothing is installed.
// The packages themselves may be.
// What dir has is not fetched again.
func debianRoot(ctx context.Context, dir string, packages ...string) (root string, err error) {
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
		line := []string{"install", "--yes", "--download-only", "--reinstall", "--no-install-recommends",
			"-o", "Debug::NoLocking=1", "-o", "Dir::Cache::archives=" + archives}
		return run("apt-get", append(line, packages...)...)
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

// debianEnv has programs that lie below root find what lies there: shared
// libraries, and the modules of Python and Ruby.
func debianEnv(root string) []string {
	join := func(patterns ...string) string {
		var dirs []string
		for _, pattern := range patterns {
			found, _ := filepath.Glob(filepath.Join(root, pattern)) // the patterns are right
			dirs = append(dirs, found...)
		}
		return strings.Join(dirs, ":")
	}
	return []string{
		"LD_LIBRARY_PATH=" + join("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*"),
		"PYTHONPATH=" + join("usr/lib/python3/dist-packages"),
		"RUBYLIB=" + join("usr/lib/ruby/vendor_ruby", "usr/lib/ruby/[0-9]*", "usr/lib/*/ruby/[0-9]*",
			"usr/lib/*/ruby/vendor_ruby/[0-9]*", "usr/lib/ruby/gems/*/gems/*/lib", "usr/share/rubygems-integration/all/gems/*/lib"),
	}
}

// unpackaged is a client that Debian is said not to have: no package's name
// matches the pattern.
func unpackaged(pattern string) func(context.Context) (program, error) {
	return func(ctx context.Context) (program, error) {
		command := fmt.Sprintf("apt-cache pkgnames | grep -E '%s'", pattern)
		out, err := output(rig.Command(ctx, "apt-cache", "pkgnames"))
		if err != nil {
			return program{}, &notHad{command, lastLine(out)}
		}
		names := strings.Fields(out)
		matching := regexp.MustCompile(pattern)
		for _, name := range names {
			if matching.MatchString(name) {
				return program{}, &notHad{command, name}
			}
		}
		return program{}, &notHad{command, fmt.Sprintf("(nothing, among %d packages)", len(names))}
	}
}
