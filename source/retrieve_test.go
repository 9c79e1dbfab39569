package source

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/credproc/credproc/source/sourcetest"
	"github.com/credproc/credproc/source/token"
)

func TestRetrieve(t *testing.T) {
	_, s, w := start(t)
	before := time.Now()
	creds, err := w.Retrieve(minute(t))
	after := time.Now()
	if err != nil {
		t.Fatal(err)
	}
	wantCalls(t, s, 1)
	if !creds.Complete() || creds.AccountID != "111122223333" || creds.Identity != w.Key().Identity || creds.Identity == "" {
		t.Errorf("got %v, account %q, identity %q", creds, creds.AccountID, creds.Identity)
	}
	if creds.Issued.Before(before.Round(0)) || creds.Issued.After(after.Round(0)) {
		t.Errorf("issued at %v, not in %v to %v", creds.Issued, before, after)
	}
	wantExpiration(t, creds, before.Add(time.Hour), after.Add(time.Hour))

	// STS takes the signature only with the very keys and token that it issued.
	client := sts.New(sts.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(s.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey, SessionToken: creds.SessionToken}, nil
		}),
	})
	who, err := client.GetCallerIdentity(minute(t), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(who.Arn); got != "arn:aws:sts::111122223333:assumed-role/migrator/credproc" {
		t.Errorf("the credentials are those of %s", got)
	}
}

// wantExpiration allows two seconds: STS cuts off fractions, and its Date is a
// second wide.
func wantExpiration(t *testing.T, creds Credentials, from, to time.Time) {
	t.Helper()
	if from, to = from.Add(-2*time.Second), to.Add(2*time.Second); creds.Expiration.Before(from) || creds.Expiration.After(to) {
		t.Errorf("expires at %v, not in %v to %v", creds.Expiration, from, to)
	}
}

// What is sent, parameter by parameter.
func TestRetrieveSends(t *testing.T) {
	const read, list = "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
	const policy = `{"Version":"2012-10-17","Statement":[]}`
	for _, test := range []struct {
		name   string
		change func(*WebIdentity)
		want   map[string]string // besides what is always sent
	}{
		{"no more than needed", func(*WebIdentity) {}, nil},
		{"duration", func(w *WebIdentity) { w.Duration = 90 * time.Minute }, map[string]string{"DurationSeconds": "5400"}},
		{"duration with a fraction", func(w *WebIdentity) { w.Duration = 15*time.Minute + 900*time.Millisecond }, map[string]string{"DurationSeconds": "900"}},
		{"longest duration", func(w *WebIdentity) { w.Duration = 12 * time.Hour }, map[string]string{"DurationSeconds": "43200"}},
		{"policy", func(w *WebIdentity) { w.Policy = policy }, map[string]string{"Policy": policy}},
		{"policy ARNs", func(w *WebIdentity) { w.PolicyARNs = []string{read, list} },
			map[string]string{"PolicyArns.member.1.arn": read, "PolicyArns.member.2.arn": list}},
		{"session name", func(w *WebIdentity) { w.SessionName = "a+b=c,d.e@f-g_h" }, map[string]string{"RoleSessionName": "a+b=c,d.e@f-g_h"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, s, w := start(t)
			s.AddRole(sourcetest.Role{ARN: migrator, MaxSessionDuration: 12 * time.Hour})
			test.change(w)
			before := time.Now()
			creds, err := w.Retrieve(minute(t))
			after := time.Now()
			if err != nil {
				t.Fatal(err)
			}
			want := url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {migrator}, "RoleSessionName": {"credproc"}}
			for name, value := range test.want {
				want.Set(name, value)
			}
			if got := s.Log()[0].Form; !maps.EqualFunc(got, want, slices.Equal) {
				t.Errorf("sent %v\nwant %v", got, want)
			}
			life := w.Duration.Truncate(time.Second)
			if life == 0 {
				life = time.Hour
			}
			wantExpiration(t, creds, before.Add(life), after.Add(life))
		})
	}
}

// As with MinIO, whose ARNs name no account.
func TestRetrieveWithoutAccount(t *testing.T) {
	_, s, w := start(t)
	w.RoleARN = "arn:minio:iam:::role/idmp-migrator"
	s.AddRole(sourcetest.Role{ARN: w.RoleARN})
	s.SetLifetime(30 * time.Second)
	before := time.Now()
	creds, err := w.Retrieve(minute(t))
	after := time.Now()
	if err != nil || creds.AccountID != "" {
		t.Fatalf("account %q, error %v", creds.AccountID, err)
	}
	wantExpiration(t, creds, before.Add(30*time.Second), after.Add(30*time.Second))
}

