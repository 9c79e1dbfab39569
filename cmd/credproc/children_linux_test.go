package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

// A process left behind that inherited stdout or stderr would hold up the SDK
// that ran us. Whatever becomes of a call, nobody is left, and nobody's command
// line, which all users can read, holds a secret.
func TestNoProcessIsLeftBehind(t *testing.T) {
	w := testWorld(t)
	mark := "CREDPROC_TEST_MARK=" + rand.Text()
	run := func(args ...string) {
		t.Helper()
		p := w.command(t, args...)
		p.Env = append(p.Env, mark)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		found := marked(t, mark)
		if len(found) > 1 {
			t.Errorf("it has children: %q", found)
		}
		secrets, err := w.secrets()
		if err != nil {
			t.Fatal(err)
		}
		if s := leak(strings.Join(found, " "), secrets); s != "" {
			t.Errorf("a command line holds a piece of a secret, %s: %q", s, found)
		}
		_ = p.status()
		if found := marked(t, mark); len(found) > 0 {
			t.Errorf("credproc %q left behind %q", args, found)
		}
	}
	run()
	run()
	w.grow(t, 50*time.Minute)
	run()
	w.grow(t, 50*time.Minute)
	w.sts.SetFault(refused())
	run("--log-file", filepath.Join(w.home, "log"))
	w.sts.SetFault(sourcetest.Hang())
	run("--no-cache", "--timeout=1s")
}

// marked lists the command lines of the processes, other than dead ones, that
// have an environment with mark in it.
func marked(t *testing.T, mark string) (found []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		// A process that ends meanwhile is none that stays.
		if env, err := os.ReadFile(path); err == nil && bytes.Contains(env, []byte(mark)) {
			argv, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			found = append(found, string(argv))
		}
	}
	return found
}
