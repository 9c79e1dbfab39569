package endpoint

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// maxConns is how many connections are open at once: more than a machine has
// programs that ask in the same second, few enough for any limit on files.
const maxConns = 512

// Bound is l with at most 512 connections. One more closes the oldest that is
// waiting for its caller, first those that never sent the token: who opens ten
// thousand and says nothing keeps nobody out.
func Bound(l net.Listener) net.Listener {
	return &listener{Listener: l, max: maxConns, open: map[*conn]struct{}{}}
}

type listener struct {
	net.Listener
	max int

	mu   sync.Mutex
	open map[*conn]struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		inner, err := l.Listener.Accept()
		if err != nil {
			if errors.Is(err, syscall.EMFILE) && l.evict() {
				continue
			}
			return nil, err
		}
		c := &conn{Conn: inner, of: l}
		c.used.Store(time.Now().UnixNano())
		l.mu.Lock()
		full := len(l.open) >= l.max
		l.mu.Unlock()
		if full && !l.evict() {
			inner.Close()
			continue
		}
		l.mu.Lock()
		l.open[c] = struct{}{}
		l.mu.Unlock()
		return c, nil
	}
}

// evict closes the connection that can best be spared; it reports false when
// all are answering callers who know the token.
func (l *listener) evict() bool {
	l.mu.Lock()
	var victim *conn
	for c := range l.open {
		// One that is being answered without the token may be one who does not read.
		if answering := c.busy.Load() && c.proven.Load(); !answering && (victim == nil || c.before(victim)) {
			victim = c
		}
	}
	l.mu.Unlock()
	if victim == nil {
		return false
	}
	victim.Close()
	return true
}

// A conn is a connection, and what its caller has done so far.
type conn struct {
	net.Conn
	of *listener

	used   atomic.Int64 // when it was last of use, in nanoseconds since 1970
	busy   atomic.Bool  // a request is being answered
	proven atomic.Bool  // its caller has sent the token
}

// before reports whether c is to go before other.
func (c *conn) before(other *conn) bool {
	if a, b := c.proven.Load(), other.proven.Load(); a != b {
		return b
	}
	return c.used.Load() < other.used.Load()
}

func (c *conn) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

func (c *conn) begin() {
	if c != nil {
		c.busy.Store(true)
	}
}

func (c *conn) prove() {
	if c != nil {
		c.proven.Store(true)
	}
}

type connKey struct{}

// connOf is the connection of a request, or nil where the listener is not ours.
func connOf(r *http.Request) *conn {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}

// Limits of a connection. Each is far above what a caller on the same machine
// needs.
const (
	headerTime = 5 * time.Second
	answerTime = 10 * time.Second
	idleTime   = time.Minute
	maxHeader  = 8 << 10 // bytes, to which net/http adds 4 KiB
)

// NewServer is a server for h that wastes no time on callers. It serves on
// listeners that Bound has bounded.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       headerTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,

		// Else OPTIONS * is answered without us.
		DisableGeneralOptionsHandler: true,

		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			if own, ok := c.(*conn); ok && state == http.StateIdle {
				own.used.Store(time.Now().UnixNano())
				own.busy.Store(false)
			}
		},
	}
}
