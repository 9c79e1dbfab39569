package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
)

// A privateConfig is the AWS config file of a command that exec starts: the
// user's own, so that its other profiles still work, and two profiles more. The
// first is for SDKs and runs credproc; the second holds all that credproc was
// told, and is for credproc.
type privateConfig struct {
	profile, inner string // the names of the two
	text           []byte

	cache *cache.Cache
	path  string // once it is kept
	own   string // a folder that is only for it, or empty
}

// newPrivateConfig writes down what the flags and variables say. warn is told of
// what will not work.
func newPrivateConfig(o options, c *cache.Cache, warn func(string)) (*privateConfig, error) {
	pairs, region, err := settings.Profile(o.given, os.Getenv)
	if err != nil {
		return nil, err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	text, err := awsconfig.Text(awsconfig.Path(os.Getenv, home))
	if err != nil {
		// No SDK could read it either; without it the command has our profile.
		warn(fmt.Sprintf("the AWS config file is left out: %v", err))
		text = nil
	}
	command, err := o.helper(warn)
	if err != nil {
		return nil, err
	}
	var keys strings.Builder
	for _, p := range pairs {
		fmt.Fprintf(&keys, "%s = %s\n", p.Key, p.Value)
	}
	// A name that nobody has yet: in a credentials file it would shadow ours.
	digest := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s%s", len(text), text, keys.String(), command))
	p := &privateConfig{profile: "credproc-exec-" + hex.EncodeToString(digest[:6]), cache: c}
	p.inner = p.profile + "-role"
	b := bytes.NewBuffer(bytes.Clone(text))
	if len(text) > 0 && text[len(text)-1] != '\n' {
		b.WriteByte('\n')
	}
	fmt.Fprintf(b, "\n[profile %s]\ncredential_process = %s --profile %s\n", p.profile, command, p.inner)
	if region != "" {
		fmt.Fprintf(b, "region = %s\n", region)
	}
	fmt.Fprintf(b, "\n[profile %s]\n%s", p.inner, &keys)
	p.text = b.Bytes()
	return p, nil
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
		if !strings.ContainsAny(word, " \t\"'\\$`&|;<>()*?[]#~%!{}\n") {
			continue
		}
		if strings.ContainsAny(word, "\"$`%!\n") {
			return "", &settings.Error{Text: fmt.Sprintf("%q cannot stand in an AWS config file", word),
				Hint: "give it a path of letters, digits and ordinary signs"}
		}
		words[i] = `"` + word + `"`
		if strings.ContainsAny(word, " \t") {
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
func (p *privateConfig) keep() (err error) {
	if p.own != "" {
		return nil
	}
	if !p.cache.Off {
		if p.path, err = p.cache.Keep(p.text); err == nil {
			return nil
		}
	}
	if p.own, err = os.MkdirTemp("", "credproc-exec-"); err != nil {
		return fmt.Errorf("there is no folder for the command's AWS config file: %w", err)
	}
	p.path = filepath.Join(p.own, "config")
	return os.WriteFile(p.path, p.text, 0o600)
}

// remove removes the file if it is nobody else's.
func (p *privateConfig) remove() {
	if p.own != "" {
		_ = os.RemoveAll(p.own)
	}
}
