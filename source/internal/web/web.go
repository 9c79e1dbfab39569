// Package web asks servers that hand out secrets for one: token issuers,
// metadata services, container endpoints. An answer is bounded in size and
// time, and no error repeats a secret or the query of a URL.
package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// Limit is how long one answer may take, whatever the context allows.
	Limit = 10 * time.Second

	// dialLimit is for the connection alone: a metadata address that nobody
	// serves swallows packets instead of refusing them.
	dialLimit = 3 * time.Second

	// MaxAnswer is far above any token or set of credentials, in bytes.
	MaxAnswer = 64 << 10
)

// A Request is what to ask. Method, Header and Body may be left empty: then it
// is a plain GET. White space around a header's value is dropped: secrets come
// out of files that end with a new line.
type Request struct {
	Method string
	URL    string
	Header map[string]string
	Body   []byte

	// CA holds certificate authorities in PEM to trust instead of the
	// system's.
	CA []byte

	// Direct keeps the request from every proxy, as is right for metadata
	// services under whatever name. Link-local addresses are always direct.
	Direct bool

	// Passing are statuses below 500 that this server gives for a while and
	// then no longer. 408, 425 and 429 always count as such.
	Passing []int

	// Plain says that the server words its errors as plain text.
	Plain bool

	// Secrets are what no error may repeat, besides what looks like a token.
	Secrets []string
}

// Ask sends r and returns the body of an answer of status 200 or 201. Redirects
// are not followed: they would carry our secrets elsewhere. Every error is an
// *Error; it wraps the context's when ctx ended.
func Ask(ctx context.Context, r Request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil || req.URL.Scheme != "http" && req.URL.Scheme != "https" || req.URL.Host == "" {
		return nil, r.fail(BadAddress, "is no http or https URL", err)
	}
	for name, value := range r.Header {
		req.Header.Set(name, strings.TrimSpace(value))
	}
	transport, err := r.transport()
	if err != nil {
		return nil, r.fail(Untrusted, "cannot be trusted", err)
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, r.failed(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	switch {
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated:
		return nil, r.refused(resp, body) // half a body still has its status
	case err != nil:
		return nil, r.failed(ctx, err)
	case len(body) > MaxAnswer:
		return nil, r.fail(TooLong, fmt.Sprintf("answered with more than %d bytes", MaxAnswer), nil)
	}
	return body, nil
}

func (r Request) transport() (*http.Transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CA != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(r.CA) {
			return nil, errNoCertificate
		}
	}
	return &http.Transport{
		Proxy:                  r.proxy,
		DialContext:            (&net.Dialer{Timeout: dialLimit}).DialContext,
		TLSHandshakeTimeout:    dialLimit,
		TLSClientConfig:        config,
		MaxResponseHeaderBytes: MaxAnswer,
		DisableCompression:     true, // a small answer could unpack to a large one
		DisableKeepAlives:      true, // there is one question only
	}, nil
}

func (r Request) proxy(req *http.Request) (*url.URL, error) {
	if r.Direct {
		return nil, nil
	}
	return Proxy(req)
}

// Proxy is the environment's, where a proxy can be of help at all: metadata
// addresses mean this machine, and a proxy would ask for its own.
func Proxy(req *http.Request) (*url.URL, error) {
	if isMetadata(req.URL.Hostname()) {
		return nil, nil
	}
	return http.ProxyFromEnvironment(req)
}

// passing reports whether a later answer may well be another.
func (r Request) passing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500 || slices.Contains(r.Passing, status)
}
