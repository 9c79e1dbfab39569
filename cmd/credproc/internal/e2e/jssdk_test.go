package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

const jsSDKVersion = "3.1169.0"

const jsSDK = `
const { S3Client, ListObjectsV2Command } = require('@aws-sdk/client-s3');
const [endpoint, bucket, seconds] = process.argv.slice(1);
const s3 = new S3Client({ endpoint, forcePathStyle: true });
(async () => {
  const end = Date.now() + 1000 * seconds;
  while (Date.now() < end) {
    await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    await new Promise((wake) => setTimeout(wake, 1000));
  }
})();
`

func TestJavaScriptSDK(t *testing.T) {
	node, npm := optional(t, "node"), optional(t, "npm")
	modules, err := npmInstall(testContext(t), npm, filepath.Join(world.BuildDir, "js"), "@aws-sdk/client-s3", jsSDKVersion)
	if err != nil {
		notRun(t, "the AWS SDK for JavaScript", err.Error())
	}
	t.Parallel()
	env := []string{profile, "NODE_PATH=" + modules}
	outlive(t, "jssdk", func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
		return m.Command(ctx, env, node, "-e", jsSDK, world.MinIO.URL, bucket, seconds)
	})
}

// npmInstall installs a package below dir, unless it is there, and returns the
// folder for NODE_PATH.
func npmInstall(ctx context.Context, npm, dir, name, version string) (modules string, err error) {
	dir = filepath.Join(dir, version)
	modules = filepath.Join(dir, "node_modules")
	if _, err := os.Stat(filepath.Join(dir, "package-lock.json")); err == nil {
		return modules, nil // written last, when all of it is there
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	cmd := rig.Command(ctx, npm, "install", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts", name+"@"+version)
	cmd.Dir = dir
	if out, err := output(cmd); err != nil {
		return "", fmt.Errorf("npm install: %w\n%s", err, out)
	}
	return modules, nil
}
