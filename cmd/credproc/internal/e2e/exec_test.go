package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// under is the beginning of the command line of whatever runs under credproc
// exec.
func under(flags ...string) []string {
	return slices.Concat([]string{world.Credproc, "exec", "--profile", rig.RoleProfile}, flags, []string{"--"})
}

// TestExec runs long jobs where everything that SDKs look at before the profile
// leads them astray.
func TestExec(t *testing.T) {
	gosdk, err := world.GoProgram(testContext(t), "./gosdk")
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	t.Run("terraform", func(t *testing.T) {
		t.Parallel()
		w := newWorkspace(t, requiredTerraform(t), "exec-terraform")
		s := newShadows(t, w.machine)
		w.terraform = append(under(), w.terraform...)
		survival(t, w, s.env()...)
		s.unseen(t)
	})
	clients := map[string]client{
		"gosdk": func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
			return m.Command(ctx, nil, gosdk, world.MinIO.URL, bucket, seconds)
		},
		"aws": func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
			return uploading(nil, "aws")(ctx, m, bucket)
		},
		"boto3": func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
			return m.Command(ctx, nil, "python3", "-c", boto3, world.MinIO.URL, bucket, seconds)
		},
	}
	for name, start := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			usable(t, name)
			m := world.Machine(t)
			s := newShadows(t, m)
			outliveOn(t, m, "exec-"+name, func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
				return lead(under(), s.env(), start(ctx, m, bucket))
			})
			s.unseen(t)
		})
	}
	t.Run("trap", func(t *testing.T) {
		t.Parallel()
		clients["aws"] = func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
			return m.Command(ctx, nil, "aws", "--endpoint-url", world.MinIO.URL, "s3", "ls", "s3://"+bucket)
		}
		trap(t, clients)
	})
}

// lead puts line before the command line of cmd, and env on top of its
// environment.
func lead(line, env []string, cmd *exec.Cmd) *exec.Cmd {
	cmd.Args = slices.Concat(line, []string{cmd.Path}, cmd.Args[1:])
	cmd.Path = line[0]
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// usable skips the test where the client is not there.
func usable(t *testing.T, client string) {
	t.Helper()
	switch client {
	case "aws":
		optional(t, "aws")
	case "boto3":
		python := optional(t, "python3")
		if out, err := output(world.Machine(t).Command(testContext(t), nil, python, "-c", "import boto3")); err != nil {
			notRun(t, "boto3", strings.TrimSpace(out))
		}
	}
}

// trap is the same without exec: with the profile named, and nothing removed.
// Each variable that misleads does so alone as well, but for the container's,
// which SDKs ask after the profile.
func trap(t *testing.T, clients map[string]client) {
	ctx := testContext(t)
	for _, test := range []struct {
		name    string
		shadows func(*shadows) []string
		why     string
	}{
		{"all", (*shadows).env, "InvalidAccessKeyId"},
		{"access_keys", (*shadows).keys, "InvalidAccessKeyId"},
		{"irsa", (*shadows).irsa, "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
	} {
		judge := func(t *testing.T, s *shadows, out string, err error) {
			t.Helper()
			if err == nil {
				t.Errorf("it worked: there is no trap\n%s", out)
			}
			if !strings.Contains(out, test.why) {
				t.Errorf("it did not fail because of %s:\n%s", test.why, out)
			}
			if s.machine.STS.Count()[rig.Granted] > 0 {
				t.Error("credproc was asked")
			}
			summary.add(t, "%v, as it must: %s", status(err), test.why)
		}
		for name, start := range clients {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				usable(t, name)
				s := newShadows(t, world.Machine(t))
				cmd := start(ctx, s.machine, newBucket(t, "trap-"+name))
				cmd.Env = append(cmd.Env, append(test.shadows(s), profile)...)
				out, err := output(cmd)
				judge(t, s, out, err)
			})
		}
		t.Run(test.name+"/terraform", func(t *testing.T) {
			w := newWorkspace(t, requiredTerraform(t), "trap-terraform")
			w.init(ctx, t, staticCredentials(ctx, t))
			s := newShadows(t, w.machine)
			out, _, err := w.apply(ctx, t, append(test.shadows(s), profile))
			judge(t, s, out, err)
			if listing := objects(t, w.bucket); listing != "nothing" {
				t.Errorf("the bucket holds %s", listing)
			}
		})
	}
}

// shadows are what SDKs find before the profile, or instead of it: IRSA's pair
// for a role that STS denies, access keys that nobody knows, and a container
// endpoint that answers 500.
type shadows struct {
	machine   *rig.Machine
	container *httptest.Server
	asked     atomic.Int32
}

func newShadows(t *testing.T, m *rig.Machine) *shadows {
	s := &shadows{machine: m}
	s.container = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		http.Error(w, "no credentials here", http.StatusInternalServerError)
	}))
	t.Cleanup(s.container.Close)
	return s
}

func (s *shadows) env() []string {
	return append(slices.Concat(s.irsa(), s.keys()), "AWS_CONTAINER_CREDENTIALS_FULL_URI="+s.container.URL)
}

func (s *shadows) keys() []string {
	return []string{"AWS_ACCESS_KEY_ID=AKIANOBODYKNOWSTHIS0", "AWS_SECRET_ACCESS_KEY=nobody-knows-this-either", "AWS_SESSION_TOKEN=nor-this"}
}

// irsa also leads the SDKs to the machine's STS, as a mutating webhook may.
func (s *shadows) irsa() []string {
	return []string{
		"AWS_ROLE_ARN=" + rig.DeniedRole,
		"AWS_WEB_IDENTITY_TOKEN_FILE=" + world.Token.Path,
		"AWS_ROLE_SESSION_NAME=shadow",
		"AWS_ENDPOINT_URL_STS=" + s.machine.STS.URL,
		"AWS_REGION=" + rig.Region,
	}
}

// unseen checks that nobody fell for them.
func (s *shadows) unseen(t *testing.T) {
	t.Helper()
	if n := s.asked.Load(); n > 0 {
		t.Errorf("the container endpoint was asked %d times", n)
	}
	if counts := s.machine.STS.Count(); len(counts) > 1 {
		t.Errorf("STS calls: %v, want all granted", counts)
	}
}
