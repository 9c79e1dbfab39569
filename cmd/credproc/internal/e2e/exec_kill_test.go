package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// When exec is killed in the middle of an apply, nobody keeps the cache warm any
// more, and Terraform's SDK renews by itself.
func TestExecKilled(t *testing.T) {
	t.Parallel()
	terraform := requiredTerraform(t)
	ctx := testContext(t)
	w := newWorkspace(t, terraform, "exec-killed")
	w.init(ctx, t, []string{profile})

	// A shell tells how Terraform ended, when there is no parent to do so.
	result := filepath.Join(w.machine.Home, "result")
	w.terraform = append(under(), "sh", "-c", `"$@"; echo $? > "$0.new"; mv "$0.new" "$0"`, result, terraform)
	s := newShadows(t, w.machine)
	cmd := w.command(ctx, s.env(), "apply", "-auto-approve", "-input=false", "-no-color")
	log, err := os.Create(filepath.Join(w.machine.Home, "log")) // not a pipe, which would end with exec
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	group := cmd.Process.Pid
	t.Cleanup(func() { syscall.Kill(-group, syscall.SIGKILL) })

	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	wait := func(what string, done func() bool) {
		t.Helper()
		for !done() {
			select {
			case <-ctx.Done():
				t.Fatalf("interrupted while waiting for %s\n%s", what, read(log.Name()))
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	// The second resource takes 41 s.
	wait("the second resource", func() bool {
		text := read(log.Name())
		if strings.Contains(text, "Error:") {
			t.Fatal(text)
		}
		return strings.Contains(text, "terraform_data.database: Creating...")
	})
	wait("a renewal by exec", func() bool { return w.machine.STS.Count()[rig.Granted] > 1 })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	killed := time.Now()
	before := w.machine.STS.Count()[rig.Granted]
	wait("the end of terraform", func() bool {
		_, err := os.Stat(result)
		return err == nil
	})
	wait("the end of what exec had started", func() bool { return syscall.Kill(-group, 0) == syscall.ESRCH })
	took := time.Since(start).Round(time.Second)
	status := strings.TrimSpace(read(result))
	if status != "0" {
		t.Errorf("terraform apply: exit status %s", status)
	}
	w.saved(t, read(log.Name()), took, nil)
	s.unseen(t)
	counts := w.machine.STS.Count()
	if counts[rig.Granted]-before < 1 {
		t.Error("nobody renewed after the parent was killed, which shows nothing")
	}
	if text := read(log.Name()); !strings.Contains(text, "Apply complete!") {
		t.Errorf("terraform did not say that it was complete:\n%s", text)
	}
	summary.add(t, "apply exit status %s after %v, its parent killed after %v; STS calls: %v, %d of them after that; bucket: %s",
		status, took, killed.Sub(start).Round(time.Second), counts, counts[rig.Granted]-before, objects(t, w.bucket))
}
