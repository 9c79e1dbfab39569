package source

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credproc/credproc/source/sourcetest"
	"github.com/credproc/credproc/source/token"
)

// serve starts a server for one test and returns its URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"}

// everything is err as any careless caller may show it.
func everything(t *testing.T, err error) string {
	t.Helper()
	var shown strings.Builder
	var walk func(error)
	walk = func(err error) {
		if err == nil {
			return
		}
		for _, verb := range verbs {
			fmt.Fprintf(&shown, verb+"\n", err)
		}
		var own *Error
		if errors.As(err, &own) {
			for _, verb := range verbs {
				fmt.Fprintf(&shown, verb+"\n", *own)
			}
		}
		switch err := err.(type) {
		case interface{ Unwrap() error }:
			walk(err.Unwrap())
		case interface{ Unwrap() []error }:
			for _, one := range err.Unwrap() {
				walk(one)
			}
		}
	}
	walk(err)
	text, jsonErr := json.Marshal(AsError(err))
	if jsonErr == nil {
		shown.Write(text)
	}
	return shown.String()
}

// wantHidden fails where text shows any sixteen characters of secret in a row,
// as they are or in hexadecimal.
func wantHidden(t *testing.T, text, secret string) {
	t.Helper()
	hex := fmt.Sprintf("%x", secret)
	for i := 0; i+16 <= len(secret); i++ {
		if part := secret[i : i+16]; strings.Contains(text, part) || strings.Contains(text, hex[2*i:2*i+32]) {
			t.Errorf("shows %q of the secret: %.300s", part, text)
			return
		}
	}
}

// A server, or a proxy in front of it, may send back what it got.
func TestRetrieveHidesEcho(t *testing.T) {
	t.Parallel()
	folded := func(s string) string {
		var b strings.Builder
		for line := range slices.Chunk([]byte(s), 76) {
			b.Write(line)
			b.WriteByte('\n')
		}
		return b.String()
	}
	for _, test := range []struct {
		name          string
		status        int
		code, message func(token string) string
	}{
		{"in the message", 400, nil, func(tok string) string { return "bad token " + tok + " in request" }},
		{"in a passing message", 503, nil, func(tok string) string { return "bad token " + tok + " in request" }},
		{"twice", 400, nil, func(tok string) string { return tok + tok }},
		{"the whole request", 400, nil, func(tok string) string {
			return "POST / HTTP/1.1\r\n\r\n" + url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "WebIdentityToken": {tok}}.Encode()
		}},
		{"in quotes", 400, nil, func(tok string) string { return `{"token":"` + tok + `"}` }},
		{"folded", 400, nil, folded},
		{"its beginning", 400, nil, func(tok string) string { return "token " + tok[:100] + "…" }},
		{"its claims", 400, nil, func(tok string) string { return "claims " + strings.Split(tok, ".")[1] }},
		{"its signature", 400, nil, func(tok string) string { return "signature " + strings.Split(tok, ".")[2] }},
		{"its end", 400, nil, func(tok string) string { return "…" + tok[len(tok)-60:] }},
		{"behind a long preface", 400, nil, func(tok string) string { return strings.Repeat("x ", 240) + tok }},
		{"behind an endless preface", 400, nil, func(tok string) string { return strings.Repeat("x ", 4000-20) + tok }},
		{"in the code", 400, func(tok string) string { return tok }, func(string) string { return "no" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, w := start(t)
			tok, err := w.Token.Token(minute(t))
			if err != nil {
				t.Fatal(err)
			}
			w.STS.URL = serve(t, func(rw http.ResponseWriter, r *http.Request) {
				sent := r.FormValue("WebIdentityToken")
				if sent != tok.Raw() {
					t.Error("got another token")
				}
				code := "SomethingNew"
				if test.code != nil {
					code = test.code(sent)
				}
				refuse(rw, test.status, code, test.message(sent))
			})
			ctx := newDeadline(t)
			w.Token = &watched{File: w.Token.(token.File), before: func(try int) {
				if try == 2 {
					ctx.pass()
				}
			}}
			_, err = w.Retrieve(ctx)
			shown := everything(t, err)
			wantHidden(t, shown, tok.Raw())
			if !strings.Contains(shown, "[removed]") && !strings.HasSuffix(AsError(err).Text, "…") {
				t.Errorf("does not say that something was removed: %v", err)
			}
			if failed := AsError(err); test.status < 500 && failed.Kind != KindRefused {
				t.Errorf("kind %s: %v", failed.Kind, err)
			}
		})
	}
}

