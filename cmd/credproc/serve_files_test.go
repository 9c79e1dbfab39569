//go:build unix

package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/endpoint"
)

// A FIFO that somebody has put in the place of a file of ours is nothing to wait
// for in the end, and is left alone.
func TestServeWaitsForNoFIFO(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	env, token := filepath.Join(w.home, "env"), filepath.Join(w.home, "auth")
	s := w.serving(t, "--env-file", env, "--authorization-token-file", token)
	for _, path := range []string{env, token} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.eof:
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	if status := s.status(); status != exitOK {
		t.Errorf("exit status %d", status)
	}
	for _, path := range []string{env, token} {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
}

// Where two were told of one file, the one that stays writes it again when the
// other has removed it.
func TestServePutsTheEnvFileBack(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	env := filepath.Join(w.home, "env")
	s := w.serving(t, "--env-file", env)
	before, err := os.ReadFile(env)
	if err != nil {
		t.Fatal(err)
	}
	other := w.serving(t, "--env-file", env)
	if status := other.end(t, syscall.SIGTERM); status != exitOK {
		t.Fatalf("exit status %d", status)
	}
	soon(t, "the file with the variables", func() bool {
		text, err := os.ReadFile(env)
		return err == nil && bytes.Equal(text, before)
	})
	s.end(t, syscall.SIGTERM)
	if _, err := os.Lstat(env); err == nil {
		t.Error("it is still there in the end")
	}
}

// A fault that stays is told of once.
func TestMendSaysItOnce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "gone")
	f := &clientFiles{token: filepath.Join(folder, "token"), own: strings.Repeat("x", 52)}
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, nil))
	says := func(when string, want int) {
		t.Helper()
		for range 5 {
			f.mend(log)
		}
		if n := strings.Count(text.String(), "cannot be kept"); n != want {
			t.Errorf("%s: %d lines\n%s", when, n, &text)
		}
	}
	says("a fault", 1)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	says("none", 1)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	says("another", 2)
}

// The second example of --help works as it stands, in a script as well, where no
// time passes between the lines.
func TestServeExample(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	program, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(w.home, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(bin, "credproc")); err != nil {
		t.Fatal(err)
	}
	// What make sees.
	make := "#!/bin/sh\necho \"$1 $AWS_CONTAINER_CREDENTIALS_FULL_URI $AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE\"\n"
	if err := os.WriteFile(filepath.Join(bin, "make"), []byte(make), 0o700); err != nil {
		t.Fatal(err)
	}
	_, example, ok := strings.Cut(serveExamples, "# on a host")
	if !ok {
		t.Fatal("there is no such example")
	}
	example = strings.NewReplacer("profile build", "profile migration-role", "profile test", "profile migration-role").Replace("#" + example)
	cmd := exec.Command("sh", "-c", "trap 'kill $!; wait $!' EXIT\n"+example)
	cmd.Env = append(w.env(), "CREDPROC_LISTEN=127.0.0.1:0", "TMPDIR="+w.home, "PATH="+bin+":"+os.Getenv("PATH"))
	text, err := cmd.Output()
	lines := strings.Split(string(text), "\n")
	if err != nil || len(lines) != 3 || !strings.HasPrefix(lines[0], " http://127.0.0.1:") || !strings.HasPrefix(lines[1], "test http://127.0.0.1:") ||
		!strings.Contains(lines[1], "/role/test "+w.home) {
		t.Errorf("%v: make sees %q", err, text)
	}
}

// A token in a folder that serve made is the one that it made, whatever others
// put there once something has swept the folder.
func TestServeTokenIsItsOwn(t *testing.T) {
	t.Parallel()
	f := &clientFiles{}
	if err := f.make("", ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.remove() })
	token, err := f.open(func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	own := f.own
	planted := strings.Repeat("planted", 8)
	if err := os.WriteFile(f.token, []byte(planted), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &endpoint.Endpoint{Host: "127.0.0.1:9911", Token: token, Roles: []*endpoint.Role{endpoint.NewRole("", "arn")}}
	for text, want := range map[string]int{planted: http.StatusUnauthorized, own: http.StatusServiceUnavailable} {
		r := httptest.NewRequest("GET", "http://127.0.0.1:9911/", nil)
		r.Header.Set("Authorization", text)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("status %d, not %d", w.Code, want)
		}
	}
}
