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
// programs that ask in the same second, and some 20 MB at worst.
const maxConns = 1024

// grace is how long a new caller has at least to send a request. It bounds how
// fast others can push him out.
const grace = 10 * time.Millisecond

// Bound is l with at most 1024 connections. One more closes the oldest that is
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

// Accept is called by one goroutine, that of http.Server.
func (l *listener) Accept() (net.Conn, error) {
	for {
		inner, err := l.Listener.Accept()
		if errors.Is(err, syscall.EMFILE) && l.makeRoom(l.count()) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !l.makeRoom(l.max) {
			inner.Close()
			continue
		}
		c := &conn{Conn: inner, of: l}
		c.used.Store(time.Now().UnixNano())
		l.mu.Lock()
		l.open[c] = struct{}{}
		l.mu.Unlock()
		return c, nil
	}
}

func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// makeRoom closes connections until there are fewer than most. It reports false
// when all are answering callers who know the token.
func (l *listener) makeRoom(most int) bool {
	for l.count() >= most {
		victim := l.spare()
		if victim == nil {
			return false
		}
		// More than grace: the clock was set back.
		if young := grace - time.Since(time.Unix(0, victim.used.Load())); young > 0 && young <= grace {
			time.Sleep(young)
			continue // others may have gone, and this one may have sent the token
		}
		victim.Close()
	}
	return true
}

// spare is the connection that can best be spared, or nil.
func (l *listener) spare() (victim *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		// One that is being answered without the token may be one who does not read.
		if answering := c.busy.Load() && c.proven.Load(); !answering && (victim == nil || c.before(victim)) {
			victim = c
		}
	}
	return victim
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

// CloseWrite is what net/http needs to let a refusal arrive whose request is
// still being sent.
func (c *conn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return nil
	}
	return half.CloseWrite()
}

func (c *conn) begin() {
	if c != nil {
		c.used.Store(time.Now().UnixNano())
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
				own.busy.Store(false)
			}
		},
	}
}
