package sourcetest

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	migrator = "arn:aws:iam::111122223333:role/ci/migrator"
	subject  = "system:serviceaccount:default:credproc"
)

// start returns an issuer and an STS that trusts it and knows the migrator.
func start(t *testing.T) (*Issuer, *STS) {
	t.Helper()
	iss, s := NewIssuer(), NewSTS()
	t.Cleanup(iss.Close)
	t.Cleanup(s.Close)
	s.Trust(iss.URL)
	s.AddRole(Role{ARN: migrator})
	return iss, s
}

func client(url string, creds aws.CredentialsProvider) *sts.Client {
	return sts.New(sts.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(url),
		Credentials:  creds,
		Retryer:      aws.NopRetryer{},
		HTTPClient:   &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
}

func input(token string, change ...func(*sts.AssumeRoleWithWebIdentityInput)) *sts.AssumeRoleWithWebIdentityInput {
	in := &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          aws.String(migrator),
		RoleSessionName:  aws.String("credproc"),
		WebIdentityToken: aws.String(token),
	}
	for _, f := range change {
		f(in)
	}
	return in
}

func assume(s *STS, in *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	return client(s.URL, aws.AnonymousCredentials{}).AssumeRoleWithWebIdentity(context.Background(), in)
}

// wantAPIError checks what the SDK makes of a refusal: status, code and
// message, verbatim.
func wantAPIError(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatalf("got error %v, want %s: %s", err, code, message)
	}
	if apiErr.ErrorCode() != code || apiErr.ErrorMessage() != message {
		t.Errorf("got  %s: %s\nwant %s: %s", apiErr.ErrorCode(), apiErr.ErrorMessage(), code, message)
	}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || resp.HTTPStatusCode() != status {
		t.Errorf("status is not %d: %v", status, err)
	}
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	iss, s := start(t)
	before := time.Now().Truncate(time.Second)
	out, err := assume(s, input(iss.Token(Claims{})))
	if err != nil {
		t.Fatal(err)
	}
	c := out.Credentials
	for _, field := range []struct{ name, value, pattern string }{
		{"AccessKeyId", *c.AccessKeyId, `^ASIA[A-Z0-9]{16}$`},
		{"SecretAccessKey", *c.SecretAccessKey, `^[\w+/]{40}$`},
		{"SessionToken", *c.SessionToken, `^[\w+/]{800}$`},
		{"Arn", *out.AssumedRoleUser.Arn, `^arn:aws:sts::111122223333:assumed-role/migrator/credproc$`},
		{"AssumedRoleId", *out.AssumedRoleUser.AssumedRoleId, `^AROA[A-Z0-9]{17}:credproc$`},
		{"Subject", *out.SubjectFromWebIdentityToken, "^" + subject + "$"},
		{"Audience", *out.Audience, `^sts\.amazonaws\.com$`},
		{"Provider", *out.Provider, "^" + regexp.QuoteMeta(iss.URL) + "$"},
	} {
		if !regexp.MustCompile(field.pattern).MatchString(field.value) {
			t.Errorf("%s = %q, want %s", field.name, field.value, field.pattern)
		}
	}
	if life := c.Expiration.Sub(before); life < time.Hour || life > time.Hour+time.Minute {
		t.Errorf("credentials live %v, want an hour", life)
	}
	again, err := assume(s, input(iss.Token(Claims{})))
	if err != nil {
		t.Fatal(err)
	}
	if *again.Credentials.AccessKeyId == *c.AccessKeyId {
		t.Error("two sessions share an access key id")
	}

	call := s.Log()[0]
	if call.Subject != subject || call.Outcome != "OK" || call.Form.Get("RoleSessionName") != "credproc" || call.Form.Has("WebIdentityToken") {
		t.Errorf("logged %+v", call)
	}
	if all, ok, other := s.Calls(), s.Calls("AssumeRoleWithWebIdentity", "OK"), s.Calls("AccessDenied"); all != 2 || ok != 2 || other != 0 {
		t.Errorf("counted %d calls, %d OK, %d denied; want 2, 2, 0", all, ok, other)
	}
}

