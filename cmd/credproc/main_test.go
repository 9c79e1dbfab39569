package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/credproc/credproc/cmd/credproc/internal/child"
)

func TestMain(m *testing.M) {
	testscript.Main(cleaned{m}, map[string]func(){"credproc": main, child.WitnessName: main, "containersdk": containerSDK})
}

// cleaned removes what tests share when all have run.
type cleaned struct{ *testing.M }

func (c cleaned) Run() int {
	defer removeShared()
	return c.M.Run()
}

// TestScript runs testdata/script, the specification of the program: one
// behaviour a file, named after it. Each script has a world of its own.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		Setup:               setup,
		Cmds:                commands,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// setup gives a script its world, and the names of what is in it: $STS, $ROLE,
// $OTHER, $TOKEN, $CACHE.
func setup(env *testscript.Env) error {
	w, err := newWorld(env.WorkDir)
	if err != nil {
		return err
	}
	env.Defer(w.close)
	env.Values[worldKey{}] = w
	env.Vars = append(env.Vars, w.env()...)
	env.Vars = append(env.Vars,
		"PATH="+os.Getenv("PATH"),
		"STS="+w.sts.URL, "ROLE="+role, "OTHER="+other, "TOKEN="+w.token, "CACHE="+w.cache)
	return nil
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }
