package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// between is how long Terraform is busy between two uses of S3: no
// credentials live that long.
const between = rig.TokenLife + time.Second

// getTerraform is Terraform with its state in S3, which it saves after a
// resource when 20 s have passed since it last did.
func getTerraform(ctx context.Context) (program, error) {
	return terraformIn(ctx, nil, func(w work, resources string) string {
		return fmt.Sprintf(migration[:strings.Index(migration, "\nresource ")], w.bucket, stateKey, rig.Region, w.endpoint) + resources
	}, "terraform_data.step%d", "")
}

// awsProvider is the configuration of a provider that is there for S3 alone.
const awsProvider = `terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = %q
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
  endpoints {
    s3 = %q
  }
}
`

// getTerraformProvider is Terraform's AWS provider, which stores an object
// between the pauses.
func getTerraformProvider(ctx context.Context) (program, error) {
	mirror, version, err := providerMirror()
	if err != nil {
		return program{}, err
	}
	p, err := terraformIn(ctx, []string{mirror}, func(w work, resources string) string {
		return fmt.Sprintf(awsProvider, rig.Region, w.endpoint) + strings.ReplaceAll(resources, "BUCKET", w.bucket)
	}, "aws_s3_object.step%d", `
resource "aws_s3_object" "step%d" {
  depends_on = [terraform_data.step%[1]d]
  bucket     = "BUCKET"
  key        = "step%[1]d"
  content    = "done"
}
`)
	p.version = version
	return p, err
}

// providerMirror looks where Terraform's documentation, "Implied Local Mirror
// Directories", has them, and below /opt.
func providerMirror() (dir, version string, err error) {
	const name = "registry.terraform.io/hashicorp/aws"
	for _, pattern := range []string{"/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", "/opt/*"} {
		found, _ := filepath.Glob(filepath.Join(pattern, name, "*", "*", "terraform-provider-aws*"))
		if len(found) > 0 {
			versions := filepath.Dir(filepath.Dir(found[0]))
			dir, _ := strings.CutSuffix(filepath.Dir(versions), "/"+name)
			return dir, filepath.Base(versions), nil
		}
	}
	return "", "", &notHad{"looking for terraform-provider-aws in the folders that Terraform takes for mirrors", "none has it"}
}

// terraformIn runs Terraform with a configuration of steps, each a pause and the
// resource after it, formats of the step's number. A step waits for the last
// resource of the one before.
func terraformIn(ctx context.Context, mirror []string, config func(w work, resources string) string, last, after string) (program, error) {
	terraform, err := rig.LookPath("terraform")
	if err != nil {
		return program{}, err
	}
	version, err := askVersion(ctx, []string{"CHECKPOINT_DISABLE=1"}, terraform, "version")
	return program{version, func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd {
		dir := filepath.Join(m.Home, "terraform-"+w.helper.profile)
		files := map[string]string{"main.tf": config(w, steps(w.length, last, after)), "terraformrc": ""}
		for _, path := range mirror {
			files["terraformrc"] = fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", path)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			panic(err) // the test's own folder
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				panic(err)
			}
		}
		env := []string{"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_CONFIG_FILE=" + filepath.Join(dir, "terraformrc"), w.profile()}
		init := m.Command(ctx, env, terraform, "init", "-input=false", "-no-color")
		apply := m.Command(ctx, env, terraform, "apply", "-auto-approve", "-input=false", "-no-color")
		init.Dir, apply.Dir = dir, dir
		return []*exec.Cmd{init, apply}
	}}, err
}

// steps fill the length, and end with a short one, lest the last credentials
// but one are still alive. Without a length there is one that does not wait.
func steps(length time.Duration, last, after string) string {
	pauses := []time.Duration{0}
	for range length / between {
		pauses = append(pauses, between)
	}
	if length > 0 {
		pauses = append(pauses, rig.TokenLife/3)
	}
	var text strings.Builder
	before := ""
	for i, pause := range pauses {
		fmt.Fprintf(&text, `
resource "terraform_data" "step%d" {
  depends_on = [%s]
  provisioner "local-exec" { command = "sleep %v" }
}
`, i, before, pause.Seconds())
		if after != "" {
			fmt.Fprintf(&text, after, i)
		}
		before = fmt.Sprintf(last, i)
	}
	return text.String()
}
