package awsconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// maxSize bounds a file, in bytes. Config files of large organizations reach a
// few hundred KiB.
const maxSize = 1 << 20

// read gives a file's content, nothing for one that does not exist. It waits for
// nobody: a FIFO or device is refused, not read.
func read(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	// ENOTDIR: HOME=/dev/null, as service accounts have it.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, fmt.Errorf("%s: is a directory", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: is not a regular file", path)
	case info.Size() > maxSize:
		return nil, tooLarge(path)
	}
	var data bytes.Buffer
	data.Grow(int(info.Size()) + bytes.MinRead) // or the last Read would move it all
	if _, err := data.ReadFrom(io.LimitReader(file, maxSize+1)); err != nil {
		return nil, err
	}
	if data.Len() > maxSize { // it grew meanwhile
		return nil, tooLarge(path)
	}
	return data.Bytes(), nil
}

func tooLarge(path string) error {
	return fmt.Errorf("%s: is larger than %d KiB", path, maxSize>>10)
}
