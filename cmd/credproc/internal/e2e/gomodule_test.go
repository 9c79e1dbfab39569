package e2e

import (
	"context"
	"debug/buildinfo"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// goModule installs a program into the build folder, unless exactly this
// version of it is there. A large one takes minutes.
func goModule(ctx context.Context, module string) (file string, err error) {
	pkg, version, _ := strings.Cut(module, "@")
	bin := filepath.Join(world.BuildDir, "bin")
	file = filepath.Join(bin, path.Base(pkg))
	if info, err := buildinfo.ReadFile(file); err == nil && info.Path == pkg && info.Main.Version == version {
		return file, nil
	}
	cmd := rig.Command(ctx, "go", "install", module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+bin)
	if out, err := output(cmd); err != nil {
		return "", &notHad{"go install " + module, lastLine(out)}
	}
	return file, nil
}

// goInstall is a client that cannot be had as a Go module.
func goInstall(module string) func(context.Context) (program, error) {
	return func(ctx context.Context) (program, error) {
		if _, err := goModule(ctx, module); err != nil {
			return program{}, err
		}
		return program{}, &notHad{"go install " + module, "it can be had now: make it a client of the table"}
	}
}
