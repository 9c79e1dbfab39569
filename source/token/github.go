package token

import (
	"context"
	"fmt"
	"net/url"

	"github.com/credproc/credproc/source/internal/web"
)

// GitHub asks GitHub Actions for a token of the job that we run in.
// Source: GitHub Docs, "OpenID Connect reference", and @actions/core's
// oidc-utils.ts.
type GitHub struct {
	Audience string
	Getenv   func(string) string
}

// Token asks for a new token at each call: one lives for five minutes only.
func (g GitHub) Token(ctx context.Context) (Token, error) {
	address, bearer := g.request()
	if address == "" || bearer == "" {
		return missing(g.String(), "ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not both set; "+
			"the job needs `permissions: id-token: write`")
	}
	body, err := ask(ctx, g.String(), web.Request{
		URL:     withQuery(address, url.Values{"audience": {g.Audience}}),
		Header:  map[string]string{"Authorization": "bearer " + bearer, "Accept": "application/json"},
		Secrets: []string{bearer},
	})
	if err != nil {
		return Token{}, err
	}
	return fromJSON(g, body, "value")
}

func (g GitHub) request() (address, bearer string) {
	return g.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), g.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
}

// Identity is the job's: the request URL names the run and the job.
func (g GitHub) Identity() Identity {
	address, _ := g.request()
	if address == "" {
		return Identity{}
	}
	return caller("github", address, g.Audience)
}

// Renewable is true: the request token lives about as long as a job may.
func (g GitHub) Renewable() bool { return true }

func (g GitHub) String() string { return fmt.Sprintf("from GitHub Actions for %q", g.Audience) }
