package token

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/credproc/credproc/source/internal/web"
)

// Azure asks the metadata service of an Azure machine for a token of its
// managed identity.
// Source: Microsoft Learn, "How to use managed identities for Azure resources
// on an Azure VM to acquire an access token".
type Azure struct {
	// Audience is the application ID URI that the token is for.
	Audience string

	// ClientID chooses among several identities of the machine. Empty means
	// AZURE_CLIENT_ID, and without that the machine's only one.
	ClientID string

	Getenv func(string) string
}

// Token asks at each call; Azure itself keeps a token for about a day.
func (a Azure) Token(ctx context.Context) (Token, error) {
	query := url.Values{"api-version": {"2018-02-01"}, "resource": {a.Audience}}
	if id := a.clientID(); id != "" {
		query.Set("client_id", id)
	}
	body, err := ask(ctx, a.String(), web.Request{
		URL:    a.host() + "/metadata/identity/oauth2/token?" + query.Encode(),
		Header: map[string]string{"Metadata": "true"},
		Direct: true,
		// While the service is being updated, or the identity set up. (As in
		// azure-identity's imdsRetryPolicy.)
		Passing: []int{http.StatusNotFound, http.StatusGone},
	})
	if err != nil {
		return Token{}, withHint(err, "the machine needs a managed identity, and the audience must be an application of its tenant")
	}
	return fromJSON(a, body, "access_token")
}

// host honours the variable by which azure-identity is led to a metadata
// service at another address.
func (a Azure) host() string {
	if host := a.Getenv("AZURE_POD_IDENTITY_AUTHORITY_HOST"); host != "" {
		return strings.TrimSuffix(host, "/")
	}
	return "http://169.254.169.254"
}

func (a Azure) clientID() string {
	if a.ClientID != "" {
		return a.ClientID
	}
	return a.Getenv("AZURE_CLIENT_ID")
}

// Identity is the machine's, with what it asks for.
func (a Azure) Identity() Identity {
	return caller(append([]string{"azure", a.host(), a.Audience, a.clientID()}, here(a.Getenv)...)...)
}

// Renewable is true.
func (a Azure) Renewable() bool { return true }

func (a Azure) String() string {
	return fmt.Sprintf("from Azure's metadata service for %q", a.Audience)
}
