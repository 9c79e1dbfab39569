package sourcetest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const (
	admin = "arn:aws:iam::444455556666:role/admin"
	user  = "arn:aws:iam::111122223333:user/dev"
)

func fixed(c aws.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
}

// session returns credentials of the migrator.
func session(t *testing.T, iss *Issuer, s *STS) aws.Credentials {
	t.Helper()
	out, err := assume(s, input(iss.Token(Claims{})))
	if err != nil {
		t.Fatal(err)
	}
	c := out.Credentials
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

func TestAssumeRole(t *testing.T) {
	iss, s := start(t)
	const external = "arn:aws:iam::444455556666:role/external"
	const private = "arn:aws:iam::444455556666:role/private"
	s.AddRole(Role{ARN: admin, Callers: []string{migrator, user}, MaxSessionDuration: 2 * time.Hour})
	s.AddRole(Role{ARN: external, ExternalID: "x-1"})
	s.AddRole(Role{ARN: private, Callers: []string{"arn:aws:sts::111122223333:assumed-role/migrator/credproc"}})
	chained := session(t, iss, s)
	var dev aws.Credentials
	dev.AccessKeyID, dev.SecretAccessKey = s.AddUser(user)

	tags := func(keys ...string) []types.Tag {
		var l []types.Tag
		for _, key := range keys {
			l = append(l, types.Tag{Key: aws.String(key), Value: aws.String("")})
		}
		return l
	}
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprint("k", i)
	}
	denied := func(who, role string) string {
		return "User: " + who + " is not authorized to perform: sts:AssumeRole on resource: " + role
	}
	const mine = "arn:aws:sts::111122223333:assumed-role/migrator/credproc"
	const constraint = "' failed to satisfy constraint: Member must "
	type in = sts.AssumeRoleInput
	for _, test := range []struct {
		name          string
		caller        aws.Credentials
		change        func(*in)
		status        int // 0: accepted
		code, message string
	}{
		{"chained", chained, func(*in) {}, 0, "", ""},
		{"by a user", dev, func(*in) {}, 0, "", ""},
		{"everything", dev, func(i *in) {
			i.ExternalId = aws.String("a:b/c")
			i.SourceIdentity = aws.String("me@example.com")
			i.Tags = tags(many[:50]...)
			i.TransitiveTagKeys = []string{"K1", "k2"}
			i.Policy = aws.String(`{"Statement":[]}`)
			i.DurationSeconds = aws.Int32(7200)
		}, 0, "", ""},
		{"chained for an hour", chained, func(i *in) { i.DurationSeconds = aws.Int32(3600) }, 0, "", ""},
		{"chained for longer", chained, func(i *in) { i.DurationSeconds = aws.Int32(3601) }, 400, "ValidationError",
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."},
		{"longer than the role allows", dev, func(i *in) { i.DurationSeconds = aws.Int32(7201) }, 400, "ValidationError",
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"trusts one session", chained, func(i *in) { i.RoleArn = aws.String(private) }, 0, "", ""},
		{"does not trust the user", dev, func(i *in) { i.RoleArn = aws.String(private) }, 403, "AccessDenied", denied(user, private)},
		{"unknown role", chained, func(i *in) { i.RoleArn = aws.String(admin + "x") }, 403, "AccessDenied", denied(mine, admin+"x")},
		{"external id", chained, func(i *in) { i.RoleArn = aws.String(external); i.ExternalId = aws.String("x-1") }, 0, "", ""},
		{"wrong external id", chained, func(i *in) { i.RoleArn = aws.String(external); i.ExternalId = aws.String("x-2") }, 403, "AccessDenied", denied(mine, external)},
		{"no external id", chained, func(i *in) { i.RoleArn = aws.String(external) }, 403, "AccessDenied", denied(mine, external)},
		{"long external id", chained, func(i *in) { i.ExternalId = aws.String(strings.Repeat("x", 1225)) }, 400, "ValidationError",
			"1 validation error detected: Value '" + strings.Repeat("x", 1225) + "' at 'externalId" + constraint + "have length less than or equal to 1224"},
		{"source identity", chained, func(i *in) { i.SourceIdentity = aws.String("a b") }, 400, "ValidationError",
			"1 validation error detected: Value 'a b' at 'sourceIdentity" + constraint + `satisfy regular expression pattern: [\w+=,.@-]*`},
		{"51 tags", chained, func(i *in) { i.Tags = tags(many...) }, 400, "ValidationError",
			"1 validation error detected: Value at 'tags" + constraint + "have length less than or equal to 50"},
		{"long tag key", chained, func(i *in) { i.Tags = tags(strings.Repeat("k", 129)) }, 400, "ValidationError",
			"1 validation error detected: Value '" + strings.Repeat("k", 129) + "' at 'tags.1.member.key" + constraint + "have length less than or equal to 128"},
		{"tag twice", chained, func(i *in) { i.Tags = tags("a", "A") }, 400, "InvalidParameterValue",
			"Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		{"transitive key without a tag", chained, func(i *in) { i.TransitiveTagKeys = []string{"a"} }, 400, "InvalidParameterValue",
			"The specified transitive tag key must be included in the requested tags."},
		{"unknown parameter", chained, func(i *in) { i.TokenCode = aws.String("123456") }, 400, "ValidationError", "unknown parameter TokenCode"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := &in{RoleArn: aws.String(admin), RoleSessionName: aws.String("next")}
			test.change(in)
			out, err := client(s.URL, fixed(test.caller)).AssumeRole(context.Background(), in)
			if test.status != 0 {
				wantAPIError(t, err, test.status, test.code, test.message)
			} else if err != nil {
				t.Error(err)
			} else if arn := *out.AssumedRoleUser.Arn; !strings.HasSuffix(arn, "/next") {
				t.Errorf("assumed %s", arn)
			}
		})
	}
}

