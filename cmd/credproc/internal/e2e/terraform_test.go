package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// migration is a Terraform run that takes 84 s: nearly three lives of the
// credentials. Terraform saves its state at the end, and after a resource when
// 20 s have passed since it last did, or since the first resource: at 42 s,
// 63 s and 84 s.
const migration = `terraform {
  required_version = ">= 1.10"
  backend "s3" {
    bucket       = %q
    key          = %q
    region       = %q
    endpoints    = { s3 = %q }
    use_lockfile = true

    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
    skip_s3_checksum            = true
  }
}

resource "terraform_data" "first" {
  provisioner "local-exec" { command = "sleep 1" }
}

resource "terraform_data" "database" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" { command = "sleep 41" }
}

resource "terraform_data" "indexes" {
  depends_on = [terraform_data.database]
  provisioner "local-exec" { command = "sleep 21" }
}

resource "terraform_data" "grants" {
  depends_on = [terraform_data.indexes]
  provisioner "local-exec" { command = "sleep 21" }
}
`

const (
	stateKey  = "terraform.tfstate"
	resources = 4
	shortest  = 75 * time.Second // an apply that ends sooner has proved nothing
)

func TestTerraform(t *testing.T) {
	t.Parallel()
	terraform := requiredTerraform(t)
	t.Run("environment", func(t *testing.T) {
		t.Parallel()
		accident(t, newWorkspace(t, terraform, "environment"))
	})
	t.Run("credential_process", func(t *testing.T) {
		t.Parallel()
		survival(t, newWorkspace(t, terraform, "credential-process"), profile)
	})
	t.Run("killed_and_refused", func(t *testing.T) {
		t.Parallel()
		survivalAmongKills(t, newWorkspace(t, terraform, "killed-and-refused"))
	})
}

func requiredTerraform(t *testing.T) string {
	t.Helper()
	return required(t, "terraform", "get version 1.10 or later from https://developer.hashicorp.com/terraform/install")
}

// A workspace is a Terraform working directory on a machine of its own, with
// its state in a bucket of its own.
type workspace struct {
	machine   *rig.Machine
	terraform []string // the beginning of its command line
	dir       string
	bucket    string
}

func newWorkspace(t *testing.T, terraform, name string) *workspace {
	t.Helper()
	m := world.Machine(t)
	w := &workspace{machine: m, terraform: []string{terraform}, dir: filepath.Join(m.Home, "migration"), bucket: newBucket(t, name)}
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	main := fmt.Sprintf(migration, w.bucket, stateKey, rig.Region, world.MinIO.URL)
	if err := os.WriteFile(filepath.Join(w.dir, "main.tf"), []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// command is Terraform in the workspace, on top of the machine's environment.
func (w *workspace) command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	line := slices.Concat(w.terraform, args)
	cmd := w.machine.Command(ctx, slices.Concat(env, []string{"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1"}), line[0], line[1:]...)
	cmd.Dir = w.dir
	return cmd
}

// run runs Terraform in the workspace. Its error is nil or an *exec.ExitError.
func (w *workspace) run(ctx context.Context, t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	out, err := output(w.command(ctx, env, args...))
	if ctx.Err() != nil {
		t.Fatal("interrupted: ", context.Cause(ctx))
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out, err
}

func (w *workspace) init(ctx context.Context, t *testing.T, env []string) {
	t.Helper()
	if out, err := w.run(ctx, t, env, "init", "-input=false", "-no-color"); err != nil {
		t.Fatalf("terraform init: %v\n%s", err, out)
	}
}

func (w *workspace) apply(ctx context.Context, t *testing.T, env []string) (out string, took time.Duration, err error) {
	t.Helper()
	start := time.Now()
	out, err = w.run(ctx, t, env, "apply", "-auto-approve", "-input=false", "-no-color")
	return out, time.Since(start).Round(time.Second), err
}

// errored reports whether Terraform left its state behind in a file.
func (w *workspace) errored() bool {
	_, err := os.Stat(filepath.Join(w.dir, "errored.tfstate"))
	return err == nil
}

// savedResources counts the resources of the state in the bucket.
func (w *workspace) savedResources(t *testing.T) int {
	t.Helper()
	object, err := world.MinIO.S3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(w.bucket), Key: aws.String(stateKey)})
	if err != nil {
		return 0
	}
	defer object.Body.Close()
	text, err := io.ReadAll(object.Body)
	if err != nil {
		t.Fatal(err)
	}
	var state struct{ Resources []struct{ Name string } }
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatalf("the state in the bucket: %v", err)
	}
	return len(state.Resources)
}