func TestRetrieveAtOnce(t *testing.T) {
	_, s, w := start(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := w.Retrieve(minute(t)); err != nil {
				t.Error(err)
			}
			w.Key()
		})
	}
	wg.Wait()
	wantCalls(t, s, 8)
}

// STS's own refusals end it at the first, but for AccessDenied.
func TestRetrieveRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		change        func(*sourcetest.STS, *WebIdentity)
		claims        sourcetest.Claims
		code, message string
		calls         int
	}{
		{"unknown role", func(_ *sourcetest.STS, w *WebIdentity) {}, sourcetest.Claims{Subject: "somebody else"},
			"AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 2},
		{"audience", nil, sourcetest.Claims{Audience: "pods.eks.amazonaws.com"},
			"InvalidIdentityToken", "Incorrect token audience; the token is for pods.eks.amazonaws.com", 1},
		{"forged", nil, sourcetest.Claims{Forged: true},
			"InvalidIdentityToken", "Token signature is invalid", 1},
		{"claim missing", nil, sourcetest.Claims{Extra: map[string]any{"iat": nil}},
			"InvalidIdentityToken", "Missing a required claim: iat", 1},
		{"not yet valid", func(s *sourcetest.STS, _ *WebIdentity) {
			s.SetClock(func() time.Time { return time.Unix(1_800_000_000, 0) })
		}, sourcetest.Claims{IssuedAt: time.Unix(1_800_000_060, 0), Expiry: time.Now().Add(10000 * time.Hour)},
			"InvalidIdentityToken", "Token is not yet valid: current date/time 1800000000 must not be before 1800000060", 1},
		{"duration", func(_ *sourcetest.STS, w *WebIdentity) { w.Duration = 2 * time.Hour }, sourcetest.Claims{},
			"ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", 1},
		{"session name", func(_ *sourcetest.STS, w *WebIdentity) { w.SessionName = "x" }, sourcetest.Claims{},
			"ValidationError", "1 validation error detected: Value 'x' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2", 1},
		{"policy", func(_ *sourcetest.STS, w *WebIdentity) { w.Policy = "{" }, sourcetest.Claims{},
			"MalformedPolicyDocument", "Syntax errors in policy.", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			iss, s, w := start(t)
			s.AddRole(sourcetest.Role{ARN: migrator, Subjects: []string{subject}})
			if test.change != nil {
				test.change(s, w)
			}
			writeToken(t, iss, w, test.claims)
			_, err := w.Retrieve(minute(t))
			wantError(t, err, KindRefused, test.code, assuming+test.code+": "+test.message)
			wantCalls(t, s, test.calls)
		})
	}
	for _, test := range []struct {
		status        int
		code, message string
		calls         int
	}{
		{400, "IDPRejectedClaim", "The identity provider (IdP) reported that authentication failed.", 1},
		{400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://issuer.example", 1},
		{400, "PackedPolicyTooLarge", "Packed size 101%", 1},
		{403, "RegionDisabledException", "STS is not activated in this region for account:111122223333.", 1},
		{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 2},
		{400, "SomethingNew", "that nobody has heard of", 1},
		{400, "SomethingNew", "", 1},
		{404, "UnknownOperationException", "The requested operation is not supported", 1},
	} {
		t.Run(test.code, func(t *testing.T) {
			t.Parallel()
			_, s, w := start(t)
			s.SetFault(sourcetest.Refuse(test.status, test.code, test.message))
			_, err := w.Retrieve(minute(t))
			wantError(t, err, KindRefused, test.code, strings.TrimSuffix(assuming+test.code+": "+test.message, ": "))
			wantCalls(t, s, test.calls)
		})
	}
}

// AccessDenied has been seen to pass by itself.
func TestRetrieveAfterAccessDenied(t *testing.T) {
	_, s, w := start(t)
	s.SetFaults(sourcetest.Refuse(403, "AccessDenied", "not yet"))
	if _, err := w.Retrieve(minute(t)); err != nil {
		t.Fatal(err)
	}
	wantCalls(t, s, 2)
}

// The token must not follow a redirect to another server.
func TestRetrieveFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			_, s, w := start(t)
			var once sync.Once
			ctx := newDeadline(t)
			door := serve(t, func(rw http.ResponseWriter, r *http.Request) {
				http.Redirect(rw, r, s.URL, status)
			})
			w.STS.URL = door
			w.Token = &watched{File: w.Token.(token.File), before: func(try int) {
				if try == 2 {
					once.Do(ctx.pass)
				}
			}}
			_, err := w.Retrieve(ctx)
			wantError(t, err, KindUnreachable, "", fmt.Sprintf("%sSTS at %s: HTTP status %d without an error code; this does not look like STS", assuming, door, status))
			wantCalls(t, s, 0)
		})
	}
}
