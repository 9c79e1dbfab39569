// Package endpoint answers AWS SDKs that look for credentials at
// AWS_CONTAINER_CREDENTIALS_FULL_URI. It answers from memory only: whoever fills
// its roles asks STS.
//
// Everybody on the machine can reach a loopback address, and so can every web
// page that a browser on it shows. So nobody is answered without the token, and
// nobody who believes to talk to another host.
package endpoint

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// An Endpoint is an http.Handler for SDKs. Its fields are set before it serves.
type Endpoint struct {
	// Host is the address that it listens on, as in an HTTP request: 127.0.0.1:9911.
	Host string

	// Token is what callers must know.
	Token *Token

	// Roles are what callers get: the one without a name at /, others at
	// /role/NAME.
	Roles []*Role

	// MinTTL is how much life the credentials of every role need for /readyz to
	// say that they are ready. With zero, it is enough that there are some.
	MinTTL time.Duration

	// Refused is told of each answer that is not what was asked for. detail is
	// what the caller sent, where that explains it and cannot be the token.
	Refused func(status int, code, detail string)

	// Requests counts answers.
	Requests Requests
}

// A refusal is an answer without credentials. SDKs show its code and message to
// their users.
type refusal struct {
	status        int
	code, message string

	detail string // for our own log
}

// Header values, in the form of http.Header, so that no answer allocates them.
var (
	applicationJSON = []string{"application/json"}
	noStore         = []string{"no-store"}
	nosniff         = []string{"nosniff"}
)

// ServeHTTP answers and counts.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	c := connOf(r)
	c.begin()
	var body []byte
	no := e.check(r)
	if no == nil {
		var is bool
		if body, no, is = e.probe(r, began); is {
			send(w, body, no)
			return
		}
		body, no = e.answer(r, c, began)
	}
	if no != nil && e.Refused != nil {
		e.Refused(no.status, no.code, no.detail)
	}
	e.Requests.count(send(w, body, no), time.Since(began))
}

// send sends body, or a refusal, and returns the status.
func send(w http.ResponseWriter, body []byte, no *refusal) (status int) {
	status = http.StatusOK
	h := w.Header()
	if no != nil {
		status, body = no.status, no.body(h)
	}
	if h["Content-Type"] == nil {
		h["Content-Type"] = applicationJSON
	}
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = nosniff
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // to HEAD, net/http sends the header alone
	return status
}

// body is what SDKs read of a refusal. It adds the header fields that belong to
// the status.
func (no *refusal) body(h http.Header) []byte {
	switch no.status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", "GET, HEAD")
	case http.StatusUnauthorized:
		// RFC 9110, 11.6.1 asks for a scheme; SDKs send the token without one.
		h.Set("WWW-Authenticate", "credproc")
		h.Set("Connection", "close") // a guess costs a connection
	case http.StatusRequestEntityTooLarge:
		h.Set("Connection", "close") // else the body is read
	}
	text, _ := json.Marshal(struct { // of two texts, which never fails
		Code    string `json:"code"`
		Message string `json:"message"`
	}{no.code, no.message})
	return text
}

// check refuses what is no request of an SDK. The order matters: who believes to
// talk to somebody else learns nothing.
func (e *Endpoint) check(r *http.Request) *refusal {
	if !e.isHost(r.Host) {
		return &refusal{http.StatusMisdirectedRequest, "WrongHost", "the Host header must be " + e.Host, "host " + brief(r.Host)}
	}
	return checkMethod(r)
}

func checkMethod(r *http.Request) *refusal {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return &refusal{http.StatusMethodNotAllowed, "MethodNotAllowed", "only GET and HEAD are answered", ""}
	case r.ContentLength != 0:
		return &refusal{http.StatusRequestEntityTooLarge, "UnexpectedBody", "a request has no body here", ""}
	default:
		return nil
	}
}

// probe answers those who only want to know how we are; is reports whether this
// is one of them.
func (e *Endpoint) probe(r *http.Request, now time.Time) (body []byte, no *refusal, is bool) {
	switch r.URL.Path {
	case "/healthz":
		return []byte(`{"status":"alive"}`), nil, true
	case "/readyz":
		body, no = e.readiness(now)
		return body, no, true
	default:
		return nil, nil, false
	}
}

// answer is for who knows the token. Who does not learns no name of a role.
func (e *Endpoint) answer(r *http.Request, c *conn, now time.Time) ([]byte, *refusal) {
	if !e.Token.admits(r.Header["Authorization"], now) {
		return nil, &refusal{http.StatusUnauthorized, "Unauthorized",
			"the Authorization header must hold the token in the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names", ""}
	}
	c.prove()
	for _, role := range e.Roles {
		if role.path() == r.URL.Path {
			return role.wait(r.Context()).answer(time.Now())
		}
	}
	return nil, &refusal{http.StatusNotFound, "UnknownRole", "there is no such role here; --allow-profile allows one", "path " + brief(r.URL.Path)}
}

// isHost compares a Host header with our address. A name, be it localhost, can
// be made to lead here by others (DNS rebinding).
func (e *Endpoint) isHost(host string) bool {
	return host == e.Host || host+":80" == e.Host // RFC 9110, 4.2.3: a default port is left out
}

// readiness says whether every role has life enough, or which has not.
func (e *Endpoint) readiness(now time.Time) ([]byte, *refusal) {
	for _, role := range e.Roles {
		if left, ok := role.left(now); !ok || left < e.MinTTL {
			text := fmt.Sprintf("%s: no credentials", role)
			if ok {
				text = fmt.Sprintf("%s: credentials last %v more, less than %v", role, left.Round(time.Second), e.MinTTL)
			}
			return nil, &refusal{http.StatusServiceUnavailable, "NotReady", text, text}
		}
	}
	return []byte(`{"status":"ready"}`), nil
}

// brief is a caller's text, short enough for a log.
func brief(text string) string { return fmt.Sprintf("%.80q", text) }
