package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source"
)

// A privateConfig is the AWS config file of a command that exec starts: the
// user's own, so that its other profiles still work, and two profiles more. The
// first is for SDKs and runs credproc; the second holds all that credproc was
// told, and is for credproc.
type privateConfig struct {
	profile, inner string // the names of the two
	text           []byte

	cache *cache.Cache
	own   string // a folder that is only for it, or empty
	once  bool   // it is only for one command, and goes with it: it holds secrets

	mu      sync.Mutex
	path    string // once it is kept
	removed bool
}

// newPrivateConfig writes down what the flags and variables say. warn is told of
// what will not work. Where secrets are among that and once is true, no other
// command shares the file.
func newPrivateConfig(o options, c *cache.Cache, once bool, warn func(string)) (*privateConfig, error) {
	keys, err := settings.Profile(o.given, os.Environ())
	if err != nil {
		return nil, err
	}
	text := usersConfig(warn)
	command, err := o.helper(warn)
	if err != nil {
		return nil, err
	}
	p := &privateConfig{cache: c, once: once && keys.Secret}
	var pairs strings.Builder
	for _, p := range keys.Pairs {
		fmt.Fprintf(&pairs, "%s = %s\n", p.Key, p.Value)
	}
	unique := ""
	if p.once {
		unique = rand.Text()
	}
	// A name that nobody has yet: in a credentials file it would shadow ours.
	digest := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s%s%s", len(text), text, &pairs, command, unique))
	p.profile = settings.ExecPrefix + hex.EncodeToString(digest[:6])
	p.inner = p.profile + settings.RoleSuffix
	b := bytes.NewBuffer(bytes.Clone(text))
	fmt.Fprintf(b, "\n[profile %s]\ncredential_process = %s --profile %s\n", p.profile, command, p.inner)
	if keys.Region != "" {
		fmt.Fprintf(b, "region = %s\n", keys.Region)
	}
	fmt.Fprintf(b, "\n[profile %s]\n%s", p.inner, &pairs)
	p.text = b.Bytes()
	return p, nil
}

// usersConfig is the user's own AWS config file, with a line end behind the last
// line. Within an exec that is the one in force without what exec has added.
func usersConfig(warn func(string)) []byte {
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	text, err := awsconfig.Text(awsconfig.Path(os.Getenv, home))
	if err != nil {
		// No SDK could read it either; without it the command has our profile.
		warn(fmt.Sprintf("the AWS config file is left out: %v", err))
		return nil
	}
	if i := bytes.Index(text, []byte("\n[profile "+settings.ExecPrefix)); i >= 0 {
		text = text[:i]
	}
	if n := len(text); n > 0 && text[n-1] != '\n' {
		text = append(text[:n:n], '\n')
	}
	return text
}

// helper is the command line that SDKs run, without its profile.
func (o options) helper(warn func(string)) (string, error) {
	self, err := executable()
	if err != nil {
		return "", err
	}
	words := []string{self}
	for _, name := range []string{"cache-dir", "log-file", "timeout", "no-cache"} {
		value, origin := o.text(name)
		if origin == "" || value == "" {
			continue
		}
		if name == "cache-dir" || name == "log-file" {
			if value, err = filepath.Abs(value); err != nil {
				return "", err
			}
		}
		words = append(words, "--"+name+"="+value)
	}
	for i, word := range words {
		if strings.ContainsAny(word, "\"$`%!") || strings.ContainsFunc(word, unicode.IsControl) {
			return "", &settings.Error{Text: fmt.Sprintf("%q cannot stand in an AWS config file", word),
				Hint: "give it a path of letters, digits and ordinary signs"}
		}
		if !strings.ContainsAny(word, " '\\&|;<>()*?[]#~{}") {
			continue
		}
		words[i] = `"` + word + `"`
		if strings.Contains(word, " ") {
			warn(fmt.Sprintf("there is a space in %q, which programs with the AWS SDK for Go v1 do not understand", word))
		}
	}
	return strings.Join(words, " "), nil
}

// executable is the path of this program by the name it was started with, where
// that leads to it: a symlink outlives an upgrade, what it points to may not.
func executable() (string, error) {
	running, err := os.Executable()
	if err != nil {
		return "", err
	}
	named, err := exec.LookPath(os.Args[0])
	if err == nil {
		named, err = filepath.Abs(named)
	}
	if err != nil {
		return running, nil
	}
	a, errA := os.Stat(named)
	b, errB := os.Stat(running)
	if errA != nil || errB != nil || !os.SameFile(a, b) {
		return running, nil
	}
	return named, nil
}

// keep puts the file in place, or makes it young: what nobody keeps is swept.
// Where there is no cache it gets a folder of its own.
func (p *privateConfig) keep() error {
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
		return fmt.Errorf("there is no folder for the command's AWS config file: %w", err)
	}
	p.path = filepath.Join(p.own, "config")
	return os.WriteFile(p.path, p.text, 0o600)
}

// missing reports whether somebody has removed the file.
func (p *privateConfig) missing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := os.Lstat(p.path)
	return errors.Is(err, fs.ErrNotExist) && !p.removed
}

// remove removes the file if it is nobody else's. The command has ended, and so
// have its secrets; one that outlives a killed exec keeps the file.
func (p *privateConfig) remove() {
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

// removeOnSignal removes the file if a signal ends us before there is a command,
// until stop is called.
func (p *privateConfig) removeOnSignal() (stop func()) {
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
			p.remove()
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

// source is the source that the profile leads to in that environment.
func (p *privateConfig) source(env []string) (source.Source, error) {
	return settings.Source(func(name string) (string, bool) { return p.inner, name == "profile" }, settings.Lookup(env), p.cache)
}
