package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Where process 1 does not wait for children that are not its own, as in many
// containers, whatever outlives exec stays as a zombie.
func TestExecOutlivesItsWitness(t *testing.T) {
	t.Parallel()
	j := testWorld(t).job(t, counting)
	witness := childNamed(t, j.pid(t), "witness")
	if err := syscall.Kill(witness, syscall.SIGSTOP); err != nil { // it cannot end by itself
		t.Fatal(err)
	}
	j.finish(t)
	if status := j.status(); status != 0 {
		t.Errorf("exit status %d\n%s", status, &j.stderr)
	}
	if err := syscall.Kill(witness, 0); err != syscall.ESRCH {
		t.Errorf("the witness is still there: %v", err)
	}
}

// childNamed is the process of that name beside the command, whose pid is given.
func childNamed(t *testing.T, command int, name string) int {
	t.Helper()
	group, err := syscall.Getpgid(command)
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		comm, err := os.ReadFile(path)
		pid, notOne := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil || notOne != nil || strings.TrimSpace(string(comm)) != name {
			continue
		}
		if g, err := syscall.Getpgid(pid); err == nil && g == group {
			return pid
		}
	}
	t.Fatal("there is no " + name)
	return 0
}
