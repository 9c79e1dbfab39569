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
			"InvalidIdentityToken", "Incorrect token audience", 1},
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

const couldNot = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"

// Faults that pass do not keep credentials from those who wait; those that do
// not pass are named when time is up, though the last try was cut short.
func TestRetrieveThroughFaults(t *testing.T) {
	answered := "STS at URL: "
	for _, test := range []struct {
		name  string
		fault sourcetest.Fault
		code  string
		text  string // of the error when it does not pass
	}{
		{"throttled", sourcetest.Throttle(), "Throttling", answered + "Throttling: Rate exceeded"},
		{"throttled as 429", sourcetest.Refuse(429, "Whatever", "slower"), "Whatever", answered + "Whatever: slower"},
		{"unavailable", sourcetest.Refuse(503, "ServiceUnavailable", "come back later"), "ServiceUnavailable", answered + "ServiceUnavailable: come back later"},
		{"internal failure", sourcetest.Refuse(500, "InternalFailure", ""), "InternalFailure", answered + "InternalFailure"},
		{"unknown code with 5xx", sourcetest.Refuse(502, "Whatever", "oh"), "Whatever", answered + "Whatever: oh"},
		{"provider unreachable", sourcetest.Refuse(400, "IDPCommunicationError", "try again"), "IDPCommunicationError", answered + "IDPCommunicationError: try again"},
		{"no verification key", sourcetest.Refuse(400, "InvalidIdentityToken", couldNot), "InvalidIdentityToken", answered + "InvalidIdentityToken: " + couldNot},
		{"web page", sourcetest.HTML(200), "", answered + "an answer that is not STS's XML"},
		{"web page with 503", sourcetest.HTML(503), "", answered + "HTTP status 503 Service Unavailable"},
		{"web page with 403", sourcetest.HTML(403), "", answered + "HTTP status 403 without an error code; this does not look like STS"},
		{"empty", sourcetest.Empty(), "", answered + "the answer holds no complete credentials"},
		{"empty result", sourcetest.EmptyResult(), "", answered + "the answer holds no complete credentials"},
		{"without key id", sourcetest.Without("AccessKeyId"), "", answered + "the answer holds no complete credentials"},
		{"without secret", sourcetest.Without("SecretAccessKey"), "", answered + "the answer holds no complete credentials"},
		{"without session token", sourcetest.Without("SessionToken"), "", answered + "the answer holds no complete credentials"},
		{"without expiration", sourcetest.Without("Expiration"), "", answered + "the answer holds no complete credentials"},
		{"half", sourcetest.Half(), "", answered + "an answer that is not STS's XML"},
		{"huge", sourcetest.Huge(), "", answered + "an answer that is not STS's XML"},
		{"dropped", sourcetest.Drop(), "", answered + "EOF"},
		{"expired already", sourcetest.Together(sourcetest.Skew(-24*time.Hour), sourcetest.NoDate()), "",
			answered + "the answer holds credentials that have expired already; compare this machine's clock"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			iss, s, w := start(t)
			now := time.Now()
			writeToken(t, iss, w, sourcetest.Claims{IssuedAt: now.Add(-48 * time.Hour), Expiry: now.Add(48 * time.Hour)})
			s.SetFaults(test.fault, test.fault)
			creds, err := w.Retrieve(minute(t))
			if err != nil || !creds.Complete() {
				t.Errorf("did not outlast it: %v", err)
			}
			wantCalls(t, s, 3)

			s.SetFault(test.fault)
			ctx := newDeadline(t)
			w.Token = &watched{File: w.Token.(token.File), before: func(try int) {
				if try == 3 {
					ctx.pass()
				}
			}}
			creds, err = w.Retrieve(ctx)
			wantError(t, err, KindUnreachable, test.code, assuming+strings.ReplaceAll(test.text, "URL", s.URL))
			if (creds != Credentials{}) {
				t.Errorf("credentials besides the error: %v", creds)
			}
			wantCalls(t, s, 5)
		})
	}
}

// IDPCommunicationError seldom passes: four tries are all it gets.
func TestRetrieveLimitsIDPCommunicationError(t *testing.T) {
	t.Parallel()
	_, s, w := start(t)
	s.SetFault(sourcetest.Refuse(400, "IDPCommunicationError", "try again"))
	_, err := w.Retrieve(minute(t))
	wantError(t, err, KindUnreachable, "IDPCommunicationError", assuming+"STS at "+s.URL+": IDPCommunicationError: try again")
	wantCalls(t, s, 4)
}

