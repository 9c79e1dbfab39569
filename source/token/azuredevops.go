package token

import (
	"context"
	"net/url"

	"github.com/credproc/credproc/source/internal/web"
)

// AzureDevOps asks Azure Pipelines for a token of the job that we run in. Its
// audience is always api://AzureADTokenExchange.
// Source: Azure DevOps REST API, "Oidctoken - Create"; the headers are those of
// azure-identity's AzurePipelinesCredential.
type AzureDevOps struct {
	// Connection is the ID of the service connection to speak for. Empty means
	// the one of an enclosing Azure task (AZURESUBSCRIPTION_SERVICE_CONNECTION_ID),
	// and without that the pipeline itself.
	Connection string

	Getenv func(string) string
}

// Token asks for a new token at each call: one lives for ten minutes.
func (a AzureDevOps) Token(ctx context.Context) (Token, error) {
	address, bearer := a.request()
	switch {
	case address == "":
		return missing(a.String(), "SYSTEM_OIDCREQUESTURI is not set; this is not a job of Azure Pipelines")
	case bearer == "":
		return missing(a.String(), "SYSTEM_ACCESSTOKEN is not set; the step needs `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`")
	}
	query := url.Values{"api-version": {"7.1"}}
	if id := a.connection(); id != "" {
		query.Set("serviceConnectionId", id)
	}
	body, err := ask(ctx, a.String(), web.Request{
		Method: "POST",
		URL:    withQuery(address, query),
		Header: map[string]string{
			"Authorization": "Bearer " + bearer,
			"Content-Type":  "application/json",
			// Without it, an access token that is not valid leads to a page to
			// sign in at.
			"X-TFS-FedAuthRedirect": "Suppress",
		},
		Secrets: []string{bearer},
	})
	if err != nil {
		return Token{}, withHint(err, "the pipeline must be allowed to use the service connection")
	}
	return fromJSON(a, body, "oidcToken")
}

func (a AzureDevOps) request() (address, bearer string) {
	return a.Getenv("SYSTEM_OIDCREQUESTURI"), a.Getenv("SYSTEM_ACCESSTOKEN")
}

func (a AzureDevOps) connection() string {
	if a.Connection != "" {
		return a.Connection
	}
	return a.Getenv("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID")
}

// Identity is the job's: the request URL names the plan and the job.
func (a AzureDevOps) Identity() Identity {
	address, _ := a.request()
	if address == "" {
		return Identity{}
	}
	return caller("azure-devops", address, a.connection())
}

// Renewable is true.
func (a AzureDevOps) Renewable() bool { return true }

func (a AzureDevOps) String() string {
	if id := a.connection(); id != "" {
		return "from Azure Pipelines for service connection " + id
	}
	return "from Azure Pipelines"
}
