package token

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// An asker is a source behind HTTP, with the question it must ask.
type asker struct {
	name   string
	tls    bool // the server has a certificate of its own
	source func(env map[string]string) Source
	env    func(address, dir string) map[string]string
	secret string // that it asks with

	method, path, query string
	header              map[string]string
	body                string
	answer              string // with %s for the token
	status              int
}

var discard = log.New(io.Discard, "", 0)

// otherCA is a certificate that has signed nothing here.
const otherCA = `-----BEGIN CERTIFICATE-----
MIIBdjCCAR2gAwIBAgIUKUGEO6xJGfNr9wGKdadETZ0bj+IwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFb3RoZXIwIBcNMjYxMTIyMDE1ODE0WhgPMjEyNjEwMjkwMTU4
MTRaMBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
e2YoVZwcTorbqA2JkUiBmxDZBe6wcDl6fB+QW9fGrB/GzN4rh+A+GWO1rDKJheuq
Q/FWtTDx020kCRFUgerbLKNTMFEwHQYDVR0OBBYEFMSkNqjgkYsaCeV/k7ODJAoa
yJX/MB8GA1UdIwQYMBaAFMSkNqjgkYsaCeV/k7ODJAoayJX/MA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgd9OubHk/abHl+kPvDXTtWaBjNcwe/a8U
BuKtegw0n0oCIDk4WzqeQOHOc2Qn2DMnqJt0qVF/mpJ0w+WgMkhQ7EV7
-----END CERTIFICATE-----
`

