package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// In a pod the API server is asked for a token of another service account. A
// pod's own files have one place only, so the program gets a /var/run of its
// own.
func TestTokenFromKubernetes(t *testing.T) {
	if err := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", "/var/run").Run(); err != nil {
		t.Skipf("there can be no mount namespace here: %v", err)
	}
	w := testWorld(t)
	s, err := startSystem("kubernetes", w.home, w.iss)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	if err := os.WriteFile(filepath.Join(w.home, "token"), []byte(podToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(script string) *process {
		t.Helper()
		p := w.command(t, "--role-arn", role, "--token-source", "kubernetes:build/migrator")
		const folder = "/var/run/secrets/kubernetes.io/serviceaccount"
		p.Args = append([]string{"unshare", "-rm", "sh", "-ec", "mount -t tmpfs none /var/run\n" + script + "\nexec \"$@\"", folder}, p.Args...)
		if p.Path, err = exec.LookPath("unshare"); err != nil {
			t.Fatal(err)
		}
		for name, value := range s.variables {
			p.Env = append(p.Env, name+"="+value)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		return p
	}
	missing := run("")
	if status := missing.status(); status != exitToken || missing.stdout.Len() > 0 ||
		!strings.Contains(missing.stderr.String(), "/serviceaccount/token does not exist; the pod needs automountServiceAccountToken") {
		t.Errorf("without a service account: exit status %d, %s", status, &missing.stderr)
	}
	const mounted = `mkdir -p "$0"; cp "$HOME/token" "$HOME/kubernetes-ca.pem" "$0/"; mv "$0/kubernetes-ca.pem" "$0/ca.crt"`
	run(mounted).succeed(t)
	log := w.sts.Log()
	if n := len(log); n != 1 || log[n-1].Subject != "kubernetes" {
		t.Errorf("STS was asked for %+v", log)
	}
	for _, bad := range []struct {
		name   string
		answer http.HandlerFunc
		status int
		says   string
	}{
		{"rubbish", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>opaque</html>") }, exitToken, "is none: the answer is not JSON"},
		{"1 MB", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("opaque"), 1<<20/6)) }, exitToken, "more than 65536 bytes"},
		{"slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, exitUnreachable, "gave no answer in time"},
	} {
		s.mu.Lock()
		s.spoil = bad.answer
		s.mu.Unlock()
		p := run(mounted + "; export CREDPROC_TIMEOUT=2s CREDPROC_NO_CACHE=true")
		if status := p.status(); status != bad.status || p.stdout.Len() > 0 || !strings.Contains(p.stderr.String(), bad.says) ||
			strings.Contains(p.stderr.String(), "opaque") || strings.Contains(p.stderr.String(), podToken) {
			t.Errorf("%s: exit status %d, %s", bad.name, status, &p.stderr)
		}
	}
	s.mu.Lock()
	s.spoil = nil
	s.mu.Unlock()
	refused := run(mounted + `; echo other >"$0/token"; rm -rf "$HOME/.cache"`)
	if status := refused.status(); status != exitToken || !strings.Contains(refused.stderr.String(), "was refused") ||
		!strings.Contains(refused.stderr.String(), "needs `create` on serviceaccounts/token") {
		t.Errorf("refused: exit status %d, %s", status, &refused.stderr)
	}
}
