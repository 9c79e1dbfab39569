package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/endpoint"
	"github.com/credproc/credproc/cmd/credproc/internal/quote"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
)

// clientFiles are the files that callers of an endpoint read.
type clientFiles struct {
	url   string
	token string // path
	env   string // path, or empty

	mu      sync.Mutex
	gone    bool
	broken  bool   // and somebody has been told
	own     string // the token, if we made its file, else empty
	dir     string // a folder that is only for that file, or empty
	written []byte // what stands in env
}

// make makes the token file at path unless there is one, in a folder of its own
// where none is named, and the file with the variables.
func (f *clientFiles) make(path, env string) error {
	if f.token = path; path == "" {
		dir, err := os.MkdirTemp("", "credproc-serve-")
		if err != nil {
			return &settings.Error{Text: fmt.Sprintf("there is no folder for the authorization token: %v", err),
				Hint: "name a file with --authorization-token-file"}
		}
		f.dir, f.token = dir, filepath.Join(dir, "token")
	}
	if _, err := os.Lstat(f.token); errors.Is(err, fs.ErrNotExist) {
		token := rand.Text() + rand.Text()
		if err := writeWhole(f.token, []byte(token)); err != nil {
			return &settings.Error{Text: fmt.Sprintf("the authorization token cannot be written: %v", err),
				Hint: "name a file in a folder of this user with --authorization-token-file"}
		}
		f.own = token
	}
	if env == "" {
		return nil
	}
	if text, err := standing(env); err == nil && !bytes.HasPrefix(text, []byte(envHeader)) || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &settings.Error{Text: fmt.Sprintf("--env-file %s is there already, and credproc has not written it", env),
			Hint: "name another file, or remove this one"}
	}
	f.env = env
	return f.writeEnv()
}

// open gives the token in the file. In a folder that we have made nobody changes
// it: should the folder be swept, others could make one of the same name.
func (f *clientFiles) open(warn func(error)) (*endpoint.Token, error) {
	if f.dir != "" {
		return endpoint.FixedToken(f.own), nil
	}
	return endpoint.OpenToken(f.token, warn)
}

// envHeader is how a file begins that may be written over.
const envHeader = "# Written by credproc serve, and removed when it ends.\n"

// writeEnv writes the variables, unless we have and somebody's file is there.
func (f *clientFiles) writeEnv() error {
	token, err := endpoint.ReadToken(f.token)
	if err != nil {
		return badToken(err)
	}
	text := fmt.Appendf(nil, `%sunset AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
export AWS_CONTAINER_CREDENTIALS_FULL_URI=%s
export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%s
# For the AWS CLI 2.9 and others that do not know the file; the others read that.
export AWS_CONTAINER_AUTHORIZATION_TOKEN=%s
`, envHeader, quote.POSIX(f.url), quote.POSIX(f.token), quote.POSIX(token))
	if _, err := os.Lstat(f.env); bytes.Equal(text, f.written) && !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := writeWhole(f.env, text); err != nil {
		return &settings.Error{Text: fmt.Sprintf("--env-file cannot be written: %v", err), Hint: "name a file in a folder of this user"}
	}
	f.written = text
	return nil
}

// tendEvery is how often the files are looked at.
const tendEvery = 5 * time.Second

// tend never returns.
func (f *clientFiles) tend(log *slog.Logger) {
	for ; ; time.Sleep(tendEvery) {
		f.mend(log)
	}
}

// mend puts the files back as they should be. A fault that stays is told of once.
func (f *clientFiles) mend(log *slog.Logger) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return
	}
	err := f.restore()
	if err != nil && !f.broken {
		log.Warn("the files for callers cannot be kept", "error", err.Error())
	}
	f.broken = err != nil
}

// restore puts back a token file that something has swept, as happens in a
// temporary folder, and writes the variables anew for a new token.
func (f *clientFiles) restore() error {
	if _, err := os.Lstat(f.token); f.own != "" && errors.Is(err, fs.ErrNotExist) {
		if f.dir != "" {
			_ = os.Mkdir(f.dir, 0o700)
		}
		if err := writeWhole(f.token, []byte(f.own)); err != nil {
			return err
		}
	}
	if f.env == "" {
		return nil
	}
	return f.writeEnv()
}

// remove removes what is ours, and has not become somebody else's.
func (f *clientFiles) remove() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
	var errs []error
	drop := func(path string, ours []byte) {
		text, err := standing(path)
		if err == nil && bytes.Equal(text, ours) {
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if f.written != nil {
		drop(f.env, f.written)
	}
	if f.own != "" {
		drop(f.token, []byte(f.own))
	}
	if f.dir != "" {
		errs = append(errs, os.RemoveAll(f.dir))
	}
	return errors.Join(errs...)
}

// standing reads what stands in a file, as far as it can be ours: nothing in what
// is no regular file. It waits for nobody.
func standing(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may be a FIFO
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, 64<<10))
}

// writeWhole writes a file that only its owner can read: whole or not at all,
// and never through a link.
func writeWhole(path string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".credproc-*") // 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}

// badToken words a fault of the token file.
func badToken(err error) error {
	return &settings.Error{Text: err.Error(),
		Hint: "make one with: (umask 077; openssl rand -hex 32 | tr -d '\\n' > FILE)"}
}
