package rig

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A TokenServer gives away tokens of the rig's issuer in the way of another
// system: a new one at each request, which lives for TokenLife. To a request
// that is not as documented it gives none.
type TokenServer struct {
	URL string
	Env []string // what leads credproc there
	CA  []byte   // what an https URL's certificate is verified with, PEM

	tokens *TokenFile

	mu       sync.Mutex
	given    []string
	refusals int
}

// Given are the tokens given away, in order; refused is how many requests got
// none.
func (s *TokenServer) Given() (tokens []string, refused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.given), s.refusals
}

func (s *TokenServer) give(w http.ResponseWriter, status int, answer func(token string) any) {
	token := s.tokens.New()
	s.mu.Lock()
	s.given = append(s.given, token)
	s.mu.Unlock()
	send(w, status, answer(token))
}

func (s *TokenServer) refuse(w http.ResponseWriter, status int, answer any) {
	s.mu.Lock()
	s.refusals++
	s.mu.Unlock()
	send(w, status, answer)
}

func send(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

type object = map[string]any

// GitHub is GitHub Actions' server for a job that has `id-token: write`.
// Source: GitHub Docs, "OpenID Connect reference".
func (r *Rig) GitHub(t testing.TB) *TokenServer {
	const path, bearer = "/0123abcd/00000000-0000-0000-0000-000000000000/_apis/distributedtask/hubs/Actions/plans/1/jobs/2/idtoken", "the-job's"
	s := &TokenServer{tokens: r.Token}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		query := q.URL.Query()
		if q.Method != http.MethodGet || q.URL.Path != path || query.Get("api-version") != "2.0" ||
			query.Get("audience") != Audience || q.Header.Get("Authorization") != "bearer "+bearer {
			s.refuse(w, http.StatusUnauthorized, object{"message": "Unauthorized"})
			return
		}
		s.give(w, http.StatusOK, func(token string) any { return object{"count": len(token), "value": token} })
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	s.Env = []string{
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + server.URL + path + "?api-version=2.0",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + bearer,
	}
	return s
}

// Vault is a Vault with that OIDC role, whose client_id is Audience. (The real
// one is on no registry that Go, Debian or npm know.)
// Source: Vault's API, "Identity tokens", "Generate a signed ID token".
func (r *Rig) Vault(t testing.TB, role string) *TokenServer {
	const login = "hvs.the-user's"
	s := &TokenServer{tokens: r.Token}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method != http.MethodGet || q.URL.Path != "/v1/identity/oidc/token/"+role || q.Header.Get("X-Vault-Token") != login {
			s.refuse(w, http.StatusForbidden, object{"errors": []string{"permission denied"}})
			return
		}
		s.give(w, http.StatusOK, func(token string) any {
			return object{
				"request_id": "a3c1c5d9-5b0c-4d55-8b3f-0f8f3a4b5c6d", "lease_id": "", "renewable": false, "lease_duration": 0,
				"data":      object{"client_id": Audience, "token": token, "ttl": int(TokenLife.Seconds())},
				"wrap_info": nil, "warnings": nil, "auth": nil,
			}
		})
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	s.Env = []string{"VAULT_ADDR=" + server.URL, "VAULT_TOKEN=" + login}
	return s
}

// ServiceAccountToken is what a pod's own service account shows Kubernetes'
// API server.
const ServiceAccountToken = "the-pod's"

// Kubernetes is the API server of a cluster in which a pod may create tokens of
// that service account. Where a pod finds CA and ServiceAccountToken is up to
// the test.
// Source: Kubernetes API, authentication.k8s.io/v1 TokenRequest.
func (r *Rig) Kubernetes(t testing.TB, namespace, account string) *TokenServer {
	s := &TokenServer{tokens: r.Token}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var question struct {
			APIVersion string
			Kind       string
			Spec       struct {
				Audiences         []string
				ExpirationSeconds int
			}
		}
		err := json.NewDecoder(q.Body).Decode(&question)
		spec := question.Spec
		if err != nil || q.Method != http.MethodPost || q.URL.Path != "/api/v1/namespaces/"+namespace+"/serviceaccounts/"+account+"/token" ||
			q.Header.Get("Authorization") != "Bearer "+ServiceAccountToken ||
			question.APIVersion != "authentication.k8s.io/v1" || question.Kind != "TokenRequest" ||
			!slices.Equal(spec.Audiences, []string{Audience}) || spec.ExpirationSeconds < 600 {
			s.refuse(w, http.StatusForbidden, object{"kind": "Status", "apiVersion": "v1", "status": "Failure",
				"reason": "Forbidden", "code": http.StatusForbidden})
			return
		}
		s.give(w, http.StatusCreated, func(token string) any {
			return object{
				"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
				"metadata": object{"name": account, "namespace": namespace},
				"spec":     object{"audiences": spec.Audiences, "expirationSeconds": int(TokenLife.Seconds())},
				"status":   object{"token": token, "expirationTimestamp": time.Now().Add(TokenLife).UTC().Format(time.RFC3339)},
			}
		})
	}))
	t.Cleanup(server.Close)
	host, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	s.URL = server.URL
	s.Env = []string{"KUBERNETES_SERVICE_HOST=" + host, "KUBERNETES_SERVICE_PORT=" + port}
	s.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return s
}
