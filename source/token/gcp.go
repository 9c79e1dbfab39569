package token

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/credproc/credproc/source/internal/web"
)

// GCP asks the metadata server of Google Cloud for a token of the machine's or
// the pod's default service account.
// Source: Google Cloud, "Get an ID token", and compute/metadata of its Go
// client for GCE_METADATA_HOST.
type GCP struct {
	Audience string
	Getenv   func(string) string
}

// Token asks at each call; the server itself keeps a token for an hour.
func (g GCP) Token(ctx context.Context) (Token, error) {
	if strings.Contains(g.host(), "/") {
		return missing(g.String(), "GCE_METADATA_HOST is no host or host:port")
	}
	query := url.Values{"audience": {g.Audience}, "format": {"full"}}
	body, err := ask(ctx, g.String(), web.Request{
		URL:    "http://" + g.host() + "/computeMetadata/v1/instance/service-accounts/default/identity?" + query.Encode(),
		Header: map[string]string{"Metadata-Flavor": "Google"},
		Direct: true,
	})
	if err != nil {
		return Token{}, withHint(err, "the machine needs a service account")
	}
	return from(g, body)
}

func (g GCP) host() string {
	if host := g.Getenv("GCE_METADATA_HOST"); host != "" {
		return host
	}
	return "metadata.google.internal"
}

// Identity is the machine's, with what it asks for.
func (g GCP) Identity() Identity {
	return caller(append([]string{"gcp", g.host(), g.Audience}, here(g.Getenv)...)...)
}

// Renewable is true.
func (g GCP) Renewable() bool { return true }

func (g GCP) String() string {
	return fmt.Sprintf("from Google Cloud's metadata server for %q", g.Audience)
}
