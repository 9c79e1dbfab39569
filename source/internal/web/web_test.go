package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// An address that cannot be asked is no matter for another try, and is not
// quoted beyond its host and path.
func TestBadURL(t *testing.T) {
	for _, address := range []string{"", "%zz?secret", "ho st?secret", "http://host:port?secret", "ftp://host/?secret", "/path?secret"} {
		_, err := Ask(t.Context(), Request{URL: address})
		var e *Error
		if !errors.As(err, &e) || e.Kind != BadAddress || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// Reasons are found where servers put them.
func TestReason(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"invalid_request","error_description":"Identity not found"}`:  "Identity not found",
		`{"message":"Bad credentials","documentation_url":"x"}`:                 "Bad credentials",
		`{"errors":["permission denied"]}`:                                      "permission denied",
		`{"errors":[]}`:                                                         "",
		`{"kind":"Status","message":"forbidden","reason":"Forbidden"}`:          "forbidden",
		`{"error":{"code":403,"message":"no"}}`:                                 "no",
		`{"count":1,"value":{"Message":"The requested resource does not ..."}}`: "The requested resource does not ...",
		`"text"`: "", `[1]`: "", `<html>`: "", ``: "", `{"message":1}`: "",
	} {
		if got := reason([]byte(body)); got != want {
			t.Errorf("%s: %q", body, got)
		}
	}
}

// A reason of any length is one short line.
func TestLongReason(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"message":%q}`, strings.Repeat("no\n", 10000))
	}))
	defer server.Close()
	_, err := Ask(t.Context(), Request{URL: server.URL})
	if err == nil || len(err.Error()) > 400 || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
