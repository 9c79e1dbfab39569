//go:build unix

package token

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Nobody writes into the pipe: to open it as a file would take for ever.
func TestFileDoesNotWaitForPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		wantRefusal(t, path, Unreadable, "is a named pipe, not a file", false)
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("still waiting for the pipe")
	}
}

func TestFileRefusesDevices(t *testing.T) {
	wantRefusal(t, os.DevNull, Unreadable, "is a device, not a file", false)
	dir, err := os.MkdirTemp("", "t") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	wantRefusal(t, l.Addr().String(), Unreadable, "cannot be read: ", true)
}
