package token

// buildkite is the command that gives a job of Buildkite its token. Its own
// retries are over when it fails, and 77 is its status for a refusal.
// Source: buildkite/agent, clicommand/oidc_request_token.go.
func buildkite(o Options) *Exec {
	e := &Exec{
		Command: []string{"buildkite-agent", "oidc", "request-token", "--audience", o.audience()},
		Getenv:  o.getenv(),
		name:    "buildkite-agent",
		settles: []string{"BUILDKITE_OIDC_TOKEN_CLAIMS", "BUILDKITE_OIDC_TOKEN_AWS_SESSION_TAGS", "BUILDKITE_OIDC_TOKEN_SUBJECT_CLAIM"},
		refusal: 77,
		hint:    "this is not a job of Buildkite, or its container lacks the agent",
	}
	// From 3.104 on, the agent insists on telling the job's log what to redact,
	// which it cannot do in a container that lacks this socket. (The flag of the
	// same meaning is an error to agents before that.)
	if e.Getenv("BUILDKITE_AGENT_JOB_API_SOCKET") == "" {
		e.env = []string{"BUILDKITE_AGENT_OIDC_REQUEST_TOKEN_SKIP_TOKEN_REDACTION=true"}
	}
	return e
}
