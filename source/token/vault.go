package token

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/credproc/credproc/source/internal/regular"
	"github.com/credproc/credproc/source/internal/web"
)

// Vault asks HashiCorp Vault or OpenBao for a token of an OIDC role. The role's
// client_id is the audience; its key must not be EdDSA, which AWS refuses.
// Source: Vault's API, "Identity tokens", "Generate a signed ID token".
type Vault struct {
	Role string

	// Getenv gives VAULT_ADDR, VAULT_TOKEN, VAULT_NAMESPACE and VAULT_CACERT;
	// without VAULT_TOKEN the token that `vault login` left in $HOME is taken.
	Getenv func(string) string
}

const (
	// maxLogin is far above a token of Vault's: a batch token has about 1 KiB.
	maxLogin = 8 << 10

	// maxCA is far above a bundle of certificate authorities, in bytes.
	maxCA = 4 << 20
)

// Token asks for a new token at each call.
func (v Vault) Token(ctx context.Context) (Token, error) {
	address, login := v.address(), v.login()
	switch {
	case address == "":
		return missing(v.String(), "VAULT_ADDR is not set")
	case !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://"):
		return missing(v.String(), "VAULT_ADDR is no http or https URL")
	case login == "":
		return missing(v.String(), "VAULT_TOKEN is not set and there is no ~/.vault-token; log in to Vault first")
	}
	r := web.Request{
		URL:     address + "/v1/identity/oidc/token/" + url.PathEscape(v.Role),
		Header:  map[string]string{"X-Vault-Token": login, "X-Vault-Request": "true"},
		Secrets: []string{login},
	}
	if namespace := v.Getenv("VAULT_NAMESPACE"); namespace != "" {
		r.Header["X-Vault-Namespace"] = namespace
	}
	if path := v.Getenv("VAULT_CACERT"); path != "" {
		var err error
		if r.CA, err = regular.Read(path, maxCA); err != nil {
			return Token{}, &Error{Problem: Unreadable, Place: v.String(), Detail: "could not be had: VAULT_CACERT cannot be read", Err: err}
		}
	}
	body, err := ask(ctx, v.String(), r)
	if err != nil {
		return Token{}, withHint(err, "the Vault token must be valid and its policy allow `read` on identity/oidc/token/"+v.Role)
	}
	return fromJSON(v, body, "data", "token")
}

func (v Vault) address() string { return strings.TrimRight(v.Getenv("VAULT_ADDR"), "/") }

// login is the Vault token that we ask with. The file is where Vault's own
// command keeps it.
func (v Vault) login() string {
	if login := strings.TrimSpace(v.Getenv("VAULT_TOKEN")); login != "" {
		return login
	}
	home := v.Getenv("HOME")
	if home == "" {
		return ""
	}
	text, err := regular.Read(filepath.Join(home, ".vault-token"), maxLogin)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// Identity is that of the Vault token, which is of one entity.
func (v Vault) Identity() Identity {
	login := v.login()
	if login == "" || v.address() == "" {
		return Identity{}
	}
	return caller("vault", v.address(), v.Getenv("VAULT_NAMESPACE"), v.Role, login)
}

// Renewable is true.
func (v Vault) Renewable() bool { return true }

func (v Vault) String() string {
	place := "from Vault role " + v.Role
	if address := v.address(); address != "" {
		place += " at " + web.Place(address)
	}
	if namespace := v.Getenv("VAULT_NAMESPACE"); namespace != "" {
		place += " in namespace " + namespace
	}
	return place
}
