package token

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/credproc/credproc/source/internal/regular"
	"github.com/credproc/credproc/source/internal/web"
)

// serviceAccountDir is where every pod finds its own token and the CA of the
// cluster.
// Source: Kubernetes, "Accessing the Kubernetes API from a Pod".
const serviceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// tokenSeconds is the life that is asked for; the server decides. An hour, and
// not less, because servers without a default of their own (MinIO) let a
// session end with the token.
const tokenSeconds = 3600

// Kubernetes asks the API server of the cluster that we run in for a token of a
// service account, by TokenRequest. Our own service account must be allowed to.
// Source: Kubernetes API, authentication.k8s.io/v1 TokenRequest.
type Kubernetes struct {
	Namespace, ServiceAccount string
	Audience                  string
	Getenv                    func(string) string

	dir string // instead of serviceAccountDir
}

// Token asks for a new token at each call.
func (k Kubernetes) Token(ctx context.Context) (Token, error) {
	host := k.host()
	if host == "" {
		return missing(k.String(), "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; this is not a pod")
	}
	login, err := k.read("token")
	if err != nil {
		return Token{}, err
	}
	ca, err := k.read("ca.crt")
	if err != nil {
		return Token{}, err
	}
	question, err := json.Marshal(map[string]any{
		"apiVersion": "authentication.k8s.io/v1",
		"kind":       "TokenRequest",
		"spec":       map[string]any{"audiences": []string{k.Audience}, "expirationSeconds": tokenSeconds},
	})
	if err != nil {
		return Token{}, &Error{Problem: Malformed, Place: k.String(), Detail: "cannot be asked for", Err: err}
	}
	body, err := ask(ctx, k.String(), web.Request{
		Method: "POST",
		URL: "https://" + host + "/api/v1/namespaces/" + url.PathEscape(k.Namespace) +
			"/serviceaccounts/" + url.PathEscape(k.ServiceAccount) + "/token",
		Header: map[string]string{
			"Authorization": "Bearer " + string(login),
			"Content-Type":  "application/json",
			"Accept":        "application/json",
		},
		Body:    question,
		CA:      ca,
		Secrets: []string{string(login)},
	})
	if err != nil {
		return Token{}, withHint(err, "the pod's service account needs `create` on serviceaccounts/token")
	}
	return fromJSON(k, body, "status", "token")
}

// read reads a file of the pod's service account, anew each time: kubelet
// replaces them.
func (k Kubernetes) read(name string) ([]byte, error) {
	dir := k.dir
	if dir == "" {
		dir = serviceAccountDir
	}
	path := filepath.Join(dir, name)
	text, err := regular.Read(path, maxCA)
	switch {
	case os.IsNotExist(err):
		return nil, &Error{Problem: Missing, Place: k.String(),
			Detail: "cannot be asked for: " + path + " does not exist; the pod needs automountServiceAccountToken"}
	case err != nil:
		return nil, &Error{Problem: Unreadable, Place: k.String(), Detail: "cannot be asked for", Err: err}
	}
	return text, nil
}

func (k Kubernetes) host() string {
	host, port := k.Getenv("KUBERNETES_SERVICE_HOST"), k.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return ""
	}
	return net.JoinHostPort(host, port)
}

// Identity is the service account's: whoever asks, the token is the same.
func (k Kubernetes) Identity() Identity {
	if k.host() == "" {
		return Identity{}
	}
	id := caller("kubernetes", k.host(), k.Namespace, k.ServiceAccount, k.Audience)
	id.Subject = "system:serviceaccount:" + k.Namespace + ":" + k.ServiceAccount
	return id
}

// Renewable is true.
func (k Kubernetes) Renewable() bool { return true }

func (k Kubernetes) String() string {
	return fmt.Sprintf("of service account %s/%s for %q", k.Namespace, k.ServiceAccount, k.Audience)
}
