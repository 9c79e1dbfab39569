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

	"github.com/credproc/credproc/source/sourcetest"
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

// A request that waits for the first credentials when the end comes is answered,
// too.
func TestServeEndsWithRequestsInFlight(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetFault(sourcetest.Hang())
	s := w.serving(t)
	at := s.address(t)
	const read = 500 * time.Millisecond // in which a request is read; it then waits for 400 ms more
	type outcome struct {
		sent time.Time
		err  error
	}
	outcomes := make(chan outcome, 8)
	for range cap(outcomes) {
		go func() {
			o := outcome{sent: time.Now()}
			var c net.Conn
			if c, o.err = net.Dial("tcp", at); o.err == nil {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(time.Minute))
				_, o.err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+at+"\r\nAuthorization: "+s.token+"\r\n\r\n")
				o.sent = time.Now()
			}
			var answer *http.Response
			if o.err == nil {
				if answer, o.err = http.ReadResponse(bufio.NewReader(c), nil); o.err == nil {
					_, o.err = io.ReadAll(answer.Body)
				}
			}
			outcomes <- o
		}()
	}
	time.Sleep(read)
	signalled := time.Now()
	if status := s.end(t, syscall.SIGTERM); status != exitOK {
		t.Errorf("exit status %d", status)
	}
	for range cap(outcomes) {
		if o := <-outcomes; o.err != nil && o.sent.Before(signalled.Add(-read/2)) {
			t.Errorf("a request sent %v before the end was not answered: %v", signalled.Sub(o.sent), o.err)
		}
	}
}
