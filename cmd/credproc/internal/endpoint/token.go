package endpoint

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A Token is the secret that callers must send, in a file that they read too.
// Only its digest is kept: no comparison tells how much of a guess was right.
type Token struct {
	path   string
	warn   func(error)
	digest atomic.Pointer[[sha256.Size]byte]
	looked atomic.Int64 // when, in nanoseconds since 1970

	mu     sync.Mutex // who reads the file
	broken bool       // and somebody has been told
}

// OpenToken reads the token in the file at path, which is read again as it
// changes. warn is told when that becomes impossible; the token that was there
// last then still counts.
func OpenToken(path string, warn func(error)) (*Token, error) {
	text, err := ReadToken(path)
	if err != nil {
		return nil, err
	}
	t := &Token{path: path, warn: warn}
	t.set(text)
	return t, nil
}

// FixedToken is the token that stands in no file, or in one that nobody changes:
// what others put there does not count.
func FixedToken(text string) *Token {
	t := &Token{}
	t.set(text)
	return t
}

func (t *Token) set(text string) {
	digest := sha256.Sum256([]byte(text))
	t.digest.Store(&digest)
}

// lookEvery is how long a token still counts that is in the file no more.
const lookEvery = time.Second

// admits reports whether the values of an Authorization header are the token.
func (t *Token) admits(values []string, now time.Time) bool {
	if len(values) != 1 {
		return false
	}
	if age := now.UnixNano() - t.looked.Load(); age < 0 || age >= int64(lookEvery) {
		t.look(now)
	}
	sent := sha256.Sum256([]byte(values[0]))
	if t.is(sent) {
		return true
	}
	t.look(now) // it may be a newer one
	return t.is(sent)
}

func (t *Token) is(sent [sha256.Size]byte) bool {
	return subtle.ConstantTimeCompare(sent[:], t.digest.Load()[:]) == 1
}

func (t *Token) look(now time.Time) {
	if t.path == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.looked.Store(now.UnixNano())
	text, err := ReadToken(t.path)
	switch {
	case err == nil:
		t.set(text)
		t.broken = false
	case !t.broken:
		t.broken = true
		t.warn(err)
	}
}

// Lengths of a token, in bytes: fewer can be guessed, more do not fit a header.
const (
	minToken = 16
	maxToken = 4096
)

// ReadToken reads a token file. What others than its reader and root may have
// written is not taken.
func ReadToken(path string) (string, error) {
	fail := func(format string, args ...any) (string, error) {
		return "", fmt.Errorf("the authorization token file %s %w", path, fmt.Errorf(format, args...))
	}
	// Without waiting, should it be a FIFO.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		var pathErr *os.PathError
		errors.As(err, &pathErr)
		return fail("cannot be read: %w", pathErr.Err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return fail("cannot be read: %w", err)
	case !info.Mode().IsRegular():
		return fail("is not a regular file")
	case othersMayWrite(info):
		return fail("could have been written by others")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	switch {
	case err != nil:
		return fail("cannot be read: %w", err)
	case strings.ContainsAny(string(text), "\r\n"):
		// SDKs would send it: botocore and Go then fail.
		return fail("has a line end in it")
	case len(text) < minToken || len(text) > maxToken:
		return fail("has %d bytes; it may have %d to %d", len(text), minToken, maxToken)
	case strings.ContainsFunc(string(text), func(c rune) bool { return c <= ' ' || c > '~' }):
		return fail("holds characters that a header cannot")
	}
	return string(text), nil
}
