//go:build !linux

package main

import (
	"context"
	"errors"
	"runtime"
)

func files(context.Context, *programs, int) (finding, error) {
	return finding{}, errors.New("opened files are traced with strace, on Linux only, not on " + runtime.GOOS)
}

func memory(context.Context, *programs, int) (finding, error) {
	return finding{}, errors.New("peak memory is read from Linux's wait4, not on " + runtime.GOOS)
}
