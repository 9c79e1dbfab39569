package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source"
)

func runGet(ctx context.Context, o options) error {
	// Ctrl-C goes to the whole foreground group. A helper that it killed while
	// Terraform saves its state would lose the state. A reader that went away is
	// an error of ours to report, not a reason to die.
	signal.Ignore(os.Interrupt, syscall.SIGHUP, syscall.SIGPIPE)

	c, err := o.cache()
	if err != nil {
		return err
	}
	src, err := settings.Source(o.given, os.Getenv, c)
	if err != nil {
		return err
	}
	creds, err := c.Get(ctx, src)
	if err != nil {
		return err
	}
	return printCredentials(creds)
}

// credentialsJSON is what SDKs read from a credential_process, in the one form
// that all of them accept: Version an integer, Expiration without a fraction. It
// is put together by hand, because the first use of a struct type costs
// encoding/json more than all the rest.
// Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
func credentialsJSON(c source.Credentials, expiration time.Time) []byte {
	text := []byte(`{"Version":1`)
	add := func(key, value string) {
		quoted, _ := json.Marshal(value) // of a string it cannot fail
		text = fmt.Appendf(text, `,"%s":%s`, key, quoted)
	}
	add("AccessKeyId", c.AccessKeyID)
	add("SecretAccessKey", c.SecretAccessKey)
	if c.SessionToken != "" {
		add("SessionToken", c.SessionToken)
	}
	add("Expiration", expiration.Format("2006-01-02T15:04:05Z"))
	if c.AccountID != "" {
		add("AccountId", c.AccountID)
	}
	return append(text, '}')
}

func printCredentials(c source.Credentials) error {
	expiration := cache.Printed(c, time.Now())
	if expiration.IsZero() {
		return &source.Error{Kind: source.KindUnreachable,
			Text: fmt.Sprintf("the credentials that STS gave live until %s only", c.Expiration.UTC().Format(time.RFC3339))}
	}
	text := append(credentialsJSON(c, expiration), '\n')
	// One write: whoever reads sees all of it or none.
	if _, err := os.Stdout.Write(text); err != nil {
		return fmt.Errorf("writing the credentials: %w", err)
	}
	return nil
}

// cache is the cache that the flags describe.
func (o options) cache() (*cache.Cache, error) {
	off, err := o.boolean("no-cache")
	if err != nil {
		return nil, err
	}
	verbose, err := o.boolean("verbose")
	if err != nil {
		return nil, err
	}
	timeout, err := o.timeout()
	if err != nil {
		return nil, err
	}
	dir, err := o.path("cache-dir")
	if err != nil {
		return nil, err
	}
	logFile, err := o.path("log-file")
	if err != nil {
		return nil, err
	}
	l := logger{file: logFile, verbose: verbose}
	c := &cache.Cache{Dir: dir, Off: off, Timeout: timeout}
	if verbose || logFile != "" {
		c.Logf = l.event
	}
	if verbose {
		c.Debugf = l.detail
	}
	return c, nil
}

func join(list []string) string { return strings.Join(list, ",") }
