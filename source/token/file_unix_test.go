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

// Nor do the sources that read a file to ask with.
func TestAskersDoNotWaitForPipe(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"ca.pem", "token"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := mustNew("kubernetes:a/b", map[string]string{"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"}).(Kubernetes)
	k.dir = dir
	for _, s := range []Source{k, mustNew("vault:r", map[string]string{"VAULT_ADDR": "https://127.0.0.1:1", "VAULT_TOKEN": "hvs.x",
		"VAULT_CACERT": filepath.Join(dir, "ca.pem")})} {
		done := make(chan error, 1)
		go func() { _, err := s.Token(t.Context()); done <- err }()
		select {
		case err := <-done:
			wantProblem(t, err, Unreadable, "is a named pipe, not a file")
		case <-time.After(20 * time.Second):
			t.Fatalf("%v: still waiting for the pipe", s)
		}
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
