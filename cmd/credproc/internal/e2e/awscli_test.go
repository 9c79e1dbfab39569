package e2e

import (
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

func TestAWSCLI(t *testing.T) {
	t.Parallel()
	cli := optional(t, "aws")
	version, err := output(world.Machine(t).Command(testContext(t), nil, cli, "--version"))
	if err != nil {
		notRun(t, "aws", err.Error()+": "+version)
	}
	t.Log(version)
	outlive(t, "awscli", uploading([]string{profile}, cli))
}

// Debian's is the AWS CLI v2, most often beside a v1 that pip installed.
func TestDebianAWSCLI(t *testing.T) {
	ctx := testContext(t)
	root, err := debianAWSCLI(ctx, filepath.Join(world.BuildDir, "debian-awscli"))
	if err != nil {
		notRun(t, "Debian's awscli", err.Error())
	}
	env := "PYTHONPATH=" + filepath.Join(root, "usr/lib/python3/dist-packages")
	t.Parallel()
	python, cli := "/usr/bin/python3", filepath.Join(root, "usr/bin/aws")
	version, err := output(world.Machine(t).Command(ctx, []string{env}, python, cli, "--version"))
	if err != nil || !strings.HasPrefix(version, "aws-cli/2") {
		notRun(t, "Debian's awscli", "it does not run: "+version)
	}
	t.Log(version)
	outlive(t, "debian-awscli", uploading([]string{profile, env}, python, cli))
}

// uploading is one AWS CLI process that uploads a part of a file every eight
// seconds, because its stdin comes so slowly.
func uploading(env []string, cli ...string) client {
	return func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
		line := append(cli[1:len(cli):len(cli)], "--endpoint-url", world.MinIO.URL, "s3", "cp", "-", "s3://"+bucket+"/upload")
		cmd := m.Command(ctx, env, cli[0], line...)
		cmd.Stdin = &slowPipe{ctx: ctx, end: time.Now().Add(long)}
		return cmd
	}
}

// A slowPipe gives as much as the AWS CLI puts in one part, pauses, and so on
// until its end.
type slowPipe struct {
	ctx context.Context
	end time.Time
	n   int
}

const partSize = 8 << 20

func (p *slowPipe) Read(b []byte) (int, error) {
	if p.n >= partSize {
		p.n = 0
		select {
		case <-p.ctx.Done():
			return 0, io.EOF
		case <-time.After(8 * time.Second):
		}
	}
	if time.Now().After(p.end) {
		return 0, io.EOF
	}
	clear(b)
	p.n += len(b)
	return len(b), nil
}