func TestGetCallerIdentity(t *testing.T) {
	iss, s := start(t)
	now := time.Now().Truncate(time.Second).Add(time.Second / 2)
	s.SetClock(func() time.Time { return now })
	s.SetLifetime(time.Minute)
	good := session(t, iss, s)
	var dev aws.Credentials
	dev.AccessKeyID, dev.SecretAccessKey = s.AddUser(user)
	changed := func(f func(*aws.Credentials)) aws.Credentials {
		c := good
		f(&c)
		return c
	}
	const invalidToken = "The security token included in the request is invalid."
	const mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	for _, test := range []struct {
		name          string
		caller        aws.Credentials
		skew          time.Duration
		code, message string
	}{
		{"session", good, 0, "", ""},
		{"user", dev, 0, "", ""},
		{"unknown key", changed(func(c *aws.Credentials) { c.AccessKeyID = "ASIAUNKNOWN" }), 0, "InvalidClientTokenId", invalidToken},
		{"unknown user", aws.Credentials{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: "x"}, 0, "InvalidClientTokenId", invalidToken},
		{"no session token", changed(func(c *aws.Credentials) { c.SessionToken = "" }), 0, "InvalidClientTokenId", invalidToken},
		{"another's session token", changed(func(c *aws.Credentials) { c.SessionToken = session(t, iss, s).SessionToken }), 0, "InvalidClientTokenId", invalidToken},
		{"wrong secret", changed(func(c *aws.Credentials) { c.SecretAccessKey += "x" }), 0, "SignatureDoesNotMatch", mismatch},
		{"in its last second", good, time.Minute - time.Second, "", ""},
		{"expired at the second that was told", good, time.Minute - time.Second/2, "ExpiredToken", "The security token included in the request is expired"},
		{"signature too old", dev, 6 * time.Minute, "SignatureDoesNotMatch", "Signature expired: "},
		{"signature too new", dev, -6 * time.Minute, "SignatureDoesNotMatch", "Signature not yet current: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.SetFault(Skew(test.skew))
			out, err := client(s.URL, fixed(test.caller)).GetCallerIdentity(context.Background(), nil)
			if test.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				want := user
				if test.caller == good {
					want = "arn:aws:sts::111122223333:assumed-role/migrator/credproc"
				}
				if *out.Arn != want || *out.Account != "111122223333" || *out.UserId == "" {
					t.Errorf("got %s in %s, want %s", *out.Arn, *out.Account, want)
				}
				return
			}
			if strings.HasSuffix(test.message, ": ") { // a date follows
				if err == nil || !strings.Contains(err.Error(), test.code+": "+test.message) {
					t.Errorf("got %v, want %s", err, test.message)
				}
				return
			}
			wantAPIError(t, err, http.StatusForbidden, test.code, test.message)
			calls := s.Log()
			if call := calls[len(calls)-1]; call.AccessKeyID != test.caller.AccessKeyID || call.Outcome != test.code {
				t.Errorf("logged %+v", call)
			}
		})
	}
}

// Signatures that the SDK's client would not make, made by the SDK's signer.
func TestSignature(t *testing.T) {
	iss, s := start(t)
	creds := session(t, iss, s)
	const body = "Action=GetCallerIdentity&Version=2011-06-15"
	for _, test := range []struct {
		name, service, signedBody string
		change                    func(*http.Request)
		want                      string // the beginning of the message
	}{
		{"as it should be", "sts", body, nil, ""},
		{"for another service", "s3", body, nil, "Credential should be scoped to correct service"},
		{"of another body", "sts", body + "&", nil, "The request signature we calculated"},
		{"of another host", "sts", body, func(r *http.Request) { r.Host = "sts.amazonaws.com" }, "The request signature we calculated"},
		{"without the session token", "sts", body, func(r *http.Request) {
			a := r.Header.Get("Authorization")
			r.Header.Set("Authorization", strings.Replace(a, ";x-amz-security-token", "", 1))
		}, "'x-amz-security-token' must be a 'SignedHeader'"},
		{"cut off", "sts", body, func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x") }, "Authorization header requires"},
	} {
		t.Run(test.name, func(t *testing.T) {
			req, err := http.NewRequest("POST", s.URL, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("X-Spaces", "  a   b ")
			err = v4.NewSigner().SignHTTP(t.Context(), creds, req, hexSHA256([]byte(test.signedBody)), test.service, "eu-west-1", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if test.change != nil {
				test.change(req)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			answer, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			_, message, _ := strings.Cut(string(answer), "<Message>")
			message = strings.ReplaceAll(message, "&#39;", "'")
			if ok := resp.StatusCode == http.StatusOK; ok != (test.want == "") || !strings.HasPrefix(message, test.want) {
				t.Errorf("got %s %s, want %q", resp.Status, answer, test.want)
			}
		})
	}
}
