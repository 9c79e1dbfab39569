package source

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const documentSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

// metadata is what EC2 and ECS answer with, with some fields changed; an empty
// one is left out.
func metadata(change map[string]string) string {
	fields := map[string]string{
		"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-11-12T12:00:00Z",
		"AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": documentSecret, "Token": "IQoJb3JpZ2luX2VjEXAMPLETOKENTHATISVERYLONG",
		"Expiration": time.Now().Add(6 * time.Hour).UTC().Format(time.RFC3339),
	}
	for name, value := range change {
		fields[name] = value
		if value == "" {
			delete(fields, name)
		}
	}
	text, _ := json.Marshal(fields)
	return string(text)
}

// An ec2 is an instance's metadata service, version 2 only. Whatever handler is
// set stands in front of it and reports whether it has answered.
type ec2 struct {
	role, credentials string
	before            func(http.ResponseWriter, *http.Request) bool

	calls, tokens atomic.Int32
}

func (e *ec2) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	const token = "AQAEAGYg-a-metadata-token"
	e.calls.Add(1)
	const path = "/latest/meta-data/iam/security-credentials/"
	switch {
	case e.before != nil && e.before(rw, r):
	case r.Header.Get("X-Forwarded-For") != "":
		http.Error(rw, "", http.StatusForbidden)
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
		ttl := r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds")
		if n, err := strconv.Atoi(ttl); err != nil || n < 1 || n > 21600 {
			http.Error(rw, "", http.StatusBadRequest)
			return
		}
		e.tokens.Add(1)
		rw.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl)
		fmt.Fprint(rw, token)
	case r.Header.Get("X-Aws-Ec2-Metadata-Token") != token:
		http.Error(rw, "", http.StatusUnauthorized)
	case r.Method == http.MethodGet && r.URL.Path == path && e.role != "":
		fmt.Fprint(rw, e.role)
	case r.Method == http.MethodGet && r.URL.Path == path+e.role && e.role != "":
		fmt.Fprint(rw, e.credentials)
	default:
		http.Error(rw, "<html>not found</html>", http.StatusNotFound)
	}
}

func TestInstance(t *testing.T) {
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true") // for others; ours was asked for
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	for name, role := range map[string]string{"plain": "web-server", "new line": "web-server\n", "all that a name may have": "a_B+c=d,e.f@g-h"} {
		t.Run(name, func(t *testing.T) {
			server := &ec2{role: role, credentials: metadata(nil)}
			if name == "new line" {
				server.before = func(rw http.ResponseWriter, r *http.Request) bool {
					if !strings.HasSuffix(r.URL.Path, "/web-server") {
						return false
					}
					fmt.Fprint(rw, server.credentials)
					return true
				}
			}
			i := &Instance{Endpoint: serve(t, server.ServeHTTP)}
			before := time.Now().Round(0)
			c, err := i.Retrieve(minute(t))
			if err != nil {
				t.Fatal(err)
			}
			if !c.Complete() || c.AccessKeyID != "ASIAIOSFODNN7EXAMPLE" || c.SecretAccessKey != documentSecret || c.Identity != i.Key().Identity || c.Issued.Before(before) {
				t.Errorf("got %v issued at %v", c, c.Issued)
			}
			wantExpiration(t, c, before.Add(6*time.Hour), before.Add(6*time.Hour))
			if server.tokens.Load() != 1 || server.calls.Load() != 3 {
				t.Errorf("%d calls, %d tokens", server.calls.Load(), server.tokens.Load())
			}
		})
	}
}

// always answers every request alike.
func always(status int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(rw http.ResponseWriter, _ *http.Request) bool {
		rw.WriteHeader(status)
		fmt.Fprint(rw, body)
		return true
	}
}

