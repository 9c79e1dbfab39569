package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Whoever ends credproc by its name means exec: the command gets the signal, once,
// as if it had been sent to exec alone.
func TestExecEndedByName(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		kill func(group int) error
	}{
		{"pkill -f", func(group int) error {
			return exec.Command("pkill", "-TERM", "-g", strconv.Itoa(group), "-f", "credproc.* exec").Run()
		}},
		{"pkill", func(group int) error {
			return exec.Command("pkill", "-TERM", "-g", strconv.Itoa(group), "credproc").Run()
		}},
		{"pidof", func(group int) error {
			out, err := exec.Command("pidof", "credproc").Output()
			if err != nil {
				return err
			}
			for _, field := range strings.Fields(string(out)) {
				pid, err := strconv.Atoi(field)
				if err != nil {
					return err
				}
				// Of all on this machine only ours.
				if of, err := syscall.Getpgid(pid); err == nil && of == group {
					if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
						return err
					}
				}
			}
			return nil
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(strings.Fields(test.name)[0]); err != nil {
				t.Skip("not run: ", err)
			}
			j := testWorld(t).job(t, counting)
			for n := range 3 {
				if err := test.kill(j.Process.Pid); err != nil {
					t.Fatal(err)
				}
				want := fmt.Sprintf("TERM %d", n+1)
				soon(t, want, func() bool { return strings.HasSuffix(j.read("signals"), want) })
			}
			j.finish(t)
			if status := j.status(); status != 3 {
				t.Errorf("exit status %d, not 3: %s", status, j.read("signals"))
			}
		})
	}
}