// A page that shows the token, or credentials that did not arrive whole, are
// no part of any error either.
func TestRetrieveHidesBodies(t *testing.T) {
	t.Parallel()
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	for _, test := range []struct {
		name string
		body func(token string) string
	}{
		{"page", func(tok string) string { return "<html><body><p>" + tok + "<p>" + secret + "</html>" }},
		{"tags", func(tok string) string { return "<" + secret[:12] + "." + tok + "></x>" }},
		{"no XML", func(tok string) string { return tok + secret }},
		{"cut", func(tok string) string {
			return "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><SecretAccessKey>" + secret
		}},
		{"bad date", func(tok string) string {
			return "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><SecretAccessKey>" + secret +
				"</SecretAccessKey><Expiration>" + tok + "</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
		}},
	} {
		for _, status := range []int{200, 307, 400, 502} {
			t.Run(fmt.Sprint(test.name, " ", status), func(t *testing.T) {
				t.Parallel()
				_, _, w := start(t)
				tok, err := w.Token.Token(minute(t))
				if err != nil {
					t.Fatal(err)
				}
				w.STS.URL = serve(t, func(rw http.ResponseWriter, r *http.Request) {
					rw.Header().Set("x-amzn-RequestId", tok.Raw())
					rw.Header().Set("Location", "/?"+tok.Raw())
					rw.WriteHeader(status)
					io.WriteString(rw, test.body(tok.Raw()))
				})
				ctx := newDeadline(t)
				w.Token = &watched{File: w.Token.(token.File), before: func(try int) {
					if try == 2 {
						ctx.pass()
					}
				}}
				_, err = w.Retrieve(ctx)
				if failed := AsError(err); failed.Kind != KindUnreachable {
					t.Errorf("kind %s: %v", failed.Kind, err)
				}
				shown := everything(t, err)
				wantHidden(t, shown, tok.Raw())
				wantHidden(t, shown, secret)
			})
		}
	}
}

// refuse answers as AWS words an error, with whatever code and message.
func refuse(rw http.ResponseWriter, status int, code, message string) {
	escaped := func(s string) string {
		var b strings.Builder
		xml.EscapeText(&b, []byte(s))
		return b.String()
	}
	rw.Header().Set("Content-Type", "text/xml")
	rw.WriteHeader(status)
	fmt.Fprintf(rw, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", escaped(code), escaped(message))
}

// An error is one line of bounded length, whatever the server says.
func TestRetrieveKeepsToOneLine(t *testing.T) {
	for _, test := range []struct{ name, code, message, want string }{
		{"lines", "SomethingNew", "one\r\ntwo\n\n\tthree", "SomethingNew: one two three"},
		{"line separators", "SomethingNew", "one\u2028two\u0085three", "SomethingNew: one two three"},
		{"escape sequences", "SomethingNew", "one\u009b2Jtwo\u202ethree", "SomethingNew: one 2Jtwo three"},
		{"in the code", "Some\nthing", "one", "Some thing: one"},
		{"endless message", "SomethingNew", strings.Repeat("word ", 20000), ""},
		{"endless word", "SomethingNew", strings.Repeat("ü", 20000), ""},
		{"endless code", strings.Repeat("x", 20000), "one", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, s, w := start(t)
			s.SetFault(sourcetest.Refuse(400, test.code, test.message))
			_, err := w.Retrieve(minute(t))
			failed := AsError(err)
			if failed.Kind != KindRefused || test.want != "" && failed.Text != assuming+test.want {
				t.Errorf("got %s: %q", failed.Kind, failed.Text)
			}
			for _, text := range []string{failed.Text, failed.Code} {
				if len(text) > 1200 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("%d bytes: %q", len(text), text)
				}
			}
		})
	}
}

