//go:build unix

package awsconfig

import "syscall"

// nonblock keeps open from waiting for a FIFO's writer.
const nonblock = syscall.O_NONBLOCK
