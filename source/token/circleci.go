package token

import "encoding/json"

// circleci is the command that gives a job of CircleCI a token for another
// audience than the one of CIRCLE_OIDC_TOKEN_V2, which is the organization.
// Source: CircleCI Docs, "OIDC tokens with custom claims".
func circleci(o Options) *Exec {
	claims, _ := json.Marshal(map[string]string{"aud": o.audience()}) // strings always marshal
	return &Exec{
		Command: []string{"circleci", "run", "oidc", "get", "--claims", string(claims)},
		Getenv:  o.getenv(),
		name:    "circleci",
		hint:    "this is not a job of CircleCI, or its image lacks the command; env:CIRCLE_OIDC_TOKEN_V2 needs none",
	}
}