func lookup(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

var askers = []asker{
	{
		name:   "github",
		source: func(env map[string]string) Source { return mustNew("github", env) },
		env: func(address, _ string) map[string]string {
			return map[string]string{
				"ACTIONS_ID_TOKEN_REQUEST_URL":   address + "/7//idtoken/plan/job?api-version=2.0",
				"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token-of-github",
			}
		},
		secret: "request-token-of-github",
		method: "GET", path: "/7//idtoken/plan/job", query: "api-version=2.0&audience=sts.amazonaws.com",
		header: map[string]string{"Authorization": "bearer request-token-of-github"},
		answer: `{"count":1500,"value":%q}`,
	},
	{
		name:   "azure-devops",
		source: func(env map[string]string) Source { return mustNew("azure-devops:con-1", env) },
		env: func(address, _ string) map[string]string {
			return map[string]string{
				"SYSTEM_OIDCREQUESTURI": address + "/org/p/_apis/distributedtask/hubs/build/plans/1/jobs/2/oidctoken",
				"SYSTEM_ACCESSTOKEN":    "system-access-token",
			}
		},
		secret: "system-access-token",
		method: "POST", path: "/org/p/_apis/distributedtask/hubs/build/plans/1/jobs/2/oidctoken",
		query: "api-version=7.1&serviceConnectionId=con-1",
		header: map[string]string{"Authorization": "Bearer system-access-token", "Content-Type": "application/json",
			"X-Tfs-Fedauthredirect": "Suppress", "Content-Length": "0"},
		answer: `{"oidcToken":%q}`,
	},
	{
		name:   "azure",
		source: func(env map[string]string) Source { return mustNew("azure:client-1", env) },
		env: func(address, _ string) map[string]string {
			return map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": address + "/"}
		},
		method: "GET", path: "/metadata/identity/oauth2/token",
		query:  "api-version=2018-02-01&client_id=client-1&resource=sts.amazonaws.com",
		header: map[string]string{"Metadata": "true"},
		answer: `{"access_token":%q,"expires_on":"1700000000","token_type":"Bearer"}`,
	},
	{
		name:   "gcp",
		source: func(env map[string]string) Source { return mustNew("gcp", env) },
		env: func(address, _ string) map[string]string {
			return map[string]string{"GCE_METADATA_HOST": strings.TrimPrefix(address, "http://")}
		},
		method: "GET", path: "/computeMetadata/v1/instance/service-accounts/default/identity",
		query:  "audience=sts.amazonaws.com&format=full",
		header: map[string]string{"Metadata-Flavor": "Google"},
		answer: "%s",
	},
	{
		name:   "vault",
		tls:    true,
		source: func(env map[string]string) Source { return mustNew("vault:deploy er", env) },
		env: func(address, dir string) map[string]string {
			return map[string]string{"VAULT_ADDR": address + "/", "VAULT_TOKEN": "hvs.vault-token", "VAULT_NAMESPACE": "team/a",
				"VAULT_CACERT": filepath.Join(dir, "ca.crt")}
		},
		secret: "hvs.vault-token",
		method: "GET", path: "/v1/identity/oidc/token/deploy%20er",
		header: map[string]string{"X-Vault-Token": "hvs.vault-token", "X-Vault-Namespace": "team/a", "X-Vault-Request": "true"},
		answer: `{"request_id":"1","data":{"client_id":"sts.amazonaws.com","token":%q,"ttl":86400}}`,
	},
	{
		name: "kubernetes",
		tls:  true,
		source: func(env map[string]string) Source {
			k := mustNew("kubernetes:build/migrator", env).(Kubernetes)
			k.dir = env["dir"]
			return k
		},
		env: func(address, dir string) map[string]string {
			host, port, _ := strings.Cut(strings.TrimPrefix(address, "https://"), ":")
			return map[string]string{"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port, "dir": dir}
		},
		secret: "token-of-the-pod",
		method: "POST", path: "/api/v1/namespaces/build/serviceaccounts/migrator/token",
		header: map[string]string{"Authorization": "Bearer token-of-the-pod", "Content-Type": "application/json"},
		body: `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest",` +
			`"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":3600}}`,
		answer: `{"kind":"TokenRequest","status":{"token":%q,"expirationTimestamp":"2026-11-22T02:00:00Z"}}`,
		status: http.StatusCreated,
	},
}

func mustNew(spec string, env map[string]string) Source {
	s, err := New(spec, Options{Getenv: lookup(env)})
	if err != nil {
		panic(err)
	}
	return s
}

// serve starts a server for a, and returns a's source.
func (a asker) serve(t *testing.T, handler http.HandlerFunc) Source {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = discard
	dir := t.TempDir()
	if a.tls {
		server.StartTLS()
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		for name, text := range map[string][]byte{"ca.crt": ca, "token": []byte("token-of-the-pod\n")} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return a.source(a.env(server.URL, dir))
}

func (a asker) good(token string) string { return fmt.Sprintf(a.answer, token) }

func TestAsks(t *testing.T) {
	raw := jwt(rs256, someone)
	for _, a := range askers {
		t.Run(a.name, func(t *testing.T) {
			asked := make(chan *http.Request, 1)
			var body []byte
			s := a.serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ = io.ReadAll(r.Body)
				asked <- r
				if a.status != 0 {
					w.WriteHeader(a.status)
				}
				fmt.Fprint(w, a.good(raw))
			})
			tok, err := s.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if tok.Raw() != raw {
				t.Error("another token came back")
			}
			r := <-asked
			if r.Method != a.method || r.URL.EscapedPath() != a.path || r.URL.RawQuery != a.query {
				t.Errorf("asked %s %s?%s", r.Method, r.URL.EscapedPath(), r.URL.RawQuery)
			}
			for name, want := range a.header {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if a.body != "" {
				var got, want any
				if json.Unmarshal(body, &got) != nil || json.Unmarshal([]byte(a.body), &want) != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("sent %s", body)
				}
			}
			if id := s.Identity(); id.Digest == "" || tok.Identity().Digest != id.Digest {
				t.Errorf("identity %+v before, %+v with a token", id, tok.Identity())
			}
			if tok.Identity().Subject != "someone" {
				t.Errorf("subject %q", tok.Identity().Subject)
			}
			if !s.Renewable() {
				t.Error("not renewable")
			}
		})
	}
}

func TestAskedInVain(t *testing.T) {
	raw := jwt(rs256, someone)
	hang := func(_ http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); io.WriteString(w, body) }
	}
	for _, test := range []struct {
		name    string
		handler func(a asker) http.HandlerFunc
		problem Problem
		says    string
	}{
		{"HTML", func(asker) http.HandlerFunc { return status(200, "<html>"+raw+"</html>") }, Malformed, ""},
		{"empty", func(asker) http.HandlerFunc { return status(200, "") }, Malformed, ""},
		{"no content", func(asker) http.HandlerFunc { return status(204, "") }, Refused, "204"},
		{"wrong JSON", func(asker) http.HandlerFunc { return status(200, `{"error":"`+raw+`"}`) }, Malformed, ""},
		{"JSON list", func(asker) http.HandlerFunc { return status(200, `["`+raw+`"]`) }, Malformed, ""},
		{"number", func(a asker) http.HandlerFunc {
			return status(200, strings.ReplaceAll(a.answer, "%q", "1"))
		}, Malformed, ""},
		{"half", func(a asker) http.HandlerFunc { g := a.good(raw); return status(200, g[:len(g)/2]) }, Malformed, ""},
		{"cut short", func(a asker) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "5000")
				io.WriteString(w, a.good(raw))
			}
		}, Unreachable, "cannot be reached"},
		{"not a JWT", func(a asker) http.HandlerFunc { return status(200, a.good("opaque-"+a.secret)) }, Malformed, "not a JWT"},
		{"EdDSA", func(a asker) http.HandlerFunc { return status(200, a.good(jwt(`{"alg":"EdDSA"}`, someone))) }, BadAlgorithm, "EdDSA"},
		{"1 MB", func(a asker) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, a.good(raw))
				w.Write(bytes.Repeat([]byte(" "), 1<<20))
			}
		}, Malformed, "more than 65536 bytes"},
		{"400", func(a asker) http.HandlerFunc {
			return status(400, `{"error":"invalid_request","error_description":"Identity not found"}`)
		}, Refused, "answered 400 Bad Request: Identity not found"},
		{"401 that echoes", func(a asker) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(401)
				json.NewEncoder(w).Encode(map[string]string{"message": "bad token " + a.secret + ", " + r.Header.Get("Authorization") + " " + raw})
			}
		}, Refused, "401"},
		{"403", func(asker) http.HandlerFunc {
			return status(403, `{"errors":["1 error occurred:\n\t* permission denied\n\n"]}`)
		}, Refused, "1 error occurred: * permission denied"},
		{"409 HTML", func(asker) http.HandlerFunc { return status(409, "<h1>"+raw) }, Refused, "409 Conflict"},
		{"302", func(asker) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/sign-in?"+raw, http.StatusFound)
			}
		}, Refused, "a redirect, which is not followed"},
		{"408", func(asker) http.HandlerFunc { return status(408, "") }, Unreachable, "408"},
		{"429", func(asker) http.HandlerFunc { return status(429, "") }, Unreachable, "429"},
		{"500", func(asker) http.HandlerFunc { return status(500, raw) }, Unreachable, "500"},
		{"503", func(asker) http.HandlerFunc { return status(503, `{"errors":["Vault is sealed"]}`) }, Unreachable, "Vault is sealed"},
		{"hung up", func(asker) http.HandlerFunc { return hang }, Unreachable, "cannot be reached"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, a := range askers {
				t.Run(a.name, func(t *testing.T) {
					s := a.serve(t, test.handler(a))
					_, err := s.Token(t.Context())
					e := wantProblem(t, err, test.problem, test.says)
					if e.Place != s.String() {
						t.Errorf("place %q", e.Place)
					}
					if hinted := strings.HasSuffix(e.Detail, ")"); hinted != (test.problem == Refused && a.name != "github") {
						t.Errorf("hint: %t", hinted)
					}
					wantHidden(t, err.Error(), raw)
					if a.secret != "" && strings.Contains(err.Error(), a.secret) {
						t.Errorf("it quotes what it asks with: %v", err)
					}
					if strings.Contains(err.Error(), "?") || strings.Contains(err.Error(), "audience=") {
						t.Errorf("it quotes the query: %v", err)
					}
					if len(err.Error()) > 800 {
						t.Errorf("it has %d bytes", len(err.Error()))
					}
				})
			}
		})
	}
}

