package sourcetest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// AddUser registers an IAM user and returns a long-lived access key for it,
// with which it can sign AssumeRole and GetCallerIdentity. The ARN has the
// shape arn:aws:iam::111122223333:user/name.
func (s *STS) AddUser(arn string) (accessKeyID, secretAccessKey string) {
	id := newKey("AKIA")
	id.arn = arn
	id.userID = uniqueID("AIDA", arn)
	_, id.account, _ = splitRoleARN(arn)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[id.accessKeyID] = id
	return id.accessKeyID, id.secretAccessKey
}

// chainLimit is how long a session may be that another session asked for: see
// "Methods to assume a role" in the IAM User Guide.
const chainLimit = time.Hour

// assumeRole judges in this order: signature, parameters, trust, duration.
func (x *exchange) assumeRole(p *params) (*result, error) {
	caller, err := x.authenticate()
	if err != nil {
		return nil, err
	}
	arn, _ := p.text("RoleArn", roleARNLimit)
	session, _ := p.text("RoleSessionName", sessionNameLimit)
	externalID, _ := p.text("ExternalId", externalIDLimit)
	sourceIdentity, _ := p.text("SourceIdentity", sourceIDLimit)
	duration := p.duration()
	packed, malformed := p.policies()
	tags, badTags := p.tags()
	if err := p.check(); err != nil {
		return nil, err
	}
	switch {
	case malformed != nil:
		return nil, malformed
	case badTags != nil:
		return nil, badTags
	case !isRoleARN(arn):
		return nil, invalid("Request ARN is invalid")
	}
	role, ok := x.sts.role(arn)
	trusted := trusts(role.Callers, caller.arn) || caller.role != "" && trusts(role.Callers, caller.role)
	if !ok || !trusted || role.ExternalID != "" && role.ExternalID != externalID {
		return nil, &refusal{http.StatusForbidden, "AccessDenied",
			fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", caller.arn, arn)}
	}
	switch {
	case caller.role != "" && duration > chainLimit:
		return nil, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case duration > role.MaxSessionDuration:
		return nil, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	res := x.issue(role, session, duration)
	res.PackedPolicySize = packed + tags
	res.SourceIdentity = sourceIdentity
	return res, nil
}

// tags reads and judges Tags and TransitiveTagKeys, and returns how many tags
// there are.
func (p *params) tags() (n int, refused *refusal) {
	var keys []string
	for i := range p.list("Tags", 50) {
		prefix := fmt.Sprintf("Tags.member.%d.", i+1)
		key, _ := p.text(prefix+"Key", tagKeyLimit)
		p.text(prefix+"Value", tagValueLimit)
		if key = strings.ToLower(key); slices.Contains(keys, key) {
			refused = &refusal{http.StatusBadRequest, "InvalidParameterValue",
				"Duplicate tag keys found. Please note that Tag keys are case insensitive."}
		}
		keys = append(keys, key)
	}
	for i := range p.list("TransitiveTagKeys", 50) {
		key, _ := p.text(fmt.Sprintf("TransitiveTagKeys.member.%d", i+1), tagKeyLimit)
		if !slices.Contains(keys, strings.ToLower(key)) {
			refused = &refusal{http.StatusBadRequest, "InvalidParameterValue",
				"The specified transitive tag key must be included in the requested tags."}
		}
	}
	return len(keys), refused
}

// getCallerIdentity needs no permission, only a signature.
func (x *exchange) getCallerIdentity(p *params) (*result, error) {
	caller, err := x.authenticate()
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return &result{Arn: caller.arn, UserID: caller.userID, Account: caller.account}, nil
}
