package e2e

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

const boto3 = `
import sys, time, boto3
endpoint, bucket, seconds = sys.argv[1:]
s3 = boto3.client('s3', endpoint_url=endpoint)
end = time.time() + int(seconds)
while time.time() < end:
    s3.list_objects_v2(Bucket=bucket)
    time.sleep(1)
`

func TestBoto3(t *testing.T) {
	t.Parallel()
	python := optional(t, "python3")
	if out, err := output(world.Machine(t).Command(testContext(t), nil, python, "-c", "import boto3")); err != nil {
		lines := strings.Split(strings.TrimSpace(out), "\n")
		notRun(t, "boto3", lines[len(lines)-1])
	}
	outlive(t, "boto3", func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
		return m.Command(ctx, []string{profile}, python, "-c", boto3, world.MinIO.URL, bucket, seconds)
	})
}
