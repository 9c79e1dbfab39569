//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

// counting is a command that says which signals it has had, until a file named
// done is there. It does not outlive a dead test for long.
const counting = `
n=0
for s in HUP INT QUIT TERM USR1 USR2 ALRM; do trap "n=\$((n+1)); echo $s \$n >> signals" $s; done
echo $PPID > parent
echo $$ > ready
until [ -e done ] || [ $((i=i+1)) -gt 6000 ]; do sleep 0.02; done
exit $n
`

// A job is a command that exec runs.
type job struct {
	*process
	w   *world
	dir string
}

// job starts a script under exec, in a folder of its own, and waits until it has
// written the file ready there.
func (w *world) job(t *testing.T, script string, flags ...string) *job {
	t.Helper()
	j := w.prepare(t, script, flags...)
	j.run(t)
	return j
}

func (w *world) prepare(t *testing.T, script string, flags ...string) *job {
	t.Helper()
	dir := t.TempDir()
	p := w.command(t, append(append([]string{"exec"}, flags...), "sh", "-c", script)...)
	p.Dir = dir
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return &job{p, w, dir}
}

func (j *job) run(t *testing.T) {
	t.Helper()
	if err := j.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-j.Process.Pid, syscall.SIGKILL) })
	soon(t, "the command", func() bool { return j.read("ready") != "" })
}

