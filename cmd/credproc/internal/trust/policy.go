package trust

import (
	"bytes"
	"encoding/json"
	"strings"
)

// version is the policy language with variables.
const version = "2012-10-17"

type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Effect    string
	Principal struct{ Federated string }
	Action    any // a string, or several
	Condition map[string]map[string]any
}

// Policy is the trust policy, as indented JSON, that accepts this token: its
// issuer, its audience and its subject, and nothing wider.
func (c Caller) Policy() []byte {
	s := statement{Effect: "Allow", Action: "sts:AssumeRoleWithWebIdentity"}
	if all := c.actions(); len(all) > 1 {
		s.Action = all
	}
	s.Principal.Federated = c.Principal()
	equals := map[string]any{
		c.Provider() + ":aud": literal(c.audience()),
		c.Provider() + ":sub": literal(c.Subject),
	}
	// Google's aud is who asks, its oaud whom the token is for.
	if c.BuiltIn() && len(c.Audience) > 0 {
		equals[google+":oaud"] = literal(c.Audience[0])
	}
	s.Condition = map[string]map[string]any{"StringEquals": equals}

	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(policy{version, []statement{s}}) // of strings alone: it cannot fail
	return bytes.TrimRight(b.Bytes(), "\n")
}

// literal is a text as a policy has to write it, so that nothing in it is taken
// for a policy variable.
// Source: IAM User Guide, "Policy variables", "Where you can use policy variables".
func literal(text string) string { return strings.ReplaceAll(text, "${", "${$}{") }
