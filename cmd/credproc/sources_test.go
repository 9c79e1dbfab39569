package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/credproc/credproc/source/sourcetest"
)

// systems are the token issuers that are asked by HTTP, each strict about the
// question. Their documents are named in source/token.
var systems = map[string]struct {
	// variables lead to the server at that address, which has written its
	// certificate into the file at ca.
	variables func(address, ca string) map[string]string

	method, path, query string
	header, bearer      string // its name and value
	answer              string // with %s for the token in JSON
	tls                 bool
	status              int // of a good answer, if not 200

	serve http.HandlerFunc // instead of all but variables
}{
	"github": {
		variables: func(address, _ string) map[string]string {
			return map[string]string{
				"ACTIONS_ID_TOKEN_REQUEST_URL":   address + "/plan/job?api-version=2.0",
				"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-the-job-at-github",
			}
		},
		method: "GET", path: "/plan/job", query: "api-version=2.0&audience=sts.amazonaws.com",
		header: "Authorization", bearer: "bearer bearer-of-the-job-at-github",
		answer: `{"count":1500,"value":%s}`,
	},
	"azure-devops": {
		variables: func(address, _ string) map[string]string {
			return map[string]string{
				"SYSTEM_OIDCREQUESTURI": address + "/org/_apis/plans/1/jobs/2/oidctoken",
				"SYSTEM_ACCESSTOKEN":    "bearer-of-the-job-at-azure",
			}
		},
		method: "POST", path: "/org/_apis/plans/1/jobs/2/oidctoken", query: "api-version=7.1&serviceConnectionId=con-1",
		header: "Authorization", bearer: "Bearer bearer-of-the-job-at-azure",
		answer: `{"oidcToken":%s}`,
	},
	"azure": {
		variables: func(address, _ string) map[string]string {
			return map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": address}
		},
		method: "GET", path: "/metadata/identity/oauth2/token", query: "api-version=2018-02-01&resource=sts.amazonaws.com",
		header: "Metadata", bearer: "true",
		answer: `{"access_token":%s,"expires_on":"1700000000","token_type":"Bearer"}`,
	},
	"gcp": {
		variables: func(address, _ string) map[string]string {
			return map[string]string{"GCE_METADATA_HOST": strings.TrimPrefix(address, "http://")}
		},
		method: "GET", path: "/computeMetadata/v1/instance/service-accounts/default/identity",
		query:  "audience=sts.amazonaws.com&format=full",
		header: "Metadata-Flavor", bearer: "Google",
	},
	"vault": {
		variables: func(address, ca string) map[string]string {
			return map[string]string{"VAULT_ADDR": address, "VAULT_TOKEN": "hvs.bearer-of-somebody-at-vault", "VAULT_CACERT": ca}
		},
		method: "GET", path: "/v1/identity/oidc/token/deployer",
		header: "X-Vault-Token", bearer: "hvs.bearer-of-somebody-at-vault",
		answer: `{"request_id":"1","data":{"client_id":"sts.amazonaws.com","token":%s,"ttl":86400}}`,
		tls:    true,
	},
	"kubernetes": {
		variables: func(address, _ string) map[string]string {
			u, _ := url.Parse(address)
			return map[string]string{"KUBERNETES_SERVICE_HOST": u.Hostname(), "KUBERNETES_SERVICE_PORT": u.Port()}
		},
		method: "POST", path: "/api/v1/namespaces/build/serviceaccounts/migrator/token",
		header: "Authorization", bearer: "Bearer " + podToken,
		answer: `{"kind":"TokenRequest","status":{"token":%s,"expirationTimestamp":"2026-11-22T02:00:00Z"}}`,
		tls:    true,
		status: http.StatusCreated,
	},
	// These two give credentials instead of a token.
	"imds": {
		variables: func(address, _ string) map[string]string {
			return map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": address}
		},
		serve: serveIMDS,
	},
	"container": {
		variables: func(address, _ string) map[string]string {
			return map[string]string{
				"AWS_CONTAINER_CREDENTIALS_FULL_URI": address + "/v1/credentials",
				"AWS_CONTAINER_AUTHORIZATION_TOKEN":  "bearer-of-the-container",
			}
		},
		header: "Authorization",
		serve:  serveContainer,
	},
}

// instanceCredentials are those that imds and container give.
func instanceCredentials() string {
	return fmt.Sprintf(`{"Code":"Success","Type":"AWS-HMAC","RoleArn":%q,"AccessKeyId":"ASIAIOSFODNN7EXAMPLE",`+
		`"SecretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY","Token":"a-session-token-of-the-instance","Expiration":%q}`,
		role, time.Now().Add(6*time.Hour).UTC().Format(time.RFC3339))
}

// serveIMDS is version 2 of EC2's metadata service.
func serveIMDS(w http.ResponseWriter, r *http.Request) {
	const session = "a-token-of-imds"
	switch {
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
		ttl := r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds")
		if ttl == "" {
			http.Error(w, "no ttl", http.StatusBadRequest)
			return
		}
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl)
		_, _ = io.WriteString(w, session)
	case r.Header.Get("X-Aws-Ec2-Metadata-Token") != session:
		http.Error(w, "no token", http.StatusUnauthorized)
	case r.URL.Path == "/latest/meta-data/iam/security-credentials/":
		_, _ = io.WriteString(w, "migrator")
	case r.URL.Path == "/latest/meta-data/iam/security-credentials/migrator":
		_, _ = io.WriteString(w, instanceCredentials())
	default:
		http.NotFound(w, r)
	}
}