// Every try has its token from the file, as it then is.
func TestRetrieveReadsTokenAnew(t *testing.T) {
	t.Parallel()
	iss, s, w := start(t)
	file := w.Token.(token.File)
	asked := w.Key()
	s.SetFaults(sourcetest.Throttle(), sourcetest.Throttle())
	source := &watched{File: file}
	source.before = func(try int) {
		if err := iss.WriteToken(string(file), sourcetest.Claims{Subject: fmt.Sprint("subject ", try)}); err != nil {
			t.Error(err)
		}
	}
	w.Token = source
	creds, err := w.Retrieve(minute(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, call := range s.Log() {
		if want := fmt.Sprint("subject ", i+1); call.Subject != want {
			t.Errorf("call %d came with the token of %s, want %s", i+1, call.Subject, want)
		}
	}
	if key := w.Key(); creds.Identity == asked.Identity || creds.Identity != key.Identity || key.Subject != "subject 3" {
		t.Errorf("identity %s, want that of subject 3", creds.Identity)
	}
}

func TestRetrieveHangs(t *testing.T) {
	t.Parallel()
	_, s, w := start(t)
	s.SetFault(sourcetest.Hang())
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := w.Retrieve(ctx)
	wantError(t, err, KindDeadline, "", assuming+"STS at "+s.URL+": no answer in time")
	if took := time.Since(began); took > 4*time.Second { // less than one try's own limit
		t.Errorf("came back after %v", took)
	}
}

// A try that is never answered does not take the whole time.
func TestRetrieveAfterHang(t *testing.T) {
	t.Parallel()
	_, s, w := start(t)
	s.SetFaults(sourcetest.Hang())
	ctx, cancel := context.WithTimeout(context.Background(), 6*firstLimit)
	defer cancel()
	if _, err := w.Retrieve(ctx); err != nil {
		t.Fatal(err)
	}
	wantCalls(t, s, 2)
}

// What STS said is more telling than that it then fell silent, and than that
// somebody gave up.
func TestRetrieveNamesLastAnswer(t *testing.T) {
	for _, test := range []struct {
		name string
		err  func(*deadline) context.Context
	}{
		{"deadline", func(d *deadline) context.Context { return d }},
		{"canceled", func(d *deadline) context.Context {
			ctx, cancel := context.WithCancel(d.Context)
			context.AfterFunc(d, cancel)
			return ctx
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, s, w := start(t)
			end := newDeadline(t)
			hang := sourcetest.Hang()
			s.SetFaults(sourcetest.Throttle(), sourcetest.Together(func() sourcetest.Fault {
				go func() {
					for s.Calls("Hang") == 0 && end.Context.Err() == nil {
						time.Sleep(time.Millisecond)
					}
					end.pass()
				}()
				return hang
			}()))
			_, err := w.Retrieve(test.err(end))
			wantError(t, err, KindUnreachable, "Throttling", assuming+"STS at "+s.URL+": Throttling: Rate exceeded")
			wantCalls(t, s, 2)
		})
	}
}

func TestRetrieveCanceled(t *testing.T) {
	_, s, w := start(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := w.Retrieve(ctx)
	wantError(t, err, KindDeadline, "", assuming+"STS at "+s.URL+": no answer in time")
	wantCalls(t, s, 0)
}

func TestRetrieveConnectionRefused(t *testing.T) {
	t.Parallel()
	_, s, w := start(t)
	s.Close()
	address := strings.TrimPrefix(s.URL, "http://")
	want := assuming + "STS at " + s.URL + ": dial tcp " + address + ": connect: connection refused"
	ctx := newDeadline(t)
	w.Token = &watched{File: w.Token.(token.File), before: func(try int) {
		if try == 4 {
			ctx.pass()
		}
	}}
	_, err := w.Retrieve(ctx)
	wantError(t, err, KindUnreachable, "", want)

	timed, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err = w.Retrieve(timed)
	wantError(t, err, KindUnreachable, "", want)
	if deadline, _ := timed.Deadline(); time.Now().Before(deadline) || time.Since(deadline) > 10*time.Second {
		t.Errorf("came back %v after the deadline", time.Since(deadline))
	}
}

// Settings for which there is no endpoint do not get better by waiting.
func TestRetrieveWithoutEndpoint(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*STS)
	}{
		{"FIPS with a URL", func(s *STS) { s.FIPS = true }},
		{"dual-stack with a URL", func(s *STS) { s.DualStack = true }},
		{"not a URL", func(s *STS) { s.URL = "http://[::1" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, s, w := start(t)
			test.change(&w.STS)
			source := &watched{File: w.Token.(token.File)}
			w.Token = source
			_, err := w.Retrieve(minute(t))
			if failed := AsError(err); failed.Kind != KindUnreachable || source.tries() != 1 {
				t.Errorf("%s after %d tries: %v", failed.Kind, source.tries(), err)
			}
			wantCalls(t, s, 0)
		})
	}
}

// The token must not follow a redirect to another server.
func TestRetrieveFollowsNoRedirect(t *testing.T) {
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
