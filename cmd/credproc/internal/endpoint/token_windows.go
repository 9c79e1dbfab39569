package endpoint

import "io/fs"

// othersMayWrite: on Windows modes mean nothing.
func othersMayWrite(fs.FileInfo) bool { return false }
