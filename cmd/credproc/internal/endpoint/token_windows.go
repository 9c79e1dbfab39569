package endpoint

import "io/fs"

const nonblock = 0

// othersMayWrite: on Windows modes mean nothing.
func othersMayWrite(fs.FileInfo) bool { return false }
