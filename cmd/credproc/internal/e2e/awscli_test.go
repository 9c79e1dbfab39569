package e2e

import (
	"context"
	"crypto/rand"
	"io"
	"os/exec"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// uploading is one AWS CLI process that uploads a part of a file every eight
// seconds, because its stdin comes so slowly.
func uploading(env []string, cli ...string) client {
	return func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
		line := append(cli[1:len(cli):len(cli)], "--endpoint-url", world.MinIO.URL, "s3", "cp", "-", "s3://"+bucket+"/upload")
		cmd := m.Command(ctx, env, cli[0], line...)
		cmd.Stdin = &slowPipe{ctx: ctx, length: long}
		return cmd
	}
}

// A slowPipe gives as much as the AWS CLI puts in one part, pauses, and so on
// for its length. What it gives is never the same, lest it be stored once.
type slowPipe struct {
	ctx    context.Context
	length time.Duration

	end time.Time
	n   int
}

const partSize = 8 << 20

func (p *slowPipe) Read(b []byte) (int, error) {
	if p.end.IsZero() {
		p.end = time.Now().Add(p.length)
	} else if p.n >= partSize {
		p.n = 0
		select {
		case <-p.ctx.Done():
			return 0, io.EOF
		case <-time.After(min(8*time.Second, p.length)):
		}
		if !time.Now().Before(p.end) {
			return 0, io.EOF
		}
	}
	rand.Read(b)
	p.n += len(b)
	return len(b), nil
}
