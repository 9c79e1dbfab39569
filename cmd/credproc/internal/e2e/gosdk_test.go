package e2e

import (
	"context"
	"os/exec"
	"testing"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

func TestGoSDK(t *testing.T) {
	program, err := world.GoProgram(testContext(t), "./gosdk")
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	outlive(t, "gosdk", func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
		return m.Command(ctx, []string{profile}, program, world.MinIO.URL, bucket, seconds)
	})
}
