//go:build unix

package main

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/credproc/credproc/source/sourcetest"
)

// configs are the AWS config files of commands in the cache.
func (w *world) configs(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(w.cache, "config-*.ini"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// withSecret is what makes a command's config file hold a secret: a helper that
// sees one.
func (w *world) withSecret(t *testing.T, script string) *job {
	t.Helper()
	j := w.prepare(t, script, "--role-arn="+role, "--token-source=exec:sh -c 'test $AWS_SECRET_ACCESS_KEY = secret && cat "+w.token+"'")
	j.Env = append(j.Env, "AWS_SECRET_ACCESS_KEY=secret")
	return j
}

// The file that holds a secret goes with its command, but not with an exec that is
// killed: the command still needs it.
func TestExecRemovesSecrets(t *testing.T) {
	t.Parallel()
	t.Run("with the command", func(t *testing.T) {
		t.Parallel()
		w := testWorld(t)
		one, two := w.withSecret(t, counting), w.withSecret(t, counting)
		one.run(t)
		two.run(t)
		if n := len(w.configs(t)); n != 2 {
			t.Errorf("%d files for two commands", n)
		}
		one.finish(t)
		_ = one.status()
		if n := len(w.configs(t)); n != 1 {
			t.Errorf("%d files for one command", n)
		}
		two.finish(t)
		_ = two.status()
		if left := w.configs(t); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	t.Run("not with exec", func(t *testing.T) {
		t.Parallel()
		w := testWorld(t)
		j := w.withSecret(t, helper+"echo $$ > ready; until [ -e done ]; do sleep 0.02; done; rm -f $HOME/.cache/credproc/*.json; helper > credentials; echo $? > status")
		j.run(t)
		if err := j.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := j.Process.Wait(); err != nil {
			t.Fatal(err)
		}
		j.finish(t)
		soon(t, "the helper's end", func() bool { return j.read("status") != "" })
		if _, err := checkPrinted(j.read("credentials") + "\n"); err != nil || j.read("status") != "0" {
			t.Errorf("%v: status %s", err, j.read("status"))
		}
	})
	t.Run("before the command", func(t *testing.T) {
		t.Parallel()
		w := testWorld(t)
		w.sts.SetFault(sourcetest.Hang())
		j := w.withSecret(t, "true")
		if err := j.Start(); err != nil {
			t.Fatal(err)
		}
		w.asks(t, 1)
		if n := len(w.configs(t)); n != 1 {
			t.Errorf("%d files", n)
		}
		if err := j.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if status := j.status(); status != -1 {
			t.Errorf("exit status %d: it was not the signal that ended exec", status)
		}
		if left := w.configs(t); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}
