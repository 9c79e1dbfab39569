// Package trust says which IAM trust policy accepts a web identity token, and
// why an existing one does not. It asks nobody: a trust policy is judged by what
// AWS documents, and no signature is verified.
package trust

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// AccountPlaceholder stands in ARNs for an account that is not known. IAM takes
// no policy with it.
const AccountPlaceholder = "ACCOUNT-ID"

// A Caller is who a web identity token speaks for, and in which account.
type Caller struct {
	Issuer, Subject string
	Audience        []string

	// Claims are all claims of the token, as encoding/json has them.
	Claims map[string]any

	// Partition is that of the role: aws, aws-cn, aws-us-gov. Empty is aws where
	// a policy is made, and any where one is judged.
	Partition string

	// Account is the role's account; empty is not known.
	Account string

	// SessionName is the role session name that will be asked for; empty is not
	// known.
	SessionName string
}

// google has a principal of its own in IAM. An OIDC provider for it must not be
// created: STS then refuses its tokens.
// Source: IAM User Guide, "Create an OpenID Connect (OIDC) identity provider in
// IAM" and "Available keys for AWS OIDC federation".
const google = "accounts.google.com"

// Provider is the issuer as IAM names it: without https://, otherwise untouched,
// since a slash at its end is part of the name.
func (c Caller) Provider() string {
	name := strings.TrimPrefix(c.Issuer, "https://")
	return strings.TrimPrefix(name, "http://")
}

// BuiltIn reports whether IAM knows the issuer without an OIDC provider.
func (c Caller) BuiltIn() bool { return c.Provider() == google }

// Principal is what Principal.Federated of a trust policy has to be.
func (c Caller) Principal() string {
	if c.BuiltIn() {
		return google
	}
	partition, account := c.Partition, c.Account
	if partition == "" {
		partition = "aws"
	}
	if account == "" {
		account = AccountPlaceholder
	}
	return "arn:" + partition + ":iam::" + account + ":oidc-provider/" + c.Provider()
}

// ClientIDs are what the IAM OIDC provider must list: what STS takes for the
// token's audience.
func (c Caller) ClientIDs() []string {
	if azp := c.text("azp"); azp != "" {
		return []string{azp}
	}
	return c.Audience
}

// audience is the one value of the condition key aud. STS reads azp where there
// is one.
// Source: IAM User Guide, "Available keys for AWS OIDC federation", aud.
func (c Caller) audience() string {
	ids := c.ClientIDs()
	if i := slices.Index(ids, "sts.amazonaws.com"); i >= 0 {
		return ids[i]
	}
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// Claims with a meaning for STS itself.
// Source: IAM User Guide, "Pass session tags in AWS STS" and "Monitor and control
// actions taken with assumed roles".
const (
	awsClaim            = "https://aws.amazon.com/"
	tagsClaim           = awsClaim + "tags"
	sourceIdentityClaim = awsClaim + "source_identity"
)

// actions are what the trust policy has to allow for this token: the call, and
// what the token itself brings into the session.
func (c Caller) actions() []string {
	all := []string{"sts:AssumeRoleWithWebIdentity"}
	if len(c.tags()) > 0 {
		all = append(all, "sts:TagSession")
	}
	if c.text(sourceIdentityClaim) != "" {
		all = append(all, "sts:SetSourceIdentity")
	}
	return all
}

// tags are the session tags in the token, in either of their two forms.
func (c Caller) tags() map[string]string {
	tags := make(map[string]string)
	add := func(key string, value any) {
		if texts := texts(value); len(texts) > 0 {
			tags[key] = texts[0]
		}
	}
	if object, ok := c.Claims[tagsClaim].(map[string]any); ok {
		if principal, ok := object["principal_tags"].(map[string]any); ok {
			for key, value := range principal {
				add(key, value)
			}
		}
	}
	for name, value := range c.Claims {
		if key, ok := strings.CutPrefix(name, tagsClaim+"/principal_tags/"); ok {
			add(key, value)
		}
	}
	return tags
}

// offered are the claims besides aud, oaud, sub and amr that AWS makes a
// condition key of, by issuer. It knows no others, whatever the token says.
// Source: AWS, "AWS STS now supports validation of select identity provider
// specific claims" (January 2026).
func (c Caller) offered(key string) (claim string, ok bool) {
	is := func(names ...string) (string, bool) { return key, slices.Contains(names, key) }
	switch p := c.Provider(); {
	case p == "token.actions.githubusercontent.com":
		return is("actor", "actor_id", "job_workflow_ref", "repository", "repository_id", "workflow", "ref", "environment", "enterprise_id")
	case p == google:
		if key == "google/organization_number" || key == "organization_number" {
			return "google", true // an object: see claim
		}
		return is("email")
	case strings.HasPrefix(p, "oidc.circleci.com/org/"):
		if key == "project-id" || key == "oidc.circleci.com/project-id" {
			return "oidc.circleci.com/project-id", true
		}
	case strings.Contains(p, ".oraclecloud.com"):
		return is("rpst_id")
	}
	return "", false
}

// value is what a condition key has for this token. It is not known where the
// token does not decide: the address of the caller, the time.
func (c Caller) value(key string) (values []string, known bool) {
	lower := strings.ToLower(key)
	if own, ok := strings.CutPrefix(lower, strings.ToLower(c.Provider())+":"); ok {
		// IAM's page gives an example of email for Google alone.
		return c.claim(own), own != "email" || c.BuiltIn()
	}
	switch {
	case lower == "aws:federatedprovider":
		return []string{c.Principal()}, c.Account != "" || c.BuiltIn()
	case lower == "sts:rolesessionname":
		return []string{c.SessionName}, c.SessionName != ""
	case lower == "sts:externalid":
		return nil, true // AssumeRoleWithWebIdentity has no such parameter
	case lower == "sts:sourceidentity":
		return texts(c.Claims[sourceIdentityClaim]), true
	case lower == "aws:tagkeys":
		for name := range c.tags() {
			values = append(values, name)
		}
		slices.Sort(values)
		return values, true
	case strings.HasPrefix(lower, "aws:requesttag/"):
		for name, value := range c.tags() {
			if strings.EqualFold(name, key[len("aws:requesttag/"):]) {
				return []string{value}, true
			}
		}
		return nil, true
	case strings.HasPrefix(lower, "aws:"), strings.HasPrefix(lower, "sts:"):
		return nil, false
	}
	return nil, true // of another issuer
}

// claim is the value of one of the issuer's own condition keys, in lower case.
func (c Caller) claim(key string) []string {
	switch key {
	case "aud":
		return c.ClientIDs()
	case "oaud":
		return c.Audience
	case "sub":
		return texts(c.Subject)
	case "amr":
		return texts(c.Claims["amr"])
	}
	name, ok := c.offered(key)
	if !ok {
		return nil
	}
	if object, ok := c.Claims[name].(map[string]any); ok && name == "google" {
		return texts(object["organization_number"])
	}
	return texts(c.Claims[name])
}

func (c Caller) text(claim string) string {
	text, _ := c.Claims[claim].(string)
	return text
}

// texts are the values of a claim as a condition compares them.
func texts(claim any) []string {
	switch v := claim.(type) {
	case string:
		if v == "" {
			return nil
		}
		return []string{v}
	case bool:
		if v {
			return []string{"true"}
		}
		return []string{"false"}
	case json.Number:
		return []string{v.String()}
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, texts(one)...)
		}
		return all
	}
	return nil
}

