package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
	"github.com/credproc/credproc/source/sourcetest"
)

var compatPage = flag.String("compat-page", "", "write the table of clients into this page, and ask the clients too that take minutes to build")

const (
	compatLong = 100 * time.Second // three lives of credentials, and a little more
	expiries   = 3                 // that each client has to outlive in one process
)

// TestCompat has each client of the table work three times: over three expiries
// in one process, while STS refuses but life is left, and when credproc fails
// for good. What a client says then is in the table, and not judged.
func TestCompat(t *testing.T) {
	counted, err := world.GoProgram(testContext(t), "./counted")
	if err != nil {
		t.Fatal(err)
	}
	rows := compatClients()
	programs := make([]program, len(rows))
	for i := range rows {
		row := &rows[i]
		if row.slow && *compatPage == "" {
			row.missing("only `make compat` builds it, which takes minutes", "")
			continue
		}
		var err error
		if programs[i], err = row.get(testContext(t)); err != nil {
			var no *notHad
			if !errors.As(err, &no) {
				no = &notHad{last: lastLine(err.Error())}
			}
			row.missing(no.last, no.command)
			continue
		}
		row.version = programs[i].version
	}
	// Last of all, when the parallel tests have ended as well.
	t.Cleanup(func() { table = rows })
	t.Parallel()
	for i := range rows {
		row, program := &rows[i], programs[i]
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if program.commands == nil {
				notRun(t, row.name, row.evidence)
			}
			phase := func(name string, judge func(*trial, *testing.T)) {
				t.Run(name, func(t *testing.T) {
					if name != "failing" {
						t.Parallel()
					}
					judge(&trial{row: row, program: program, machine: world.Machine(t), front: world.Front(t), counted: counted, ctx: testContext(t)}, t)
				})
			}
			if row.cannot != "" {
				phase("never", (*trial).never)
				return
			}
			t.Cleanup(func() {
				summary.add(t, "%s; outlived %d expiries, helper called %d times; STS calls: %d", row.version, row.expired, row.helperCalls, row.stsCalls)
			})
			phase("failing", (*trial).failing)
			phase("expiries", (*trial).expiries)
			phase("outage", (*trial).outage)
		})
	}
}

// A trial is one client on a machine of its own.
type trial struct {
	row     *row
	program program
	machine *rig.Machine
	front   *rig.Front
	counted string
	ctx     context.Context
}

// A stint is what came of a client's commands, the last of which is the one that
// works on and on.
type stint struct {
	out   string
	err   error
	took  time.Duration
	calls []helperCall // of all commands

	bucket   string
	requests []rig.Request // of the last command
}

// run has the client work for length through a profile whose credential_process
// is credproc for the profile role.
func (c *trial) run(t *testing.T, name, role string, length time.Duration) (r stint) {
	t.Helper()
	h := newHelper(t, c, name, role)
	c.front.SetPause(0)
	r.bucket = newBucket(t, "compat-"+name)
	w := work{front: c.front, endpoint: c.front.URL, bucket: r.bucket, helper: h, length: length}
	ctx, cancel := context.WithTimeout(c.ctx, length+5*time.Minute)
	defer cancel()
	var before int
	begin := time.Now()
	for _, cmd := range c.program.commands(ctx, c.machine, w) {
		before = len(c.front.Requests())
		out, err := output(cmd)
		r.out += out
		if r.err = err; err != nil {
			break
		}
	}
	r.took = time.Since(begin)
	if c.ctx.Err() != nil {
		t.Fatal("interrupted: ", context.Cause(c.ctx))
	}
	if ctx.Err() != nil {
		t.Errorf("%s: it did not end by itself after %v", name, r.took.Round(time.Second))
	}
	r.calls = h.calls(t)
	r.requests = c.front.Requests()[before:]
	return r
}

// failing is the client when credproc fails for good: nothing is judged but
// that it ends.
func (c *trial) failing(t *testing.T) {
	c.machine.AddProfile(t, "denied-role", "region = "+rig.Region+"\nservices = rig\nrole_arn = "+rig.DeniedRole+"\nweb_identity_token_file = "+world.Token.Path)
	_, err := c.machine.Command(c.ctx, nil, world.Credproc, "--profile", "denied-role").Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("credproc was to fail: %v", err)
	}
	message, _, _ := strings.Cut(string(exit.Stderr), "\n")
	r := c.run(t, "denied", "denied-role", 0)
	if len(r.calls) == 0 {
		t.Error("when credproc is to fail: it was not asked")
	}
	c.row.failed = status(r.err)
	c.row.reaches = strings.Contains(plainWords(r.out), plainWords(message))
	c.row.says = ownWords(r.out, r.bucket, "BUCKET", c.machine.Home, "~")
	t.Logf("credproc said: %s\nthe client, %s:\n%s", message, status(r.err), r.out)
}

