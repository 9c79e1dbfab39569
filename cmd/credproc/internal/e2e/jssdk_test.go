package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

const jsSDKVersion = "3.1169.0"

// jsSDK is a program for Node that lists a bucket once a second with one client.
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
})().catch((err) => { console.error(String(err)); process.exit(1); });
`

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
