package sourcetest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// assumeRoleWithWebIdentity judges in this order: parameters, token, trust,
// duration.
func (x *exchange) assumeRoleWithWebIdentity(p *params) (*result, error) {
	arn, _ := p.text("RoleArn", roleARNLimit)
	session, _ := p.text("RoleSessionName", sessionNameLimit)
	token, _ := p.text("WebIdentityToken", tokenLimit)
	duration := p.duration()
	packed, malformed := p.policies()
	if err := p.check(); err != nil {
		return nil, err
	}
	if malformed != nil {
		return nil, malformed
	}
	if !isRoleARN(arn) {
		return nil, invalid("Request ARN is invalid")
	}
	claims, err := x.verify(token)
	if err != nil {
		return nil, err
	}
	role, ok := x.sts.role(arn)
	if !ok || !trusts(role.Subjects, claims.subject) || !trusts(role.Audiences, claims.audience) {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
	}
	if duration > role.MaxSessionDuration {
		return nil, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	res := x.issue(role, session, duration)
	res.PackedPolicySize = packed
	res.SubjectFromWebIdentityToken = claims.subject
	res.Audience = claims.audience
	res.Provider = claims.issuer
	res.SourceIdentity = claims.sourceIdentity
	return res, nil
}

func (s *STS) role(arn string) (Role, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	role, ok := s.roles[arn]
	return role, ok
}

func trusts(list []string, who string) bool { return len(list) == 0 || slices.Contains(list, who) }

// isRoleARN accepts arn:PARTITION:iam:REGION:ACCOUNT:role/NAME with region and
// account empty or not.
func isRoleARN(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[1] != "" && parts[2] == "iam" &&
		strings.HasPrefix(parts[5], "role/") && len(parts[5]) > len("role/")
}

// verified is what STS keeps of a token that it believes.
type verified struct {
	issuer, subject, audience, sourceIdentity string
}

var (
	algorithms = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}

	// Go's base64 decoder skips line ends; STS does not.
	compactJWT = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]*$`)
)

// verify judges a token: its form, provider, claims, algorithm, signature,
// audience, and time, in this order.
func (x *exchange) verify(token string) (verified, error) {
	reject := func(format string, args ...any) (verified, error) {
		return verified{}, &refusal{http.StatusBadRequest, "InvalidIdentityToken", fmt.Sprintf(format, args...)}
	}
	parser := jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithoutClaimsValidation())
	claims := jwt.MapClaims{}
	header, _, err := parser.ParseUnverified(token, claims)
	if err != nil || !compactJWT.MatchString(token) {
		return reject("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat"} {
		if claims[name] == nil {
			return reject("Missing a required claim: %s", name)
		}
	}
	var v verified
	v.issuer, _ = claims.GetIssuer()
	v.subject, _ = claims.GetSubject()
	v.sourceIdentity, _ = claims["https://aws.amazon.com/source_identity"].(string)
	audiences, _ := claims.GetAudience()
	exp, expErr := claims.GetExpirationTime()
	nbf, nbfErr := claims.GetNotBefore()
	if v.subject == "" || expErr != nil || nbfErr != nil {
		return reject("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}

	clientIDs, ok := x.sts.provider(v.issuer)
	if !ok {
		return reject("No OpenIDConnect provider found in your account for %s", v.issuer)
	}
	if !slices.Contains(algorithms, header.Method.Alg()) {
		return reject("Token is signed with an unsupported algorithm: %s", header.Method.Alg())
	}
	id, _ := header.Header["kid"].(string)
	key, err := fetchKey(x.r.Context(), v.issuer, id)
	if err != nil {
		return reject("Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements")
	}
	if _, err := parser.Parse(token, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
		return reject("Token signature is invalid")
	}
	i := slices.IndexFunc(audiences, func(aud string) bool { return slices.Contains(clientIDs, aud) })
	if i < 0 {
		return reject("Incorrect token audience")
	}
	v.audience = audiences[i]
	now := x.now()
	if !now.Before(exp.Time) {
		return verified{}, &refusal{http.StatusBadRequest, "ExpiredTokenException",
			fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time%d", now.Unix(), exp.Unix())}
	}
	if nbf != nil && now.Before(nbf.Time) {
		return reject("Token is not yet valid: current date/time %d must not be before %d", now.Unix(), nbf.Unix())
	}
	return v, nil
}

func (s *STS) provider(issuer string) (clientIDs []string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clientIDs, ok = s.providers[issuer]
	return clientIDs, ok
}
