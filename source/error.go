package source

import (
	"errors"
	"strings"
	"unicode"

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

const (
	// maxMessage is how much of a server's message an error repeats, and
	// maxRead how much of it is looked at, in bytes.
	maxMessage = 500
	maxRead    = 8 * maxMessage

	// fragment is how many characters of a secret in a row are a part of it:
	// fewer say nothing.
	fragment = 16
)

// clean makes a server's text fit for a terminal and a log: one line, bounded,
// without control characters, and without anything that looks like a token or
// is a part of secrets, because a proxy in between may echo the request.
func clean(message string, secrets ...string) string {
	message = strings.ToValidUTF8(message, "\ufffd")
	if len(message) > maxRead {
		message = message[:maxRead]
	}
	var words []string
	for _, word := range strings.FieldsFunc(message, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}) {
		if i := secretIn(word, secrets); i >= 0 {
			word = word[:i] + "[removed]"
		}
		words = append(words, word)
	}
	message = strings.Join(words, " ")
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + " …"
	}
	return message
}

// secretIn is where in a word a secret, a fragment of one or any JWT begins, or
// -1. What follows in that word goes with it.
func secretIn(word string, secrets []string) int {
	for i := range len(word) - fragment + 1 {
		// A JWT and every part of one begin with the base64 of `{"`.
		if strings.HasPrefix(word[i:], "eyJ") {
			return i
		}
		for _, secret := range secrets {
			if strings.Contains(secret, word[i:i+fragment]) {
				return i
			}
		}
	}
	return -1
}
