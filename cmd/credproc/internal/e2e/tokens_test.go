package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// TestTokens takes tokens that live for half a minute from other places than a
// file.
func TestTokens(t *testing.T) {
	gosdk, err := world.GoProgram(testContext(t), "./gosdk")
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	t.Run("github", func(t *testing.T) {
		t.Parallel()
		w := newWorkspace(t, requiredTerraform(t), "tokens-github")
		server := world.GitHub(t)
		w.machine.AddProfile(t, "github", "credential_process = "+world.Credproc+" --profile "+rig.RoleProfile+" --token-source github")
		survival(t, w, append(server.Env, "AWS_PROFILE=github")...)
		allNew(t, w.machine, server)
	})
	t.Run("vault", func(t *testing.T) {
		t.Parallel()
		m := world.Machine(t)
		server := world.Vault(t, "migration")
		line := append(under("--token-source", "vault:migration"), gosdk)
		outliveOn(t, m, "tokens-vault", func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
			return m.Command(ctx, server.Env, line[0], append(line[1:], world.MinIO.URL, bucket, seconds)...)
		})
		allNew(t, m, server)
	})
	t.Run("kubernetes", func(t *testing.T) {
		t.Parallel()
		m := world.Machine(t)
		server := world.Kubernetes(t, "jobs", "migration")
		line := append(pod(t, m, server.CA), under("--token-source", "kubernetes:jobs/migration")...)
		line = append(line, gosdk)
		outliveOn(t, m, "tokens-kubernetes", func(ctx context.Context, m *rig.Machine, bucket string) *exec.Cmd {
			return m.Command(ctx, server.Env, line[0], append(line[1:], world.MinIO.URL, bucket, seconds)...)
		})
		allNew(t, m, server)
	})
	summary.skip("a real Vault and a real Kubernetes API server", "not to be had from the registries; servers of the documented shape stand in")
}

// allNew checks that each STS call came with a token that was made for it.
func allNew(t *testing.T, m *rig.Machine, server *rig.TokenServer) {
	t.Helper()
	given, refused := server.Given()
	var used []string
	for _, call := range m.STS.Calls() {
		used = append(used, call.Token)
	}
	slices.Sort(used)
	slices.Sort(given)
	if !slices.Equal(used, given) || refused > 0 {
		t.Errorf("%d STS calls, %d tokens given, %d requests for one refused; the calls and the tokens should be the same", len(used), len(given), refused)
	}
	if distinct := len(slices.Compact(slices.Clone(used))); distinct != len(used) {
		t.Errorf("%d STS calls came with %d tokens", len(used), distinct)
	}
	summary.add(t, "%d tokens asked for, %d STS calls, each with a token of its own", len(given)+refused, len(used))
}

// pod is the beginning of the command line of what runs in a pod: in a mount
// namespace that has a service account's files where a pod has them.
func pod(t *testing.T, m *rig.Machine, ca []byte) []string {
	t.Helper()
	files := filepath.Join(m.Home, "serviceaccount")
	if err := os.Mkdir(files, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"ca.crt": ca, "token": []byte(rig.ServiceAccountToken)} {
		if err := os.WriteFile(filepath.Join(files, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const inside = `mount -t tmpfs none /var/run && mkdir -p /var/run/secrets/kubernetes.io &&
		cp -r "$0" /var/run/secrets/kubernetes.io/serviceaccount && exec "$@"`
	line := []string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", inside, files}
	if out, err := output(m.Command(testContext(t), nil, line[0], append(line[1:], "true")...)); err != nil {
		notRun(t, "a pod", fmt.Sprintf("no mount namespace of our own: %v: %s", err, out))
	}
	return line
}
