//go:build unix

package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// An answer that has begun is finished, whatever the load, and who connects once
// it has ended is told so at once.
func TestServeEndsUnderLoad(t *testing.T) {
	t.Parallel()
	s := testWorld(t).serving(t)
	s.gives(t, "/")
	at := s.address(t)
	var answered, lost atomic.Int64
	var callers sync.WaitGroup
	request := "GET / HTTP/1.1\r\nHost: " + at + "\r\nAuthorization: " + s.token + "\r\n\r\n"
	for range 16 {
		callers.Go(func() {
			for {
				c, err := net.Dial("tcp", at)
				if err != nil {
					if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
						t.Error(err)
					}
					return
				}
				_ = c.SetDeadline(time.Now().Add(time.Minute))
				in := bufio.NewReader(c)
				for {
					if _, err := io.WriteString(c, request); err != nil {
						break
					}
					if _, err := in.Peek(1); err != nil {
						break // not answered at all
					}
					answer, err := http.ReadResponse(in, nil)
					if err == nil {
						_, err = io.Copy(io.Discard, answer.Body)
					}
					if err != nil {
						lost.Add(1)
						t.Errorf("an answer was cut off: %v", err)
						break
					}
					if answer.StatusCode != http.StatusOK {
						t.Error(answer.Status)
					}
					answered.Add(1)
				}
				c.Close()
			}
		})
	}
	soon(t, "load", func() bool { return answered.Load() > 2000 })
	if status := s.end(t, syscall.SIGTERM); status != exitOK {
		t.Errorf("exit status %d", status)
	}
	callers.Wait()
	t.Logf("%d answers, %d lost", answered.Load(), lost.Load())
}
