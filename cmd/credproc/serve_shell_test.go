//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// shellOf is what a shell script prints that has sourced a file.
func shellOf(file, script string) (string, error) {
	cmd := exec.Command("sh", "-c", `. "$1"; `+script, "sh", file)
	cmd.Env = []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/task", "PATH=" + os.Getenv("PATH")}
	text, err := cmd.Output()
	return string(text), err
}

// fillPipe writes to a pipe until it is full.
func fillPipe(pipe *os.File) error {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return err
	}
	var full error
	err = raw.Control(func(fd uintptr) {
		if full = syscall.SetNonblock(int(fd), true); full != nil {
			return
		}
		for full == nil {
			_, full = syscall.Write(int(fd), make([]byte, 512))
		}
		if errors.Is(full, syscall.EAGAIN) {
			full = syscall.SetNonblock(int(fd), false)
		}
	})
	return errors.Join(err, full)
}
