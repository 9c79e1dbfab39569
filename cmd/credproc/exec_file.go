package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/credproc/credproc/cache"
)

// A privateFile is a file that a command which exec starts reads, and nobody
// else but its user can.
type privateFile struct {
	name string // where it has a folder of its own
	text []byte

	cache *cache.Cache
	own   string // a folder that is only for it, or empty
	once  bool   // it is only for one command, and goes with it: it holds secrets

	mu      sync.Mutex
	path    string // once it is kept
	removed bool
}

// keep puts the file in place, or makes it young: what nobody keeps is swept.
// Where there is no cache it gets a folder of its own.
func (p *privateFile) keep() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.removed:
		return nil
	case p.own != "":
		return os.Chtimes(p.path, time.Time{}, time.Now())
	}
	if !p.cache.Off {
		path, err := p.cache.Keep(p.text)
		if err == nil {
			p.path = path
		}
		if p.path != "" {
			return err // its path is known to the command
		}
	}
	var err error
	if p.own, err = os.MkdirTemp("", "credproc-exec-"); err != nil {
		return fmt.Errorf("there is no folder for the command's AWS files: %w", err)
	}
	p.path = filepath.Join(p.own, p.name)
	return os.WriteFile(p.path, p.text, 0o600)
}

// missing reports whether somebody has removed the file.
func (p *privateFile) missing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := os.Lstat(p.path)
	return errors.Is(err, fs.ErrNotExist) && !p.removed
}

// remove removes the file if it is nobody else's. The command has ended, and so
// have its secrets; one that outlives a killed exec keeps the file.
func (p *privateFile) remove() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.removed = true
	switch {
	case p.own != "":
		_ = os.RemoveAll(p.own)
	case p.once:
		_ = os.Remove(p.path)
	}
}

// privateFiles are those of one command.
type privateFiles []*privateFile

// keep keeps all, or says which it could not.
func (all privateFiles) keep() error {
	var errs []error
	for _, f := range all {
		errs = append(errs, f.keep())
	}
	return errors.Join(errs...)
}

// restore puts back those that somebody has removed.
func (all privateFiles) restore() {
	for _, f := range all {
		if f.missing() {
			_ = f.keep()
		}
	}
}

func (all privateFiles) remove() {
	for _, f := range all {
		f.remove()
	}
}

// removeOnSignal removes the files if a signal ends us before there is a command,
// until stop is called.
func (all privateFiles) removeOnSignal() (stop func()) {
	signals := make(chan os.Signal, 1)
	for _, s := range ending {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	done := make(chan struct{})
	go func() {
		select {
		case <-done:
		case s := <-signals:
			all.remove()
			signal.Reset(s)
			if self, err := os.FindProcess(os.Getpid()); err == nil && self.Signal(s) == nil {
				time.Sleep(time.Second) // it is on its way
			}
			os.Exit(exitNotStarted)
		}
	}()
	return sync.OnceFunc(func() {
		signal.Stop(signals)
		close(done)
	})
}

// ending are the signals that end a program which takes no care.
var ending = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}