func TestClassify(t *testing.T) {
	api := func(status int, code, message string) error {
		return &smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRoleWithWebIdentity", Err: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
			Err:      &smithy.GenericAPIError{Code: code, Message: message},
		}}
	}
	sending := func(err error) error {
		return &smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRoleWithWebIdentity",
			Err: &smithyhttp.RequestSendError{Err: &url.Error{Op: "Post", URL: "https://sts.example/", Err: err}}}
	}
	type result struct {
		kind  Kind
		code  string
		retry bool
		text  string
	}
	for _, test := range []struct {
		name string
		err  error
		want result
	}{
		{"refusal", api(403, "AccessDenied", "no"), result{KindRefused, "AccessDenied", false, "AccessDenied: no"}},
		{"refusal in a code alone", api(403, "AccessDenied", ""), result{KindRefused, "AccessDenied", false, "AccessDenied"}},
		{"server's fault", api(500, "AccessDenied", "no"), result{KindUnreachable, "AccessDenied", true, "AccessDenied: no"}},
		{"too many", api(429, "AccessDenied", "no"), result{KindUnreachable, "AccessDenied", true, "AccessDenied: no"}},
		{"invalid", api(400, "InvalidIdentityToken", "no"), result{KindRefused, "InvalidIdentityToken", false, "InvalidIdentityToken: no"}},
		{"no key", api(400, "InvalidIdentityToken", couldNot), result{KindUnreachable, "InvalidIdentityToken", true, "InvalidIdentityToken: " + couldNot}},
		{"no code", api(400, "", "no"), result{KindUnreachable, "", true, "HTTP status 400 without an error code; this does not look like STS"}},
		{"unknown to the SDK", api(418, "UnknownError", "UnknownError"), result{KindUnreachable, "", true, "HTTP status 418 without an error code; this does not look like STS"}},
		{"deadline", sending(context.DeadlineExceeded), result{KindDeadline, "", true, "no answer in time"}},
		{"canceled", sending(context.Canceled), result{KindDeadline, "", true, "no answer in time"}},
		{"timeout", sending(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "i/o timeout", Name: "sts.example", IsTimeout: true}}), result{KindDeadline, "", true, "no answer in time"}},
		{"name", sending(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "sts.example", IsNotFound: true}}), result{KindUnreachable, "", true, "dial tcp: lookup sts.example: no such host"}},
		{"end", sending(io.ErrUnexpectedEOF), result{KindUnreachable, "", true, "unexpected EOF"}},
		{"never sent", &smithy.OperationError{ServiceID: "STS", Err: errors.New("no endpoint")}, result{KindUnreachable, "", false, "no endpoint"}},
		{"incomplete", errIncomplete, result{KindUnreachable, "", true, "the answer holds no complete credentials"}},
		{"stale", errStale, result{KindUnreachable, "", true, "the answer holds credentials that have expired already; compare this machine's clock"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := classify(test.err)
			if got := (result{a.kind, a.code, a.retry, a.text}); got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
	for _, code := range []string{"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown",
		"IDPCommunicationError", "InternalFailure", "ServiceUnavailable", "RequestTimeout"} {
		if a := classify(api(400, code, "x")); a.kind != KindUnreachable || !a.retry {
			t.Errorf("%s: %s, retry %t", code, a.kind, a.retry)
		}
	}
}

func TestAsError(t *testing.T) {
	own := &Error{Kind: KindRefused, Code: "AccessDenied", Text: "no"}
	if got := AsError(fmt.Errorf("wrapped: %w", own)); got != own {
		t.Errorf("got %#v", got)
	}
	got := AsError(&token.Error{Problem: token.Missing, Place: "in x", Detail: "does not exist"})
	wantError(t, got, KindToken, "missing", "web identity token in x does not exist")
	wantError(t, AsError(io.ErrUnexpectedEOF), KindUnreachable, "", "unexpected EOF")
	if !errors.Is(AsError(io.ErrUnexpectedEOF), io.ErrUnexpectedEOF) {
		t.Error("the cause is gone")
	}
}