func TestInstanceFails(t *testing.T) {
	type fields = map[string]string
	big := strings.Repeat(documentSecret, 1<<20/len(documentSecret))
	for _, test := range []struct {
		name   string
		server *ec2
		kind   Kind
		code   string
		text   string
		calls  int32 // 0: until time is up
	}{
		{"no role", &ec2{}, KindRefused, CodeNoRole, "the instance has no role", 2},
		{"switched off", &ec2{before: always(403, "")}, KindRefused, CodeNoIMDS, "HTTP status 403 Forbidden: IMDSv2 is switched off here", 1},
		{"version 1 only", &ec2{before: func(rw http.ResponseWriter, r *http.Request) bool {
			return r.Method == http.MethodPut && always(405, "")(rw, r)
		}}, KindRefused, CodeNoIMDS, "HTTP status 405 Method Not Allowed: IMDSv2 is switched off here", 1},
		{"role may not be assumed", &ec2{role: "x", credentials: `{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role x.\nSee the docs."}`},
			KindRefused, "AssumeRoleUnauthorizedAccess", "no credentials of role x: AssumeRoleUnauthorizedAccess: EC2 cannot assume the role x. See the docs.", 3},
		{"throttled", &ec2{before: always(429, "")}, KindUnreachable, "", "HTTP status 429 Too Many Requests", 0},
		{"broken", &ec2{before: always(500, documentSecret)}, KindUnreachable, "", "HTTP status 500 Internal Server Error", 0},
		{"redirect", &ec2{before: func(rw http.ResponseWriter, r *http.Request) bool {
			http.Redirect(rw, r, "/elsewhere", http.StatusFound)
			return true
		}}, KindUnreachable, "", "HTTP status 302 Found", 0},
		{"page", &ec2{role: "<html>" + documentSecret}, KindUnreachable, "", "the answer names no role; this does not look like EC2", 0},
		{"1 MB of roles", &ec2{role: big}, KindUnreachable, "", "the answer names no role; this does not look like EC2", 0},
		{"another path", &ec2{role: "../../user-data"}, KindUnreachable, "", "the answer names no role; this does not look like EC2", 0},
		{"rubbish", &ec2{role: "x", credentials: documentSecret}, KindUnreachable, "", "the answer for role x is no good: not a JSON object of credentials", 0},
		{"1 MB", &ec2{role: "x", credentials: metadata(fields{"Token": big + big})}, KindUnreachable, "", "the answer for role x is no good: not a JSON object of credentials", 0},
		{"no secret", &ec2{role: "x", credentials: metadata(fields{"SecretAccessKey": ""})}, KindUnreachable, "", "the answer for role x is no good: credentials without SecretAccessKey", 0},
		{"no token", &ec2{role: "x", credentials: metadata(fields{"Token": ""})}, KindUnreachable, "", "the answer for role x is no good: the answer holds no complete credentials", 0},
		{"no end", &ec2{role: "x", credentials: metadata(fields{"Expiration": ""})}, KindUnreachable, "", "the answer for role x is no good: the answer holds no complete credentials", 0},
		{"expired", &ec2{role: "x", credentials: metadata(fields{"Expiration": time.Now().Add(-90 * time.Second).UTC().Format(time.RFC3339)})},
			KindUnreachable, "", "the answer for role x is no good: credentials that expired 1m ago; compare this machine's clock", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx := newDeadline(t)
			i := &Instance{Endpoint: serve(t, func(rw http.ResponseWriter, r *http.Request) {
				if test.calls == 0 && test.server.calls.Load() > 3 {
					ctx.pass() // it was asked again, as it should be
				}
				test.server.ServeHTTP(rw, r)
			})}
			_, err := i.Retrieve(ctx)
			wantError(t, err, test.kind, test.code, "instance metadata at "+i.Endpoint+": "+test.text)
			if n := test.server.calls.Load(); test.calls != 0 && n != test.calls {
				t.Errorf("%d calls, want %d", n, test.calls)
			}
			wantHidden(t, everything(t, err), documentSecret)
		})
	}
}

// Faults that pass.
func TestInstanceThroughFaults(t *testing.T) {
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request){
		"throttled":  func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(429) },
		"dropped":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"token aged": func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(401) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &ec2{role: "x", credentials: metadata(nil)}
			server.before = func(rw http.ResponseWriter, r *http.Request) bool {
				if server.calls.Load() > 1 {
					return false
				}
				fault(rw, r)
				return true
			}
			if _, err := (&Instance{Endpoint: serve(t, server.ServeHTTP)}).Retrieve(minute(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// From a container too many hops away the answer to the PUT never comes, while
// all else would.
func TestInstanceHopLimit(t *testing.T) {
	t.Parallel()
	server := &ec2{role: "x", credentials: metadata(nil), before: func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return false
		}
		<-r.Context().Done()
		return true
	}}
	i := &Instance{Endpoint: serve(t, server.ServeHTTP)}
	want := "instance metadata at " + i.Endpoint + ": it took the connection, but its answer does not come back: in a container that is a hop limit too low"
	_, err := i.Retrieve(minute(t))
	wantError(t, err, KindUnreachable, CodeHopLimit, want)
	if n := server.calls.Load(); n != instanceTries {
		t.Errorf("%d calls, want %d", n, instanceTries)
	}
}

func TestInstanceNowhere(t *testing.T) {
	t.Parallel()
	address := strings.TrimPrefix(serve(t, nil), "http://")
	for _, test := range []struct {
		endpoint string
		kind     Kind
		code     string
		text     string
	}{
		{"http://127.0.0.1:1", KindUnreachable, CodeNoIMDS, "instance metadata at http://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused"},
		{"://" + address, KindSettings, "", "instance metadata at the address: that is no URL"},
	} {
		_, err := (&Instance{Endpoint: test.endpoint}).Retrieve(minute(t))
		wantError(t, err, test.kind, test.code, test.text)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&Instance{Endpoint: "http://127.0.0.1:1"}).Retrieve(ended)
	wantError(t, err, KindDeadline, "", "instance metadata at http://127.0.0.1:1: no answer in time")
}

// Which service to ask is for the settings to say, not for the SDK to find.
func TestInstanceIgnoresEnvironment(t *testing.T) {
	server := &ec2{role: "x", credentials: metadata(nil)}
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", serve(t, server.ServeHTTP))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if c, err := (&Instance{}).Retrieve(ctx); err == nil || server.calls.Load() != 0 {
		t.Errorf("got %v, %v after %d calls", c, err, server.calls.Load())
	}
}

func TestInstanceKey(t *testing.T) {
	one := (&Instance{}).Key()
	if one != (&Instance{Endpoint: "http://169.254.169.254"}).Key() || one.Role != "instance metadata at http://169.254.169.254" {
		t.Errorf("key %+v", one)
	}
	if other := (&Instance{Endpoint: InstanceEndpointIPv6}).Key(); other.Settings == one.Settings || other.Identity != one.Identity || one.Identity == "" {
		t.Errorf("keys %+v and %+v", one, other)
	}
}
