//go:build unix

package main

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// What purge takes away is not served for long.
func TestServeNoticesAPurge(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetLifetime(150 * time.Second) // ticks of 7.5 s, and nothing is due within a minute
	s := w.serving(t)
	was := s.gives(t, "/").AccessKeyId
	soon(t, "an entry", func() bool { _, err := onlyEntry(w.cache); return err == nil })
	if err := os.RemoveAll(w.cache); err != nil {
		t.Fatal(err)
	}
	soon(t, "other credentials", func() bool { return s.gives(t, "/").AccessKeyId != was })
	if n := w.sts.Calls(); n != 2 {
		t.Errorf("STS had %d calls", n)
	}
}

// Without a cache, and where it cannot be written, the memory counts: STS is
// asked at half-life, not at every tick.
func TestServeWithoutACache(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetLifetime(8 * time.Second) // ticks of 0.4 s
	s := w.serving(t, "--no-cache")
	began := time.Now()
	for range 3 {
		was := s.gives(t, "/").AccessKeyId
		soon(t, "a renewal", func() bool { return s.gives(t, "/").AccessKeyId != was })
	}
	if n, most := w.sts.Calls(), 2+int(time.Since(began)/(3*time.Second)); n < 4 || n > most+1 {
		t.Errorf("STS had %d calls in %v", n, time.Since(began))
	}
	if _, err := os.Stat(w.cache); err == nil {
		t.Error("there is a cache")
	}
}

// A log that nobody reads holds nobody up.
func TestServeWithAFullPipe(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetLifetime(6 * time.Second)
	env := filepath.Join(w.home, "env")
	l, err := net.Listen("tcp", "127.0.0.1:0") // a free port
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := &server{w: w, url: "http://" + l.Addr().String() + "/"}
	s.process = w.command(t, "serve", "--listen", l.Addr().String(), "--env-file", env, "--verbose")
	s.Env = append(s.Env, "TMPDIR="+w.home)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := fillPipe(in); err != nil {
		t.Fatal(err)
	}
	s.Stderr = in
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	t.Cleanup(func() { _ = s.Process.Kill() })
	soon(t, "--env-file", func() bool { _, err := os.Stat(env); return err == nil })
	text, err := shellOf(env, `cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"`)
	if err != nil {
		t.Fatal(err)
	}
	s.token = text
	for range 2 {
		was := s.gives(t, "/").AccessKeyId
		soon(t, "a renewal", func() bool { return s.gives(t, "/").AccessKeyId != was })
	}
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := s.status(); status != exitOK {
		t.Errorf("exit status %d", status)
	}
}