func wantProblem(t *testing.T, err error, problem Problem, says string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	if e.Problem != problem || !strings.Contains(err.Error(), says) {
		t.Errorf("got %s: %v; want %s with %q", e.Problem, err, problem, says)
	}
	if strings.ContainsAny(err.Error(), "\n\r\x1b") {
		t.Errorf("more than a line: %q", err)
	}
	return e
}

// 404 and 410 pass at Azure's metadata service and nowhere else.
func TestPassingStatus(t *testing.T) {
	for _, a := range askers {
		for _, status := range []int{http.StatusNotFound, http.StatusGone} {
			t.Run(fmt.Sprint(a.name, status), func(t *testing.T) {
				s := a.serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
				_, err := s.Token(t.Context())
				want := Refused
				if a.name == "azure" {
					want = Unreachable
				}
				wantProblem(t, err, want, fmt.Sprint(status))
			})
		}
	}
}

// A server that takes its time is left as soon as the context ends.
func TestAskEndsWithContext(t *testing.T) {
	for _, a := range askers {
		t.Run(a.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			s := a.serve(t, func(_ http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				cancel()
				<-r.Context().Done()
			})
			_, err := s.Token(ctx)
			wantProblem(t, err, Unreachable, "no answer in time")
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v is not the context's error", err)
			}
		})
	}
}

// Nobody listens.
func TestNobodyThere(t *testing.T) {
	for _, a := range askers {
		t.Run(a.name, func(t *testing.T) {
			dir := t.TempDir()
			server := httptest.NewTLSServer(nil)
			ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
			address := server.URL
			server.Close()
			for name, text := range map[string][]byte{"ca.crt": ca, "token": []byte("token-of-the-pod")} {
				if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if !a.tls {
				address = strings.Replace(address, "https:", "http:", 1)
			}
			_, err := a.source(a.env(address, dir)).Token(t.Context())
			wantProblem(t, err, Unreachable, "cannot be reached")
		})
	}
}

// A certificate of another authority is refused before anything is sent.
func TestUntrusted(t *testing.T) {
	for _, a := range askers {
		if !a.tls {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
			server.Config.ErrorLog = discard
			server.StartTLS()
			defer server.Close()
			dir := t.TempDir()
			env := a.env(server.URL, dir)
			for _, ca := range []string{otherCA, "no certificate"} {
				for name, text := range map[string]string{"ca.crt": ca, "token": "token-of-the-pod"} {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				_, err := a.source(env).Token(t.Context())
				wantProblem(t, err, Unreadable, "cannot be trusted")
			}
		})
	}
}
