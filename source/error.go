package source

import (
	"errors"

	"github.com/credproc/credproc/source/internal/redact"
	"github.com/credproc/credproc/source/token"
)

// A Kind says on whose side credentials failed, and so what can help.
type Kind string

const (
	KindToken       Kind = "token"       // the web identity token is missing, malformed or expired
	KindRefused     Kind = "refused"     // STS answered no; asking again will not help
	KindUnreachable Kind = "unreachable" // no usable answer from STS or from the token's issuer
	KindDeadline    Kind = "deadline"    // no answer at all before the time was up
	KindSettings    Kind = "settings"    // nothing was asked: what is set leads to no credentials
)

// Error says why credentials could not be had. It holds nothing secret, so it
// may be logged and written beside a cache entry.
type Error struct {
	Kind Kind

	// Code is AWS's error code verbatim ("AccessDenied"), or for KindToken the
	// token.Problem, or empty.
	Code string

	// Text is one line: what was tried, on what, and what came back.
	Text string

	// Err is the cause, or nil.
	Err error
}

func (e *Error) Error() string { return e.Text }

func (e *Error) Unwrap() error { return e.Err }

// AsError returns err as an *Error; what names no kind counts as unreachable.
func AsError(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var tokenErr *token.Error
	if errors.As(err, &tokenErr) {
		kind := KindToken
		if tokenErr.Problem == token.Unreachable {
			kind = KindUnreachable
		}
		return &Error{Kind: kind, Code: string(tokenErr.Problem), Text: tokenErr.Error(), Err: err}
	}
	return &Error{Kind: KindUnreachable, Text: err.Error(), Err: err}
}

// maxMessage is how much of a server's message an error repeats, in bytes.
const maxMessage = 500

// clean makes a server's text fit for a terminal and a log. secrets are what was
// sent there: a proxy in between may echo the request.
func clean(message string, secrets ...string) string {
	return redact.Line(message, maxMessage, secrets...)
}
