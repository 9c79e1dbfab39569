package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// TestExecContainerEndpoint is TestExec with exec's own endpoint instead of a
// profile. That is what SDKs ask last but one, so that there are more things to
// lead them astray.
func TestExecContainerEndpoint(t *testing.T) {
	gosdk, err := world.GoProgram(testContext(t), "./gosdk")
	if err != nil {
		t.Fatal(err)
	}
	modules := jsModules(t)
	debian, debianErr := debianAWSCLI(testContext(t), filepath.Join(world.BuildDir, "debian-awscli"))
	t.Parallel()
	line := under("--container-endpoint")
	for name, start := range map[string]client{
		"gosdk": func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
			return m.Command(ctx, nil, gosdk, world.MinIO.URL, bucket, seconds)
		},
		"jssdk": func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
			return m.Command(ctx, []string{"NODE_PATH=" + modules}, "node", "-e", jsSDK, world.MinIO.URL, bucket, seconds)
		},
		"boto3": func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
			return m.Command(ctx, nil, "python3", "-c", boto3, world.MinIO.URL, bucket, seconds)
		},
		"aws": func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
			return uploading(nil, "aws")(ctx, m, bucket)
		},
		// It knows the token only from the environment.
		"debian-awscli": func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
			env := []string{"PYTHONPATH=" + filepath.Join(debian, "usr/lib/python3/dist-packages")}
			return uploading(env, "/usr/bin/python3", filepath.Join(debian, "usr/bin/aws"))(ctx, m, bucket)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			usable(t, name)
			switch {
			case name == "jssdk" && modules == "":
				notRun(t, "exec --container-endpoint: the AWS SDK for JavaScript", "missing")
			case name == "debian-awscli" && debianErr != nil:
				notRun(t, "exec --container-endpoint: Debian's awscli", debianErr.Error())
			}
			m := world.Machine(t)
			s := newShadows(t, m)
			env := append(s.env(), mislead(t, m)...)
			outliveOn(t, m, "endpoint-"+name, func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
				return lead(line, env, start(ctx, m, bucket))
			})
			s.unseen(t)
		})
	}
	t.Run("terraform", func(t *testing.T) {
		t.Parallel()
		w := newWorkspace(t, requiredTerraform(t), "endpoint-terraform")
		s := newShadows(t, w.machine)
		env := append(s.env(), mislead(t, w.machine)...)
		w.terraform = append(line, w.terraform...)
		survival(t, w, env...)
		s.unseen(t)
	})
}

// mislead writes access keys that nobody knows wherever SDKs find some before
// they ask an endpoint, and returns the variables that lead there.
func mislead(t *testing.T, m *rig.Machine) []string {
	t.Helper()
	const keys = "aws_access_key_id = AKIANOBODYKNOWSTHIS0\naws_secret_access_key = nobody-knows-this-either\n"
	config := filepath.Join(m.Home, ".aws", "config")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	ec2 := filepath.Join(m.Home, "ec2-keys")
	for path, text := range map[string]string{
		config: string(text) + "\n[default]\nregion = " + rig.Region + "\n" + keys,
		filepath.Join(m.Home, ".aws", "credentials"): "[default]\n" + keys,
		filepath.Join(m.Home, ".boto"):               "[Credentials]\n" + keys,
		ec2:                                          strings.NewReplacer("aws_access_key_id", "AWSAccessKeyId", "aws_secret_access_key", "AWSSecretKey", " ", "").Replace(keys),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"AWS_CREDENTIAL_FILE=" + ec2}
}
