// Package rig is the real world in small, for tests of the credproc program:
// a MinIO that enforces the expiry of 30-second credentials, an OIDC issuer it
// trusts, a web identity token file that is renewed as kubelet would, and
// machines with nothing of this one's environment on them.
//
// Everything it starts dies, with all its children, when the context ends that
// it was started with. On Linux what it started itself also dies with the
// test's process, however that ends.
package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/credproc/credproc/source/sourcetest"
)

// Audience is what the issuer's tokens are for, and the only audience that
// MinIO accepts.
const Audience = "sts.amazonaws.com"

// A Rig is what the machines of one test binary share.
type Rig struct {
	MinIO    *MinIO
	Issuer   *sourcetest.Issuer
	Token    *TokenFile
	Credproc string // the program under test, an absolute path
	BuildDir string // the repository's git-ignored folder for what is slow to make

	dir  string // what dies with the rig
	stop context.CancelFunc
}

// Start builds MinIO, unless the build folder has it, and the program under
// test, and starts the servers. It returns once MinIO has given credentials
// for a token of the issuer's. Progress goes to logf, because a first build
// takes minutes.
func Start(ctx context.Context, logf func(format string, args ...any)) (_ *Rig, err error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "credproc-e2e-")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	r := &Rig{BuildDir: filepath.Join(root, "build"), dir: dir, stop: stop}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()

	minio, err := buildMinIO(ctx, filepath.Join(r.BuildDir, "bin"), logf)
	if err != nil {
		return nil, err
	}
	r.Credproc = filepath.Join(dir, "bin", "credproc")
	if err := goBuild(ctx, root, r.Credproc, "./cmd/credproc"); err != nil {
		return nil, err
	}
	r.Issuer = sourcetest.NewIssuer()
	if r.Token, err = rotateToken(ctx, r.Issuer, filepath.Join(dir, "token")); err != nil {
		return nil, err
	}
	if r.MinIO, err = startMinIO(ctx, minio, filepath.Join(dir, "minio"), r.Issuer); err != nil {
		return nil, err
	}
	logf("MinIO at %s trusts %s for %s", r.MinIO.URL, r.Issuer.URL, r.MinIO.RoleARN)
	return r, nil
}

// Close stops what Start started and removes its files, but not what it built.
func (r *Rig) Close() {
	r.stop()
	if r.MinIO != nil {
		r.MinIO.wait()
	}
	if r.Token != nil {
		r.Token.wait()
	}
	if r.Issuer != nil {
		r.Issuer.Close()
	}
	os.RemoveAll(r.dir)
}

// GoProgram builds a program of this nested module, a client to test with, and
// returns its path.
func (r *Rig) GoProgram(ctx context.Context, pkg string) (string, error) {
	program := filepath.Join(r.dir, "bin", filepath.Base(pkg))
	return program, goBuild(ctx, "", program, pkg)
}

// moduleRoot is the folder of the module under test, which this nested module
// names in a replace directive.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/credproc/credproc").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module under test: %w", withStderr(err))
	}
	return strings.TrimSpace(string(out)), nil
}

// goBuild builds pkg as a release is built, without cgo, from the folder dir.
func goBuild(ctx context.Context, dir, output, pkg string) error {
	cmd := Command(ctx, "go", "build", "-o", output, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}

func withStderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return err
}