func TestLifetime(t *testing.T) {
	iss, s := start(t)
	now := time.Date(2026, 11, 12, 14, 0, 0, 500e6, time.UTC)
	s.SetClock(func() time.Time { return now })
	token := iss.Token(Claims{IssuedAt: now})
	for _, test := range []struct {
		lifetime time.Duration
		seconds  *int32
		want     time.Duration
	}{
		{0, nil, time.Hour},
		{0, aws.Int32(900), 15 * time.Minute},
		{3 * time.Second, nil, 3 * time.Second},
		{3 * time.Second, aws.Int32(900), 15 * time.Minute},
	} {
		s.SetLifetime(test.lifetime)
		out, err := assume(s, input(token, func(in *sts.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = test.seconds }))
		if err != nil {
			t.Fatal(err)
		}
		if want := now.Add(test.want).Truncate(time.Second); !out.Credentials.Expiration.Equal(want) {
			t.Errorf("lifetime %v: expires %v, want %v", test.lifetime, out.Credentials.Expiration, want)
		}
	}
}

func TestParameterLimits(t *testing.T) {
	iss, s := start(t)
	s.AddRole(Role{ARN: "arn:minio:iam:::role/abc"})
	s.AddRole(Role{ARN: "arn:aws:iam::111122223333:role/long", MaxSessionDuration: 12 * time.Hour})
	token := iss.Token(Claims{})
	policy := func(n int) *string {
		p := `{"Statement":[]}`
		return aws.String(p + strings.Repeat(" ", n-len(p)))
	}
	arns := func(n int, arn string) []types.PolicyDescriptorType {
		l := make([]types.PolicyDescriptorType, n)
		for i := range l {
			l[i].Arn = aws.String(arn)
		}
		return l
	}
	const viewOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	type in = sts.AssumeRoleWithWebIdentityInput
	for _, test := range []struct {
		name          string
		change        func(*in)
		code, message string // empty: accepted
	}{
		{"MinIO's ARN", func(i *in) { i.RoleArn = aws.String("arn:minio:iam:::role/abc") }, "", ""},
		{"short ARN", func(i *in) { i.RoleArn = aws.String("arn:aws:iam::1:role") }, "ValidationError",
			"1 validation error detected: Value 'arn:aws:iam::1:role' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"},
		{"not an ARN", func(i *in) { i.RoleArn = aws.String("the role of the migrator") }, "ValidationError", "Request ARN is invalid"},
		{"session name with a space", func(i *in) { i.RoleSessionName = aws.String("a b") }, "ValidationError",
			`1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`},
		{"session name of 1", func(i *in) { i.RoleSessionName = aws.String("a") }, "ValidationError",
			"1 validation error detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		{"session name of 64", func(i *in) { i.RoleSessionName = aws.String(strings.Repeat("=,.@-_+9", 8)) }, "", ""},
		{"session name of 65", func(i *in) { i.RoleSessionName = aws.String(strings.Repeat("a", 65)) }, "ValidationError",
			"1 validation error detected: Value '" + strings.Repeat("a", 65) + "' at 'roleSessionName' failed to satisfy constraint: Member must have length less than or equal to 64"},
		{"short token", func(i *in) { i.WebIdentityToken = aws.String("abc") }, "ValidationError",
			"1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than or equal to 4"},
		{"long token", func(i *in) { i.WebIdentityToken = aws.String(strings.Repeat("x", 20001)) }, "ValidationError",
			"1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000"},
		{"two errors", func(i *in) { i.RoleSessionName = aws.String("a"); i.WebIdentityToken = aws.String("abc") }, "ValidationError",
			"2 validation errors detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2; Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than or equal to 4"},
		{"899 s", func(i *in) { i.DurationSeconds = aws.Int32(899) }, "ValidationError",
			"1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{"900 s", func(i *in) { i.DurationSeconds = aws.Int32(900) }, "", ""},
		{"43201 s", func(i *in) { i.DurationSeconds = aws.Int32(43201) }, "ValidationError",
			"1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200"},
		{"more than the role's hour", func(i *in) { i.DurationSeconds = aws.Int32(3601) }, "ValidationError",
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"43200 s of a role that allows it", func(i *in) {
			i.RoleArn = aws.String("arn:aws:iam::111122223333:role/long")
			i.DurationSeconds = aws.Int32(43200)
		}, "", ""},
		{"policy of 2048", func(i *in) { i.Policy = policy(2048) }, "", ""},
		{"policy of 2049", func(i *in) { i.Policy = policy(2049) }, "ValidationError",
			"1 validation error detected: Value '" + *policy(2049) + "' at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		{"policy that is no JSON", func(i *in) { i.Policy = aws.String("{") }, "MalformedPolicyDocument", "Syntax errors in policy."},
		{"policy without a statement", func(i *in) { i.Policy = aws.String("{}") }, "MalformedPolicyDocument", "Syntax errors in policy."},
		{"10 policy ARNs", func(i *in) { i.PolicyArns = arns(10, viewOnly) }, "", ""},
		{"11 policy ARNs", func(i *in) { i.PolicyArns = arns(11, viewOnly) }, "ValidationError",
			"1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10"},
		{"short policy ARN", func(i *in) { i.PolicyArns = arns(1, "arn") }, "ValidationError",
			"1 validation error detected: Value 'arn' at 'policyArns.1.member.arn' failed to satisfy constraint: Member must have length greater than or equal to 20"},
		{"unknown parameter", func(i *in) { i.ProviderId = aws.String("www.amazon.com") }, "ValidationError", "unknown parameter ProviderId"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := assume(s, input(token, test.change))
			if test.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantAPIError(t, err, http.StatusBadRequest, test.code, test.message)
			if s.Calls(test.code) == 0 {
				t.Error("the refusal was not counted")
			}
		})
	}
}

func TestTokens(t *testing.T) {
	iss, s := start(t)
	other, closed := NewIssuer(), NewIssuer()
	t.Cleanup(other.Close)
	closed.Close()
	s.Trust(closed.URL)
	now := time.Date(2026, 11, 12, 14, 0, 0, 0, time.UTC)
	s.SetClock(func() time.Time { return now })
	mint := func(c Claims) string {
		if c.IssuedAt.IsZero() {
			c.IssuedAt = now
		}
		return iss.Token(c)
	}
	const notJWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
	const noKey = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"
	const badAlg = "Token is signed with an unsupported algorithm: "
	flip := func(token string) string {
		i := strings.LastIndexByte(token, '.') + 1
		c := byte('A')
		if token[i] == c {
			c = 'B'
		}
		return token[:i] + string(c) + token[i+1:]
	}
	for _, test := range []struct{ name, token, code, message string }{
		{"RS256", mint(Claims{}), "", ""},
		{"RS512", mint(Claims{Algorithm: "RS512"}), "", ""},
		{"ES256", mint(Claims{Algorithm: "ES256"}), "", ""},
		{"audience as a string", mint(Claims{Extra: map[string]any{"aud": "sts.amazonaws.com"}}), "", ""},
		{"one audience of many", mint(Claims{Extra: map[string]any{"aud": []string{"x", "sts.amazonaws.com"}}}), "", ""},
		{"no nbf", mint(Claims{Extra: map[string]any{"nbf": nil}}), "", ""},
		{"a second before exp", mint(Claims{Expiry: now.Add(time.Second)}), "", ""},
		{"no JWT", "not.a.jwt", "InvalidIdentityToken", notJWT},
		{"newline", mint(Claims{}) + "\n", "InvalidIdentityToken", notJWT},
		{"byte order mark", "\ufeff" + mint(Claims{}), "InvalidIdentityToken", notJWT},
		{"alg none", mint(Claims{Algorithm: "none"}), "InvalidIdentityToken", badAlg + "none"},
		{"alg HS256", mint(Claims{Algorithm: "HS256"}), "InvalidIdentityToken", badAlg + "HS256"},
		{"alg PS256", mint(Claims{Algorithm: "PS256"}), "InvalidIdentityToken", badAlg + "PS256"},
		{"alg EdDSA", mint(Claims{Algorithm: "EdDSA"}), "InvalidIdentityToken", badAlg + "EdDSA"},
		{"forged", mint(Claims{Forged: true}), "InvalidIdentityToken", "Token signature is invalid"},
		{"forged ES256", mint(Claims{Forged: true, Algorithm: "ES256"}), "InvalidIdentityToken", "Token signature is invalid"},
		{"changed", flip(mint(Claims{})), "InvalidIdentityToken", "Token signature is invalid"},
		{"key of another type", mint(Claims{KeyID: ecKeyID}), "InvalidIdentityToken", "Token signature is invalid"},
		{"unknown key", mint(Claims{KeyID: "x"}), "InvalidIdentityToken", noKey},
		{"unreachable issuer", closed.Token(Claims{IssuedAt: now}), "InvalidIdentityToken", noKey},
		{"another issuer", other.Token(Claims{IssuedAt: now}), "InvalidIdentityToken", "No OpenIDConnect provider found in your account for " + other.URL},
		{"another audience", mint(Claims{Audience: "pods.eks.amazonaws.com"}), "InvalidIdentityToken", "Incorrect token audience"},
		{"no iss", mint(Claims{Extra: map[string]any{"iss": nil}}), "InvalidIdentityToken", "Missing a required claim: iss"},
		{"no sub", mint(Claims{Extra: map[string]any{"sub": nil}}), "InvalidIdentityToken", "Missing a required claim: sub"},
		{"no aud", mint(Claims{Extra: map[string]any{"aud": nil}}), "InvalidIdentityToken", "Missing a required claim: aud"},
		{"no exp", mint(Claims{Extra: map[string]any{"exp": nil}}), "InvalidIdentityToken", "Missing a required claim: exp"},
		{"no iat", mint(Claims{Extra: map[string]any{"iat": nil}}), "InvalidIdentityToken", "Missing a required claim: iat"},
		{"exp is a word", mint(Claims{Extra: map[string]any{"exp": "soon"}}), "InvalidIdentityToken", notJWT},
		{"expired this second", mint(Claims{IssuedAt: now.Add(-time.Hour), Expiry: now}), "ExpiredTokenException",
			"Token expired: current date/time 1794492000 must be before the expiration date/time1794492000"},
		{"not yet valid", mint(Claims{NotBefore: now.Add(time.Second)}), "InvalidIdentityToken",
			"Token is not yet valid: current date/time 1794492000 must not be before 1794492001"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := assume(s, input(test.token))
			if test.code != "" {
				wantAPIError(t, err, http.StatusBadRequest, test.code, test.message)
			} else if err != nil || *out.Audience != "sts.amazonaws.com" {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestTrust(t *testing.T) {
	iss, s := start(t)
	s.Trust(iss.URL, "sts.amazonaws.com", "ci")
	s.AddRole(Role{ARN: migrator, Subjects: []string{subject}, Audiences: []string{"sts.amazonaws.com"}})
	const unknown = "arn:aws:iam::111122223333:role/unknown"
	for _, test := range []struct {
		name, arn string
		claims    Claims
		allowed   bool
	}{
		{"trusted", migrator, Claims{}, true},
		{"another subject", migrator, Claims{Subject: "someone"}, false},
		{"another audience", migrator, Claims{Audience: "ci"}, false},
		{"unknown role", unknown, Claims{}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := assume(s, input(iss.Token(test.claims), func(in *sts.AssumeRoleWithWebIdentityInput) { in.RoleArn = &test.arn }))
			if !test.allowed {
				wantAPIError(t, err, http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