// expiries is the client over some expiries, in one process.
func (c *trial) expiries(t *testing.T) {
	r := c.run(t, "expiries", rig.RoleProfile, compatLong)
	calls := c.machine.STS.Calls()
	c.row.helperCalls, c.row.stsCalls, c.row.wait = len(r.calls), len(calls), longest(r.calls)
	c.row.requests, c.row.expired = len(r.requests), outlived(r.requests, calls)
	c.check(t, "over expiries", r)
	if c.row.expired < expiries {
		t.Errorf("it used %d credentials that ran out before it ended, want %d at least", c.row.expired, expiries)
	}
	for _, call := range calls {
		// credproc may lose patience with STS on a busy machine, while life is left.
		if call.Outcome != rig.Granted && call.Outcome != rig.Abandoned {
			t.Errorf("over expiries: an STS call was %s", call.Outcome)
		}
	}
}

// outage starts the client while STS refuses and credentials are due for
// renewal that have half of their life left.
func (c *trial) outage(t *testing.T) {
	const life = 4 * time.Minute // a large client on a busy machine takes a minute to start
	path := filepath.Join(c.machine.Home, "outage-token")
	if err := world.Issuer.WriteToken(path, sourcetest.Claims{Audience: rig.Audience, Expiry: time.Now().Add(life)}); err != nil {
		t.Fatal(err)
	}
	c.machine.AddProfile(t, "outage-role", "region = "+rig.Region+"\nservices = rig\nrole_arn = "+world.MinIO.RoleARN+"\nweb_identity_token_file = "+path)
	if out, err := output(c.machine.Command(c.ctx, nil, world.Credproc, "--profile", "outage-role")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	entry, _ := c.machine.STS.LastGranted()
	select {
	case <-time.After(time.Until(entry.Expiration.Add(-life / 2))):
	case <-c.ctx.Done():
	}
	c.machine.STS.Refuse(100)
	r := c.run(t, "outage", "outage-role", 0)
	if left := time.Until(entry.Expiration); left < 0 {
		t.Errorf("while STS refuses: the credentials ran out %v before the client was done, which shows nothing", -left)
	}
	c.row.refused = c.machine.STS.Count()[rig.Refused]
	c.row.survived = r.err == nil
	c.check(t, "while STS refuses", r)
	if c.row.refused == 0 {
		t.Error("STS refused nobody, which shows nothing")
	}
	for _, request := range r.requests {
		if request.AccessKeyID != entry.AccessKeyID {
			t.Errorf("while STS refuses: a request signed with %q, not with the credentials that are left", request.AccessKeyID)
		}
	}
}

// check is what must hold of every run that is to succeed.
func (c *trial) check(t *testing.T, when string, r stint) {
	t.Helper()
	if r.err != nil {
		t.Errorf("%s: %v after %v\n%s", when, r.err, r.took, r.out)
	}
	if len(r.calls) == 0 {
		t.Errorf("%s: credproc was not asked", when)
	}
	for _, call := range r.calls {
		if call.status != 0 {
			t.Errorf("%s: credproc ended with status %d", when, call.status)
		}
	}
	if len(r.requests) == 0 {
		t.Errorf("%s: it did not use S3", when)
	}
	for _, request := range r.requests {
		if request.Status == 403 || request.AccessKeyID == "" {
			t.Errorf("%s: a request signed with %q was answered %d", when, request.AccessKeyID, request.Status)
		}
	}
}

// never is a client that is said not to know of credential_process.
func (c *trial) never(t *testing.T) {
	r := c.run(t, "never", rig.RoleProfile, 0)
	c.row.failed, c.row.says = status(r.err), ownWords(r.out, r.bucket, "BUCKET", c.machine.Home, "~")
	c.row.helperCalls = len(r.calls)
	if len(r.calls) > 0 {
		t.Errorf("it is said that it cannot, and it asked credproc %d times: make it a client like the others\n%s", len(r.calls), r.out)
	}
	summary.add(t, "%s does not know of credential_process: %v", c.row.version, status(r.err))
}

// outlived counts the credentials that requests were signed with and that ran
// out before the last request that succeeded.
func outlived(requests []rig.Request, calls []rig.Call) (n int) {
	used := make(map[string]bool)
	var end time.Time
	for _, request := range requests {
		used[request.AccessKeyID] = true
		if request.Status < 300 {
			end = request.Answered
		}
	}
	for _, call := range calls {
		if call.Outcome == rig.Granted && used[call.AccessKeyID] && call.Expiration.Before(end) {
			n++
		}
	}
	return n
}

// A helper is a profile whose credential_process is credproc, with every call
// written down.
type helper struct {
	profile string
	line    string // its credential_process
	log     string
}

type helperCall struct {
	status int
	took   time.Duration
}

func newHelper(t *testing.T, c *trial, name, role string) *helper {
	t.Helper()
	h := &helper{profile: name, log: filepath.Join(c.machine.Home, name+"-calls")}
	h.line = fmt.Sprintf("%s %s %s --profile %s", c.counted, h.log, world.Credproc, role)
	c.machine.AddProfile(t, name, "region = "+rig.Region+"\ncredential_process = "+h.line)
	return h
}

func (h *helper) calls(t *testing.T) (calls []helperCall) {
	t.Helper()
	text, err := os.ReadFile(h.log)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var call helperCall
		if _, err := fmt.Sscan(line, &call.status, &call.took); err != nil {
			t.Fatalf("%s: %v", h.log, err)
		}
		calls = append(calls, call)
	}
	return calls
}

func longest(calls []helperCall) (d time.Duration) {
	for _, call := range calls {
		d = max(d, call.took)
	}
	return d
}