func (j *job) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(j.dir, name))
	if !strings.HasSuffix(string(text), "\n") {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func (j *job) pid(t *testing.T) int { return j.number(t, "ready") }

func (j *job) number(t *testing.T, name string) int {
	t.Helper()
	n, err := strconv.Atoi(j.read(name))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// finish lets the command end.
func (j *job) finish(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(j.dir, "done"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A signal sent to exec alone is passed on, once.
func TestExecPassesSignalsOn(t *testing.T) {
	t.Parallel()
	j := testWorld(t).job(t, counting)
	var want []string
	for i, s := range []struct {
		signal syscall.Signal
		name   string
	}{{syscall.SIGTERM, "TERM"}, {syscall.SIGINT, "INT"}, {syscall.SIGHUP, "HUP"}, {syscall.SIGQUIT, "QUIT"},
		{syscall.SIGUSR1, "USR1"}, {syscall.SIGUSR2, "USR2"}, {syscall.SIGALRM, "ALRM"}, {syscall.SIGINT, "INT"}} {
		j.signal(t, s.signal)
		want = append(want, s.name+" "+strconv.Itoa(i+1))
		soon(t, s.name, func() bool { return j.read("signals") == strings.Join(want, "\n") })
	}
	j.finish(t)
	if status := j.status(); status != len(want) {
		t.Errorf("exit status %d, not %d\n%s", status, len(want), &j.stderr)
	}
}

// A signal sent to the whole group, as by Ctrl-C, timeout or a CI runner, is not
// passed on: for Terraform a second one means to end at once.
func TestExecLeavesSignalsOfTheGroupAlone(t *testing.T) {
	t.Parallel()
	j := testWorld(t).job(t, counting)
	for n := range 6 {
		s := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}[n%3]
		if err := syscall.Kill(-j.Process.Pid, s); err != nil {
			t.Fatal(err)
		}
		soon(t, s.String(), func() bool { return strings.Count(j.read("signals"), "\n") == n })
	}
	// One that was passed on by mistake comes before this one.
	j.signal(t, syscall.SIGUSR1)
	soon(t, "USR1", func() bool { return strings.Contains(j.read("signals"), "USR1") })
	if got, want := j.read("signals"), "INT 1\nTERM 2\nHUP 3\nINT 4\nTERM 5\nHUP 6\nUSR1 7"; got != want {
		t.Errorf("the command had\n%s\nnot\n%s", got, want)
	}
	j.finish(t)
	if status := j.status(); status != 7 {
		t.Errorf("exit status %d, not 7", status)
	}
}

// What was ignored stays ignored, as under nohup.
func TestExecUnderNohup(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	j := w.prepare(t, counting)
	j.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$@"`, "sh", j.Path}, j.Args[1:]...)
	j.Path = "/bin/sh"
	j.run(t)
	j.signal(t, syscall.SIGHUP)
	if err := syscall.Kill(j.pid(t), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	j.signal(t, syscall.SIGUSR1)
	soon(t, "USR1", func() bool { return j.read("signals") == "USR1 1" })
	j.finish(t)
	_ = j.status()
}

// When the command is killed exec ends, and nobody is left.
func TestExecOfAKilledCommand(t *testing.T) {
	t.Parallel()
	j := testWorld(t).job(t, "echo $$ > ready; exec sleep 1000")
	if err := syscall.Kill(j.pid(t), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if status := j.status(); status != 137 {
		t.Errorf("exit status %d, not 137", status)
	}
	soon(t, "the end of the group", func() bool { return syscall.Kill(-j.Process.Pid, 0) == syscall.ESRCH })
}

// helper is what an SDK does: it runs the credential_process of its profile.
const helper = `helper() { eval "$(sed -n "/^\[profile $AWS_PROFILE\]/,/^\[/s/^credential_process = //p" "$AWS_CONFIG_FILE")"; }
`

// When exec is killed the command goes on, and its SDK renews by itself.
func TestExecKilled(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetLifetime(8 * time.Second)
	j := w.job(t, helper+"echo $$ > ready; until [ -e done ]; do sleep 0.02; done; helper > credentials; echo $? > status")
	calls := w.sts.Calls()
	if err := j.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// Not until stdout is closed: the command has it.
	if _, err := j.Process.Wait(); err != nil {
		t.Fatal(err)
	}
	entry, err := onlyEntry(w.cache)
	if err != nil {
		t.Fatal(err)
	}
	if err := ageEntry(entry, time.Hour); err != nil {
		t.Fatal(err)
	}
	j.finish(t)
	soon(t, "the helper's end", func() bool { return j.read("status") != "" })
	if _, err := checkPrinted(j.read("credentials") + "\n"); err != nil || j.read("status") != "0" {
		t.Errorf("%v: status %s", err, j.read("status"))
	}
	if n := w.sts.Calls(); n <= calls {
		t.Errorf("nobody asked STS")
	}
}

// While the command runs the cache is kept warm: its SDK meets hits only.
func TestExecKeepsTheCacheWarm(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetLifetime(6 * time.Second)
	j := w.job(t, counting)
	for n := range 4 {
		w.asks(t, n+1)
		if left := j.left(t); left < 2*time.Second {
			t.Errorf("before call %d of STS %v were left", n+1, left)
		}
	}
	j.finish(t)
	if status := j.status(); status != 0 || j.stderr.Len() > 0 {
		t.Errorf("exit status %d\n%s", status, &j.stderr)
	}
}

// left is how long the cached credentials still live.
func (j *job) left(t *testing.T) time.Duration {
	t.Helper()
	path, err := onlyEntry(j.w.cache)
	if err != nil {
		t.Fatal(err)
	}
	e, err := readEntry(path)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339Nano, e.Expiration)
	if err != nil {
		t.Fatal(err)
	}
	return time.Until(at)
}

// alerts are what --on-warning was given so far, one JSON object a file.
func (j *job) alerts(t *testing.T) (all []warning) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(j.dir, "alert.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil || !bytes.HasSuffix(text, []byte("\n")) {
			continue
		}
		var w warning
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&w); err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
	}
	return all
}

const alerting = `--on-warning=cat > alert.$$; echo alerted`

// warned asserts that there was one warning, and the same as alert.
func (j *job) warned(t *testing.T, kind, message string) {
	t.Helper()
	alerts := j.alerts(t)
	if len(alerts) != 1 {
		t.Fatalf("alerts: %+v\n%s", alerts, &j.stderr)
	}
	a := alerts[0]
	if a.Kind != kind || !strings.HasPrefix(a.Message, message) || a.Role != role || a.Command != "sh" || a.PID != j.pid(t) {
		t.Errorf("the alert is %+v", a)
	}
	if got, want := j.stderr.String(), "credproc: warning: "+a.Message+"\nalerted\n"; got != want {
		t.Errorf("stderr: %q\nwant:   %q", got, want)
	}
}

// An outage of a third of the session that begins before half-life is no more
// than a warning and an alert.
func TestExecWarnsOfRenewal(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	const life = 20 * time.Second
	w.sts.SetLifetime(life)
	j := w.job(t, counting, alerting)
	w.sts.SetFault(sourcetest.Drop())
	const before = 2 * time.Second // half of life, or somewhat later
	soon(t, "a third of the session", func() bool { return j.left(t) < life-(life/2-before)-life/3 })
	w.sts.SetFault(nil)
	calls := w.sts.Calls()
	soon(t, "renewal", func() bool { return j.left(t) > life*2/3 })
	if w.sts.Calls() < calls || len(j.alerts(t)) != 1 {
		t.Errorf("alerts: %v", j.alerts(t))
	}
	j.finish(t)
	if status := j.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	j.warned(t, "renewal", "renewal fails, credentials last ")
	if a := j.alerts(t)[0]; a.SecondsLeft == nil || *a.SecondsLeft < 1 || *a.SecondsLeft > 8 || a.Expiration == "" {
		t.Errorf("the alert is %+v", a)
	}
}

func TestExecWarnsOfTheToken(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	now := time.Now()
	if err := w.iss.WriteToken(w.token, sourcetest.Claims{IssuedAt: now.Add(-time.Hour), Expiry: now.Add(4 * time.Minute)}); err != nil {
		t.Fatal(err)
	}
	j := w.job(t, counting, alerting)
	soon(t, "an alert", func() bool { return len(j.alerts(t)) > 0 })
	j.finish(t)
	_ = j.status()
	j.warned(t, "token", "web identity token in "+w.token+" runs out in ")
}

func TestExecWarnsOfTheClock(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	now := time.Now()
	if err := w.iss.WriteToken(w.token, sourcetest.Claims{IssuedAt: now.Add(-time.Hour), Expiry: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	w.sts.SetFault(sourcetest.Skew(5 * time.Minute))
	j := w.job(t, counting, alerting)
	soon(t, "an alert", func() bool { return len(j.alerts(t)) > 0 })
	j.finish(t)
	_ = j.status()
	j.warned(t, "clock", "this machine's clock is ")
	if a := j.alerts(t)[0]; a.SkewSeconds > -290 || !strings.Contains(a.Message, " behind that of STS") {
		t.Errorf("the alert is %+v", a)
	}
}
