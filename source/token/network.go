package token

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/credproc/credproc/source/internal/web"
)

// ask sends a request for a token; place is where the token is, for the error.
func ask(ctx context.Context, place string, r web.Request) ([]byte, error) {
	body, err := web.Ask(ctx, r)
	if err == nil {
		return body, nil
	}
	e := &Error{Problem: Unreachable, Place: place, Detail: "could not be had", Err: err}
	var answer *web.Error
	if errors.As(err, &answer) {
		switch answer.Kind {
		case web.Refused:
			e.Problem, e.Detail = Refused, "was refused"
		case web.BadAddress:
			e.Problem, e.Detail = Missing, "cannot be asked for"
		case web.Untrusted:
			e.Problem = Unreadable
		case web.TooLong:
			e.Problem, e.Detail = Malformed, "is none"
		}
	}
	return nil, e
}

// withQuery adds to the query of an address that we were given, and leaves what
// is there as it is.
func withQuery(address string, query url.Values) string {
	if strings.Contains(address, "?") {
		return address + "&" + query.Encode()
	}
	return strings.TrimRight(address, "/") + "?" + query.Encode()
}

// withHint adds the action that mends a refusal.
func withHint(err error, hint string) error {
	var e *Error
	if errors.As(err, &e) && e.Problem == Refused {
		e.Detail += " (" + hint + ")"
	}
	return err
}

// missing is the error of a source that lacks what it asks with.
func missing(place, why string) (Token, error) {
	return Token{}, &Error{Problem: Missing, Place: place, Detail: "cannot be asked for: " + why}
}

// fromJSON takes a token out of the JSON object that s was answered with; path
// leads to it.
func fromJSON(s Source, body []byte, path ...string) (Token, error) {
	var v any
	if json.Unmarshal(body, &v) != nil { // its error would quote the answer
		return Token{}, &Error{Problem: Malformed, Place: s.String(), Detail: "is none: the answer is not JSON"}
	}
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	text, ok := v.(string)
	if !ok {
		return Token{}, &Error{Problem: Malformed, Place: s.String(),
			Detail: fmt.Sprintf("is none: the answer has no text at %q", path)}
	}
	return from(s, []byte(text))
}

// from reads the token that s was given. It keeps the identity that s has
// without a token: the one that a cache key was made of.
func from(s Source, text []byte) (Token, error) {
	t, err := Parse(text, s.String())
	if err != nil {
		return Token{}, err
	}
	t.caller = s.Identity().Digest
	return t, nil
}

// caller is the identity of one who cannot say more before there is a token
// than how it asks: every part that could change whose token it gets.
func caller(parts ...string) Identity {
	h := sha256.New()
	h.Write([]byte("caller"))
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return Identity{Digest: hex.EncodeToString(h.Sum(nil)[:16])}
}

// Variables that name one job of a CI system, so that jobs which run one after
// another on the same machine are told apart.
var jobVariables = []string{
	"GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB",
	"CI_JOB_ID",               // GitLab
	"BITBUCKET_STEP_UUID",     // Bitbucket Pipelines
	"CIRCLE_WORKFLOW_JOB_ID",  // CircleCI
	"BUILDKITE_JOB_ID",        // Buildkite
	"SYSTEM_JOBID",            // Azure DevOps
	"TFC_RUN_ID",              // HCP Terraform
	"TF_VAR_spacelift_run_id", // Spacelift
	"BUILD_TAG",               // Jenkins
}

// here names the machine (in Kubernetes: the pod) and the CI job that this
// process runs in. Metadata services and most commands know us by them, though
// they ask for no name; and a cache folder may be shared between pods.
func here(getenv func(string) string) []string {
	host, _ := os.Hostname()
	parts := []string{host}
	for _, name := range jobVariables {
		parts = append(parts, getenv(name))
	}
	return parts
}
