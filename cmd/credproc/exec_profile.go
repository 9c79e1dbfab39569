package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	privateFile

	profile, inner string // the names of the two
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
	p := &privateConfig{privateFile: privateFile{name: "config", cache: c, once: once && keys.Secret}}
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
	text, err := awsconfig.Flat(awsconfig.Path(os.Getenv, home))
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

// source is the source that the profile leads to in that environment.
func (p *privateConfig) source(env []string) (source.Source, error) {
	return settings.Source(func(name string) (string, bool) { return p.inner, name == "profile" }, settings.Lookup(env), p.cache)
}

func (p *privateConfig) files() privateFiles { return privateFiles{&p.privateFile} }

func (p *privateConfig) env(outer []string) []string { return childEnv(outer, p.profile, p.path) }

// hold does nothing: the command's SDK runs credproc, which reads the cache.
func (p *privateConfig) hold(source.Source, source.Credentials) *holder { return nil }

func (p *privateConfig) close() { p.remove() }