// Notes are what somebody who sets this trust up should know, most important
// first.
func (c Caller) Notes() []string {
	var notes []string
	u, err := url.Parse(c.Issuer)
	switch {
	case c.Issuer == "":
		notes = append(notes, "the token has no iss: STS will not take it")
	case c.BuiltIn():
		notes = append(notes, "IAM knows Google by itself: create no OIDC provider for it")
	case err != nil || u.Scheme != "https" || u.Host == "":
		notes = append(notes, "IAM takes only issuers with https://, which it must be able to reach")
	case u.Port() != "":
		notes = append(notes, "IAM takes no issuer with a port number")
	}
	if c.Subject == "" {
		notes = append(notes, "the token has no sub: STS will not take it")
	}
	switch {
	case len(c.Audience) == 0:
		notes = append(notes, "the token has no aud: STS will not take it")
	case c.text("azp") != "" && !slices.Equal(c.Audience, c.ClientIDs()):
		notes = append(notes, "the token has an azp: that is what STS compares with the condition key aud, and the token's aud with oaud")
	case len(c.Audience) > 1:
		notes = append(notes, "the token has several audiences and no azp: have it issued for one")
	}
	if tags := c.actions(); len(tags) > 1 {
		notes = append(notes, "the token brings session tags or a source identity, so the policy allows "+strings.Join(tags[1:], " and "))
	}
	if pattern, why := c.Lasting(); pattern != "" {
		notes = append(notes, why+": for all of them use StringLike with "+pattern)
	}
	return notes
}

// Lasting is a pattern for the subject where the subject itself is another one
// in each run, and why; both are empty where it stays the same.
// Source: the vendors' own pages on OIDC with AWS.
func (c Caller) Lasting() (pattern, why string) {
	if strings.ContainsAny(c.Subject, "*?") || strings.Contains(c.Subject, "${") {
		return "", ""
	}
	p, sub := c.Provider(), c.Subject
	switch {
	case strings.HasPrefix(p, "api.bitbucket.org/2.0/workspaces/"):
		if i := strings.LastIndexByte(sub, ':'); i > 0 {
			return sub[:i] + ":*", "the subject's last part is the step, another one in each run"
		}
	case p == "agent.buildkite.com":
		if pattern := without(sub, ":commit:", ':'); pattern != "" {
			return pattern, "the subject holds the commit"
		}
	case strings.HasPrefix(p, "oidc.circleci.com/org/"):
		if pattern := without(sub, "/user/", '/'); pattern != "" {
			return pattern, "the subject holds the user who started the job"
		}
	case p == "app.terraform.io":
		if pattern := without(sub, ":run_phase:", ':'); pattern != "" {
			return pattern, "the subject holds the phase, plan or apply"
		}
	}
	return "", ""
}

// without puts a * in the place of the part that follows name in a subject.
func without(sub, name string, separator byte) string {
	before, after, ok := strings.Cut(sub, name)
	if !ok {
		return ""
	}
	rest := ""
	if i := strings.IndexByte(after, separator); i >= 0 {
		rest = after[i:]
	}
	return before + name + "*" + rest
}
