//go:build linux

// Launch runs a program and writes its peak resident memory, in KiB, to stderr.
// See memory_linux.go for why it is a program of its own.
package main

import (
	"fmt"
	"os"
	"syscall"
)

func main() {
	p, err := os.StartProcess(os.Args[1], os.Args[1:], &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	state, err := p.Wait()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if !state.Success() {
		os.Exit(state.ExitCode())
	}
	fmt.Fprintln(os.Stderr, state.SysUsage().(*syscall.Rusage).Maxrss)
}
