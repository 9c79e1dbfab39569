package e2e

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// A module is a client that is had as a Go module.
type module struct{ name, path, version, pkg string }

// build builds the client into the build folder, unless exactly this version of
// it is there. A large one takes minutes. It is built in a module that requires
// its own, which works where `go install` does not: with replace directives, and
// where no list of versions is to be had.
func (m module) build(ctx context.Context) (file string, err error) {
	dir := filepath.Join(world.BuildDir, "modules", m.name)
	file = filepath.Join(dir, m.name)
	if info, err := buildinfo.ReadFile(file); err == nil && info.Path == m.pkg && info.Main.Path == m.path && info.Main.Version == m.version {
		return file, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	text := fmt.Sprintf("module client\n\ngo 1.26\n\nrequire %s %s\n", m.path, m.version)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o644); err != nil {
		return "", err
	}
	cmd := rig.Command(ctx, "go", "build", "-mod=mod", "-o", file, m.pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := output(cmd); err != nil {
		return "", &notHad{"go build " + m.pkg + " at " + m.version, lastLine(out)}
	}
	return file, nil
}

// uninstallable is a client that is said not to be had as Go module: building it
// as module does takes too long to be tried, or fails.
func uninstallable(pkg string) func(context.Context) (program, error) {
	return func(ctx context.Context) (program, error) {
		cmd := rig.Command(ctx, "go", "install", pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+filepath.Join(world.BuildDir, "bin"))
		out, err := output(cmd)
		if err == nil {
			out = "it can be had now: make it a client of the table"
		}
		return program{}, &notHad{"go install " + pkg, lastLine(out)}
	}
}
