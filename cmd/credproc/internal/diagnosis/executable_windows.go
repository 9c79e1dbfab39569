package diagnosis

import "io/fs"

func executable(string, fs.FileInfo) bool { return true }
