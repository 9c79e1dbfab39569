//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

// An alert that hangs holds exec up neither when the command has ended nor when
// somebody wants exec to end, and does not outlive it.
func TestExecDoesNotWaitForAnAlert(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{0, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			w := testWorld(t)
			now := time.Now()
			if err := w.iss.WriteToken(w.token, sourcetest.Claims{IssuedAt: now.Add(-time.Hour), Expiry: now.Add(4 * time.Minute)}); err != nil {
				t.Fatal(err)
			}
			j := w.job(t, counting, "--on-warning=echo $$ > alert; exec sleep 1000")
			soon(t, "an alert", func() bool { return j.read("alert") != "" })
			j.finish(t)
			began := time.Now()
			if signal != 0 {
				pid := j.pid(t)
				soon(t, "the end of the command", func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH })
				_ = j.Process.Signal(signal)
			}
			if status := j.status(); status != 0 {
				t.Errorf("exit status %d: %s", status, &j.stderr)
			}
			if took := time.Since(began); took > alertTime/2 {
				t.Errorf("exec took %v to end", took)
			}
			pid := j.number(t, "alert")
			soon(t, "the end of the alert", func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH })
		})
	}
}

// The log file has what the user must know later: why a command was not started,
// whoever found that out, and each warning.
func TestExecLogs(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	dir := t.TempDir()
	log := func(status int, want string, args ...string) {
		t.Helper()
		file := filepath.Join(dir, "log")
		_ = os.Remove(file)
		p := w.command(t, append([]string{"exec", "--log-file", file}, args...)...)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		if got := p.status(); got != status {
			t.Errorf("exit status %d, not %d", got, status)
		}
		text, _ := os.ReadFile(file)
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if last := lines[len(lines)-1]; !strings.Contains(last, "]: "+want) {
			t.Errorf("%v: the log says %q, not %q", args, text, want)
		}
	}
	log(125, "true was not started (status 2): --duration-seconds", "--duration-seconds=1", "true")
	log(125, "true was not started (status 2): --timeout", "--timeout=never", "true")
	log(127, "no-such-program: not found", "no-such-program")
	w.sts.SetFault(refused())
	log(125, "true was not started (status 4): ", "true")
	log(125, "true was not started (status 4): ", "true") // remembered
	if n := w.sts.Calls(); n != 1 {
		t.Logf("STS had %d calls: the second refusal was not remembered", n)
	}
}

// Whoever deletes the cache folder while a command runs does no more than cost a
// miss: the command's AWS config file is put back.
func TestExecWithoutItsCacheFolder(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	j := w.job(t, helper+`echo "$AWS_CONFIG_FILE" > path; echo $$ > ready; until [ -e done ]; do sleep 0.02; done; helper > credentials; echo $? > status`)
	path := j.read("path")
	if err := os.RemoveAll(w.cache); err != nil {
		t.Fatal(err)
	}
	soon(t, "the config file", func() bool { _, err := os.Stat(path); return err == nil })
	j.finish(t)
	if status := j.status(); status != 0 {
		t.Errorf("exit status %d: %s", status, &j.stderr)
	}
	if _, err := checkPrinted(j.read("credentials") + "\n"); err != nil || j.read("status") != "0" {
		t.Errorf("%v: status %s", err, j.read("status"))
	}
}

// A token that was good for one session is no reason to warn before the session's
// own end is near: nobody expects a renewal.
func TestExecIsSilentAboutAOneShotToken(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.AddRole(sourcetest.Role{ARN: role, MaxSessionDuration: 12 * time.Hour})
	text, err := os.ReadFile(w.token)
	if err != nil {
		t.Fatal(err)
	}
	j := w.prepare(t, counting, "--role-arn="+role, "--token-source=env:JOB_TOKEN", alerting)
	j.Env = append(j.Env, "JOB_TOKEN="+strings.TrimSpace(string(text)))
	j.run(t)
	w.grow(t, 7*time.Hour) // of twelve: past half, and the token has run out
	w.sts.SetFault(sourcetest.Refuse(400, "ExpiredTokenException", "Token expired"))
	calls := w.sts.Calls()
	soon(t, "a renewal", func() bool { return w.sts.Calls() > calls })
	soon(t, "a second one", func() bool { return len(j.alerts(t)) > 0 || w.sts.Calls() > calls+1 })
	if alerts := j.alerts(t); len(alerts) > 0 {
		t.Errorf("there was a warning: %+v", alerts)
	}
	w.grow(t, 4*time.Hour+40*time.Minute)
	soon(t, "a warning near the end", func() bool { return len(j.alerts(t)) == 1 })
	j.finish(t)
	_ = j.status()
}
