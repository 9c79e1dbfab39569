// Package e2e proves credproc on the user's accident: real programs that
// outlive real credentials. `make e2e` runs it.
//
// CREDPROC_E2E_SKIP names, separated by commas, required programs that need
// not be there: terraform. What was not run is said at the end.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

var world *rig.Rig

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests wait far more than they work: let all of them wait together.
	// What is to be built or fetched first, they do before they say Parallel.
	flag.Set("test.parallel", "64")
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	world, err = rig.Start(ctx, func(format string, args ...any) { fmt.Printf(format+"\n", args...) })
	if err != nil {
		fmt.Println("e2e:", err)
		return 1
	}
	defer world.Close()
	interrupted = ctx
	code := m.Run()
	summary.print()
	if err := printTable(code == 0); err != nil {
		fmt.Println("e2e:", err)
		return 1
	}
	return code
}

// interrupted ends on Ctrl-C, which tests do not see by themselves.
var interrupted context.Context

// testContext ends with the test, or on Ctrl-C, or while there is time left to
// kill in order what was started, before the test binary is out of time.
func testContext(t *testing.T) context.Context {
	deadline, ok := t.Deadline()
	if !ok {
		deadline = time.Now().Add(time.Hour)
	}
	ctx, cancel := context.WithDeadline(t.Context(), deadline.Add(-15*time.Second))
	t.Cleanup(cancel)
	stop := context.AfterFunc(interrupted, cancel)
	t.Cleanup(func() { stop() })
	return ctx
}

// summary is what a person reads first, so it comes last.
var summary outcomes

type outcomes struct {
	mu          sync.Mutex
	ran, notRun []string
}

func (o *outcomes) add(t *testing.T, format string, args ...any) {
	verdict := "ok  "
	if t.Failed() {
		verdict = "FAIL"
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ran = append(o.ran, fmt.Sprintf("%s  %-36s %s", verdict, strings.TrimPrefix(t.Name(), "Test"), fmt.Sprintf(format, args...)))
}

func (o *outcomes) skip(what, why string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notRun = append(o.notRun, fmt.Sprintf("not run: %s: %s", what, why))
}

func (o *outcomes) print() {
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.Sort(o.ran)
	fmt.Println()
	for _, line := range append(o.ran, o.notRun...) {
		fmt.Println(line)
	}
}

// required returns the path of a program that must be there; without it the
// test fails, unless it is named in CREDPROC_E2E_SKIP.
func required(t *testing.T, program, howToGet string) string {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("CREDPROC_E2E_SKIP"), ","), program) {
		notRun(t, program, "named in CREDPROC_E2E_SKIP")
	}
	path, err := rig.LookPath(program)
	if err != nil {
		summary.skip(program, "missing")
		t.Fatalf("%v\n%s; or set CREDPROC_E2E_SKIP=%s to go without", err, howToGet, program)
	}
	return path
}

// optional returns the path of a program; without it the test is not run, and
// the summary says so.
func optional(t *testing.T, program string) string {
	t.Helper()
	path, err := rig.LookPath(program)
	if err != nil {
		notRun(t, program, err.Error())
	}
	return path
}

func notRun(t *testing.T, what, why string) {
	t.Helper()
	summary.skip(what, why)
	t.Skipf("%s: %s", what, why)
}

// output runs cmd and returns what it printed, both streams in one.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.CombinedOutput()
	return string(out), err
}
