package web

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/credproc/credproc/source/internal/redact"
)

// A Kind says what became of a request.
type Kind int

const (
	Unreachable Kind = iota // no usable answer; a later one may be
	Refused                 // the server said no
	Untrusted               // the server's certificate is not one to trust
	BadAddress              // no URL that anyone could be asked at
	TooLong                 // an answer that cannot be what was asked for
)

// Error says why there is no answer. It holds nothing secret.
type Error struct {
	Kind   Kind
	Status int    // of the HTTP answer, or zero
	Code   string // the server's own word for its error, or empty
	Place  string // the URL, less its query
	Text   string // continues Place
	Err    error  // the cause, or nil; Text says all of it
}

func (e *Error) Error() string { return e.Place + " " + e.Text }

func (e *Error) Unwrap() error { return e.Err }

var errNoCertificate = errors.New("its CA bundle holds no PEM certificate")

// maxReason is how much of a server's reason an error repeats, in bytes.
const maxReason = 300

func (r Request) fail(kind Kind, what string, err error) *Error {
	text := what
	if err != nil {
		text += ": " + redact.Line(innermost(err).Error(), maxReason, r.Secrets...)
	}
	return &Error{Kind: kind, Place: Place(r.URL), Text: text, Err: err}
}

// failed words what happened on the way.
func (r Request) failed(ctx context.Context, err error) *Error {
	var certificate *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.As(err, &certificate):
		return r.fail(Untrusted, "cannot be trusted", certificate)
	case ctx.Err() != nil:
		e := r.fail(Unreachable, "gave no answer in time", nil)
		e.Err = ctx.Err()
		return e
	case errors.As(err, &network) && network.Timeout():
		e := r.fail(Unreachable, "cannot be reached in time", nil)
		e.Err = err
		return e
	}
	return r.fail(Unreachable, "cannot be reached", err)
}

// refused words an answer that is an error.
func (r Request) refused(resp *http.Response, body []byte) *Error {
	e := r.fail(Refused, fmt.Sprintf("answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode)), nil)
	e.Status = resp.StatusCode
	if r.passing(resp.StatusCode) {
		e.Kind = Unreachable
	}
	if resp.StatusCode/100 == 3 {
		e.Text += ", a redirect, which is not followed"
	}
	why := reason(body)
	if why == "" && r.Plain && !strings.HasPrefix(strings.TrimSpace(string(body)), "<") && !json.Valid(body) {
		why = string(body)
	}
	if why = redact.Line(why, maxReason, r.Secrets...); why != "" {
		e.Text += ": " + why
	}
	e.Code = redact.Line(code(body), maxCode, r.Secrets...)
	return e
}

// maxCode is above any error code, in bytes.
const maxCode = 100

// code finds the word for programs, where AWS's servers put it.
func code(body []byte) string {
	var v any
	_ = json.Unmarshal(body, &v)
	object, _ := v.(map[string]any)
	for _, name := range []string{"code", "Code"} {
		if text, ok := object[name].(string); ok {
			return text
		}
	}
	return ""
}

// reason finds the sentence for people in the errors of the servers we ask:
// error_description (OAuth, Azure), message (GitHub, Azure DevOps, Kubernetes),
// errors (Vault). Anything else stays unsaid.
func reason(body []byte) string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return ""
	}
	object, _ := v.(map[string]any)
	for _, name := range []string{"error_description", "message", "Message", "errors", "error", "value"} {
		switch found := object[name].(type) {
		case string:
			return found
		case []any:
			if len(found) > 0 {
				if text, ok := found[0].(string); ok {
					return text
				}
			}
		case map[string]any:
			for _, name := range []string{"message", "Message"} {
				if text, ok := found[name].(string); ok {
					return text
				}
			}
		}
	}
	return ""
}

// Place is a URL as messages show it: without a user's name, query or fragment.
func Place(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "the address"
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return shown.String()
}

// innermost strips net/http's wrapping, which quotes the URL with its query.
func innermost(err error) error {
	var address *url.Error
	for errors.As(err, &address) {
		err = address.Err
	}
	return err
}
