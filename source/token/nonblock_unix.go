//go:build unix

package token

import "syscall"

const nonblock = syscall.O_NONBLOCK
