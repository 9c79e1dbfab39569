package endpoint

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// serving serves a role with credentials on a bounded listener.
func serving(t *testing.T, most int) (address string) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	role := NewRole("", "arn")
	role.Hold(lasting(time.Hour))
	e := newEndpoint(t, role)
	e.Host = inner.Addr().String()
	l := Bound(inner)
	l.(*listener).max = most
	server := NewServer(e)
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return e.Host
}

// A caller is one kept-alive connection.
type caller struct {
	net.Conn
	in   *bufio.Reader
	host string
}

func dial(t *testing.T, address string) *caller {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &caller{c, bufio.NewReader(c), address}
}

// get asks on the open connection.
func (c *caller) get(token string) error {
	if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n\r\n", c.host, token); err != nil {
		return err
	}
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK {
		return errors.New(r.Status)
	}
	return nil
}

// closed waits until the server has closed a connection that says nothing.
func (c *caller) closed() bool {
	_, err := c.in.ReadByte()
	var failed net.Error
	late := errors.As(err, &failed) && failed.Timeout()
	return err != nil && !late
}

// Over the bound, the oldest who never sent the token goes first, and of the
// others the one that has been quiet for longest.
func TestBound(t *testing.T) {
	address := serving(t, 3)
	first, second := dial(t, address), dial(t, address)
	for _, c := range []*caller{first, second, first} {
		if err := c.get(secret); err != nil {
			t.Fatal(err)
		}
	}
	silent := dial(t, address)
	wrong := dial(t, address)
	fmt.Fprint(wrong, "GET / HTTP/1.1\r\n")
	if !silent.closed() {
		t.Error("who says nothing is not the first to go")
	}
	third := dial(t, address)
	if err := third.get(secret); err != nil {
		t.Error(err)
	}
	if !wrong.closed() {
		t.Error("who has not sent the token is not the next to go")
	}
	for _, c := range []*caller{second, first, third} {
		if err := c.get(secret); err != nil {
			t.Errorf("who has sent the token has gone before who has not: %v", err)
		}
	}
	if err := dial(t, address).get(secret); err != nil {
		t.Error(err)
	}
	if !second.closed() {
		t.Error("who has been quiet for longest is not the last to go")
	}
	if err := first.get(secret); err != nil {
		t.Errorf("who was of use goes too: %v", err)
	}
}

// A clock that is set back keeps nobody waiting who comes when all is full.
func TestBoundWhenTheClockIsSetBack(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Bound(inner).(*listener)
	l.max = 1
	defer l.Close()
	dial(t, inner.Addr().String())
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	first.(*conn).used.Store(time.Now().Add(time.Hour).UnixNano())
	dial(t, inner.Addr().String())
	accepted := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		accepted <- err
	}()
	select {
	case err := <-accepted:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the next caller waits")
	}
}