// accident is the user's: credentials in environment variables that run out
// while Terraform works. It shows that the other runs can fail.
func accident(t *testing.T, w *workspace) {
	ctx := testContext(t)
	w.init(ctx, t, staticCredentials(ctx, t))
	out, took, err := w.apply(ctx, t, staticCredentials(ctx, t))
	listing := objects(t, w.bucket)

	if err == nil {
		t.Error("terraform apply succeeded with credentials that had run out")
	}
	if !w.errored() {
		t.Error("there is no errored.tfstate")
	}
	if listing != stateKey+".tflock" {
		t.Error("the bucket should hold the lock and no state")
	}
	if t.Failed() {
		t.Log(out)
	}
	summary.add(t, "apply %v after %v; errored.tfstate: %v; bucket: %s", status(err), took, w.errored(), listing)
}

// survival is the same apply, with credproc, found by env.
func survival(t *testing.T, w *workspace, env ...string) {
	ctx := testContext(t)
	w.init(ctx, t, env)
	out, took, err := w.apply(ctx, t, env)
	w.saved(t, out, took, err)

	// Terraform needs credentials before the first second, at 42 s and at 84 s:
	// no two of these fall into one life. That nobody renews before half a life
	// gives the upper limit.
	calls := w.machine.STS.Count()
	if calls[rig.Granted] < 3 || calls[rig.Granted] > 12 || len(calls) > 1 {
		t.Errorf("STS calls: %v, want 3 to 12 and all granted", calls)
	}
	summary.add(t, "apply %v after %v; STS calls: %v; bucket: %s", status(err), took, calls, objects(t, w.bucket))
}

// saved checks what every apply with credproc must leave behind.
func (w *workspace) saved(t *testing.T, out string, took time.Duration, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("terraform apply: %v", err)
	}
	if took < shortest {
		t.Errorf("terraform apply took %v, too short to show anything", took)
	}
	if w.errored() {
		t.Error("there is an errored.tfstate")
	}
	if n := w.savedResources(t); n != resources {
		t.Errorf("the state in the bucket holds %d resources, want %d", n, resources)
	}
	if listing := objects(t, w.bucket); listing != stateKey {
		t.Errorf("the bucket holds %s, want the state and no lock", listing)
	}
	if t.Failed() {
		t.Log(out)
	}
}

// staticCredentials are environment variables with new credentials, as a CI
// job's first step leaves them.
func staticCredentials(ctx context.Context, t *testing.T) []string {
	t.Helper()
	credentials, err := world.MinIO.AssumeRole(ctx, world.Token.New())
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"AWS_ACCESS_KEY_ID=" + credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + credentials.SessionToken,
	}
}

// newBucket makes an empty bucket, a new one each time a test is run.
func newBucket(t *testing.T, name string) string {
	t.Helper()
	bucket := name + "-" + strings.ToLower(rand.Text()[:6])
	if _, err := world.MinIO.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	return bucket
}

// objects are the keys in the bucket, or "nothing".
func objects(t *testing.T, bucket string) string {
	t.Helper()
	page, err := world.MinIO.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, object := range page.Contents {
		keys = append(keys, aws.ToString(object.Key))
	}
	if keys == nil {
		return "nothing"
	}
	return strings.Join(keys, " ")
}

func status(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}
