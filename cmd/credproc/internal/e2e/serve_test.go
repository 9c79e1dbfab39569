package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// An endpoint is a credproc serve on a machine, in a sidecar's place.
type endpoint struct {
	url, tokenFile, metrics string

	cmd  *exec.Cmd
	mu   sync.Mutex
	log  strings.Builder
	read chan struct{} // closed when there will be no more log
}

// serving starts credproc serve on m and waits until it listens.
func serving(ctx context.Context, t *testing.T, m *rig.Machine, flags ...string) *endpoint {
	t.Helper()
	line := append([]string{"serve", "--profile", rig.RoleProfile, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"}, flags...)
	e := &endpoint{cmd: m.Command(ctx, nil, world.Credproc, line...), read: make(chan struct{})}
	stderr, err := e.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(stderr)
	first, err := in.ReadString('\n')
	var said struct {
		URL     string
		File    string `json:"authorization_token_file"`
		Metrics string `json:"metrics_url"`
	}
	if err != nil || json.Unmarshal([]byte(first), &said) != nil || said.URL == "" {
		t.Fatalf("credproc serve says %q: %v", first, err)
	}
	e.url, e.tokenFile, e.metrics = said.URL, said.File, said.Metrics
	go func() {
		defer close(e.read)
		for {
			line, err := in.ReadString('\n')
			e.mu.Lock()
			e.log.WriteString(line)
			e.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return e
}

// end ends it as a pod's end does, and checks that it leaves nothing behind.
func (e *endpoint) end(t *testing.T) {
	t.Helper()
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	<-e.read
	if err := e.cmd.Wait(); err != nil {
		t.Errorf("credproc serve: %v", err)
	}
	if _, err := os.Stat(e.tokenFile); err == nil {
		t.Error("the token file is still there")
	}
	if t.Failed() {
		t.Log(e.logged())
	}
}

func (e *endpoint) logged() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.log.String()
}

// env leads SDKs to the endpoint and to nothing else.
func (e *endpoint) env() []string {
	return []string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + e.url,
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + e.tokenFile,
		"AWS_REGION=" + rig.Region, "AWS_DEFAULT_REGION=" + rig.Region,
		"AWS_CONFIG_FILE=" + os.DevNull,
	}
}

// TestServe has real clients outlive two lives of the credentials that serve
// gives them. None of them knows of credproc.
func TestServe(t *testing.T) {
	gosdk, err := world.GoProgram(testContext(t), "./gosdk")
	if err != nil {
		t.Fatal(err)
	}
	modules := jsModules(t)
	debian, debianErr := debianAWSCLI(testContext(t), filepath.Join(world.BuildDir, "debian-awscli"))
	t.Parallel()
	type start = func(ctx context.Context, e *endpoint, m *rig.Machine, bucket string) *exec.Cmd
	for name, start := range map[string]start{
		"gosdk": func(ctx context.Context, e *endpoint, m *rig.Machine, bucket string) *exec.Cmd {
			return m.Command(ctx, e.env(), gosdk, world.MinIO.URL, bucket, seconds)
		},
		"jssdk": func(ctx context.Context, e *endpoint, m *rig.Machine, bucket string) *exec.Cmd {
			return m.Command(ctx, append(e.env(), "NODE_PATH="+modules), "node", "-e", jsSDK, world.MinIO.URL, bucket, seconds)
		},
		"boto3": func(ctx context.Context, e *endpoint, m *rig.Machine, bucket string) *exec.Cmd {
			return m.Command(ctx, e.env(), "python3", "-c", boto3, world.MinIO.URL, bucket, seconds)
		},
		"aws": func(ctx context.Context, e *endpoint, m *rig.Machine, bucket string) *exec.Cmd {
			return uploading(e.env(), "aws")(ctx, m, bucket)
		},
		// It knows the token only from the environment, as --env-file writes it.
		"debian-awscli": func(ctx context.Context, e *endpoint, m *rig.Machine, bucket string) *exec.Cmd {
			env := append(e.env(), "PYTHONPATH="+filepath.Join(debian, "usr/lib/python3/dist-packages"))
			cmd := uploading(env, "/usr/bin/python3", filepath.Join(debian, "usr/bin/aws"))(ctx, m, bucket)
			cmd.Args = append([]string{"sh", "-c", `. ./env && exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)
			cmd.Path = "/bin/sh"
			return cmd
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			usable(t, name)
			switch {
			case name == "jssdk" && modules == "":
				notRun(t, "serve: the AWS SDK for JavaScript", "missing")
			case name == "debian-awscli" && debianErr != nil:
				notRun(t, "serve: Debian's awscli", debianErr.Error())
			}
			m := world.Machine(t)
			e := serving(testContext(t), t, m, "--env-file", filepath.Join(m.Home, "env"))
			outliveOn(t, m, "serve-"+name, func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
				return start(ctx, e, m, bucket)
			})
			if n := m.STS.Count()[rig.Granted]; n > 12 {
				t.Errorf("%d calls of STS", n)
			}
			e.end(t)
		})
	}
	t.Run("terraform", func(t *testing.T) {
		t.Parallel()
		w := newWorkspace(t, requiredTerraform(t), "serve-terraform")
		e := serving(testContext(t), t, w.machine)
		survival(t, w, e.env()...)
		e.end(t)
	})
}

// jsModules is the folder of the SDK for JavaScript, or empty where it cannot be
// had.
func jsModules(t *testing.T) string {
	t.Helper()
	npm, err := rig.LookPath("npm")
	if err != nil {
		return ""
	}
	modules, err := npmInstall(testContext(t), npm, filepath.Join(world.BuildDir, "js"), "@aws-sdk/client-s3", jsSDKVersion)
	if err != nil {
		t.Log(err)
		return ""
	}
	return modules
}