// serveContainer is the endpoint of ECS and of EKS Pod Identity's agent.
func serveContainer(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet || r.URL.Path != "/v1/credentials":
		http.NotFound(w, r)
	case r.Header.Get("Authorization") != "bearer-of-the-container":
		http.Error(w, "not logged in", http.StatusUnauthorized)
	default:
		_, _ = io.WriteString(w, instanceCredentials())
	}
}

// podToken is what a pod has in its own service account's folder.
const podToken = "token-of-the-pod-itself"

// A system is a running one of systems. It mints tokens whose sub claim is its
// name.
type system struct {
	*httptest.Server
	variables map[string]string

	mu    sync.Mutex
	spoil func(w http.ResponseWriter, r *http.Request) // answers instead; nil is good health
}

func startSystem(name, dir string, iss *sourcetest.Issuer) (*system, error) {
	kind, ok := systems[name]
	if !ok {
		return nil, fmt.Errorf("there is no system %q", name)
	}
	s := &system{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		spoil := s.spoil
		s.mu.Unlock()
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case spoil != nil:
			spoil(w, r)
			return
		case kind.serve != nil:
			kind.serve(w, r)
			return
		case r.Method != kind.method || r.URL.Path != kind.path || r.URL.RawQuery != kind.query:
			http.Error(w, "asked "+r.Method+" "+r.URL.String(), http.StatusBadRequest)
			return
		case r.Header.Get(kind.header) != kind.bearer:
			http.Error(w, "not logged in", http.StatusUnauthorized)
			return
		}
		token := iss.Token(sourcetest.Claims{Subject: name})
		if kind.status != 0 {
			w.WriteHeader(kind.status)
		}
		if kind.answer == "" {
			_, _ = io.WriteString(w, token)
			return
		}
		text, _ := json.Marshal(token) // strings always marshal
		_, _ = fmt.Fprintf(w, kind.answer, text)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if !kind.tls {
		s.Start()
		s.variables = kind.variables(s.URL, "")
		return s, nil
	}
	s.StartTLS()
	ca := filepath.Join(dir, name+"-ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	s.variables = kind.variables(s.URL, ca)
	return s, os.WriteFile(ca, text, 0o644)
}

// close cuts hanging answers short.
func (s *system) close() {
	s.CloseClientConnections()
	s.Close()
}

// controlSystem starts one of systems and sets the variables that lead to it, or
// changes how it behaves from now on.
func controlSystem(ts *testscript.TestScript, neg bool, args []string) {
	const how = "system NAME [heal|refuse STATUS|no-role|eddsa|hang|huge|rubbish|drop|close]"
	usage(ts, !neg && (len(args) == 1 || len(args) == 2 || len(args) == 3 && args[1] == "refuse"), how)
	w, name := worldOf(ts), args[0]
	s := w.systems[name]
	if s == nil {
		var err error
		s, err = startSystem(name, ts.Getenv("WORK"), w.iss)
		ts.Check(err)
		ts.Defer(s.close)
		if w.systems == nil {
			w.systems = map[string]*system{}
		}
		w.systems[name] = s
		for variable, value := range s.variables {
			ts.Setenv(variable, value)
		}
		ts.Setenv("SYSTEM", s.URL)
	}
	if len(args) == 1 {
		return
	}
	spoil := func(answer http.HandlerFunc) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.spoil = answer
	}
	switch args[1] {
	case "heal":
		spoil(nil)
	case "refuse":
		usage(ts, len(args) == 3, how)
		status, err := strconv.Atoi(args[2])
		ts.Check(err)
		spoil(func(w http.ResponseWriter, r *http.Request) {
			// As servers do that mean to be of help.
			http.Error(w, "no: "+r.Header.Get(systems[name].header), status)
		})
	case "no-role": // of imds
		spoil(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				http.NotFound(w, r)
				return
			}
			serveIMDS(w, r)
		})
	case "eddsa": // what is signed with a key that STS does not take
		text, err := json.Marshal(w.iss.Token(sourcetest.Claims{Algorithm: "EdDSA"}))
		ts.Check(err)
		spoil(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, systems[name].answer, text) })
	case "hang":
		spoil(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	case "huge":
		spoil(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(bytes.Repeat([]byte("eyJ"), 1<<20/3))
		})
	case "rubbish":
		spoil(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<html>eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ5b3UifQ.sign in</html>")
		})
	case "drop":
		spoil(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	case "close":
		s.close()
	default:
		usage(ts, false, how)
	}
}

// subject asserts the sub claim of the web identity token that STS had last.
func subject(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "subject SUBJECT")
	log := worldOf(ts).sts.Log()
	if len(log) == 0 || log[len(log)-1].Subject != args[0] {
		ts.Fatalf("STS was not asked for %s last, but %+v", args[0], log)
	}
}

// setVariable sets an environment variable to what is in a file.
func setVariable(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "variable NAME FILE")
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// user gives the credentials file a profile with the access key of an IAM user,
// and keeps the key in $KEY_ID and $KEY_SECRET.
func user(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "user PROFILE")
	w := worldOf(ts)
	id, secret := w.sts.AddUser("arn:aws:iam::111122223333:user/" + args[0])
	ts.Setenv("KEY_ID", id)
	ts.Setenv("KEY_SECRET", secret)
	f, err := os.OpenFile(filepath.Join(w.home, ".aws", "credentials"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = fmt.Fprintf(f, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", args[0], id, secret)
	ts.Check(errors.Join(err, f.Close()))
}
