package source

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/credproc/credproc/source/sourcetest"
	"github.com/credproc/credproc/source/token"
)

const (
	deployer = "arn:aws:iam::444455556666:role/deployer"
	auditor  = "arn:aws:iam::777788889999:role/auditor"
)

// given is a source of credentials that are there already, one after another;
// the last stays.
type given struct {
	creds []Credentials
	err   error
	asked atomic.Int32
}

func (g *given) Retrieve(context.Context) (Credentials, error) {
	n := int(g.asked.Add(1))
	if g.err != nil {
		return Credentials{}, g.err
	}
	return g.creds[min(n, len(g.creds))-1], nil
}

func (g *given) Key() Key { return Key{Settings: "given", Identity: "somebody", Subject: "sub"} }

// user returns an IAM user's keys, and a link from them to the deployer.
func user(t *testing.T) (*sourcetest.STS, *given, *AssumeRole) {
	t.Helper()
	s := sourcetest.NewSTS()
	t.Cleanup(s.Close)
	s.AddRole(sourcetest.Role{ARN: deployer, MaxSessionDuration: 12 * time.Hour})
	id, secret := s.AddUser("arn:aws:iam::111122223333:user/dev")
	base := &given{creds: []Credentials{{AccessKeyID: id, SecretAccessKey: secret, Identity: "somebody"}}}
	return s, base, &AssumeRole{Base: base, RoleARN: deployer, SessionName: "credproc", STS: STS{URL: s.URL}}
}

// session makes the keys of g those of a role's session.
func session(t *testing.T, s *sourcetest.STS, g *given) {
	t.Helper()
	s.AddRole(sourcetest.Role{ARN: migrator})
	c, err := (&AssumeRole{Base: g, RoleARN: migrator, SessionName: "hub", STS: STS{URL: s.URL}}).Retrieve(minute(t))
	if err != nil {
		t.Fatal(err)
	}
	g.creds = []Credentials{c}
}

// whose asks STS for the ARN behind credentials.
func whose(t *testing.T, s STS, c Credentials) string {
	t.Helper()
	client, err := s.client("")
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.GetCallerIdentity(minute(t), &sts.GetCallerIdentityInput{}, signedBy(c))
	if err != nil {
		t.Fatal(err)
	}
	return *out.Arn
}

// A chain of three links costs three calls, and each link trusts the one before
// it and nobody else.
func TestAssumeRoleChain(t *testing.T) {
	_, s, hub := start(t)
	s.AddRole(sourcetest.Role{ARN: deployer, Callers: []string{migrator}, ExternalID: "x-1"})
	s.AddRole(sourcetest.Role{ARN: auditor, Callers: []string{"arn:aws:sts::444455556666:assumed-role/deployer/second"}})
	second := &AssumeRole{Base: hub, RoleARN: deployer, SessionName: "second", ExternalID: "x-1", STS: hub.STS}
	third := &AssumeRole{Base: second, RoleARN: auditor, SessionName: "third", STS: hub.STS}
	before := time.Now()
	creds, err := third.Retrieve(minute(t))
	after := time.Now()
	if err != nil {
		t.Fatal(err)
	}
	if !creds.Complete() || creds.AccountID != "777788889999" || creds.Identity != hub.Key().Identity || creds.Identity != third.Key().Identity {
		t.Errorf("got %v, account %q, identity %q", creds, creds.AccountID, creds.Identity)
	}
	wantExpiration(t, creds, before.Add(time.Hour), after.Add(time.Hour))
	wantCalls(t, s, 3)
	if got := whose(t, hub.STS, creds); got != "arn:aws:sts::777788889999:assumed-role/auditor/third" {
		t.Errorf("the credentials are those of %s", got)
	}
	if key := third.Key(); key.Subject != subject || key.Role != auditor {
		t.Errorf("key %+v", key)
	}
}

func TestAssumeRoleSends(t *testing.T) {
	const arn, policy = "arn:aws:iam::aws:policy/ReadOnlyAccess", `{"Version":"2012-10-17","Statement":[]}`
	for _, test := range []struct {
		name    string
		session bool // of a role, and not a user
		change  func(*AssumeRole)
		want    map[string]string // besides what is always sent
		says    string
	}{
		{"no more than needed", false, func(*AssumeRole) {}, nil, ""},
		{"everything", false, func(r *AssumeRole) {
			r.Duration, r.ExternalID, r.Policy, r.PolicyARNs, r.SourceIdentity = 15*time.Minute, "x-1", policy, []string{arn}, "jane"
			r.Tags, r.TransitiveTagKeys = []Tag{{"Team", "red"}, {"Cost", ""}}, []string{"Cost"}
		}, map[string]string{"DurationSeconds": "900", "ExternalId": "x-1", "Policy": policy, "PolicyArns.member.1.arn": arn, "SourceIdentity": "jane",
			"Tags.member.1.Key": "Team", "Tags.member.1.Value": "red", "Tags.member.2.Key": "Cost", "Tags.member.2.Value": "",
			"TransitiveTagKeys.member.1": "Cost"}, ""},
		{"a user's longest", false, func(r *AssumeRole) { r.Duration = 12 * time.Hour }, map[string]string{"DurationSeconds": "43200"}, ""},
		{"a chain's longest", true, func(r *AssumeRole) { r.Duration = time.Hour }, map[string]string{"DurationSeconds": "3600"}, ""},
		{"longer than a chain may", true, func(r *AssumeRole) { r.Duration = 2 * time.Hour }, map[string]string{"DurationSeconds": "3600"},
			"asking for 1h instead of 2h0m0s of " + deployer + ": AWS gives no more to a chain of roles"},
		{"a chain without a wish", true, func(*AssumeRole) {}, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, base, r := user(t)
			if test.session {
				session(t, s, base)
			}
			var said []string
			r.Logf = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
			test.change(r)
			if _, err := r.Retrieve(minute(t)); err != nil {
				t.Fatal(err)
			}
			want := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {deployer}, "RoleSessionName": {"credproc"}}
			for name, value := range test.want {
				want.Set(name, value)
			}
			calls := s.Log()
			if got := calls[len(calls)-1].Form; !maps.EqualFunc(got, want, slices.Equal) {
				t.Errorf("sent %v\nwant %v", got, want)
			}
			if strings.Join(said, "\n") != test.says {
				t.Errorf("said %q, want %q", said, test.says)
			}
		})
	}
}

func TestAssumeRoleRefused(t *testing.T) {
	const dev = "arn:aws:iam::111122223333:user/dev"
	assuming := "assuming " + deployer + ": "
	for _, test := range []struct {
		name   string
		change func(*sourcetest.STS, *given, *AssumeRole)
		code   string
		text   string
		calls  int
	}{
		{"no trust", func(s *sourcetest.STS, _ *given, _ *AssumeRole) {
			s.AddRole(sourcetest.Role{ARN: deployer, Callers: []string{migrator}})
		}, "AccessDenied", "AccessDenied: User: " + dev + " is not authorized to perform: sts:AssumeRole on resource: " + deployer, 2},
		{"external id", func(s *sourcetest.STS, _ *given, _ *AssumeRole) {
			s.AddRole(sourcetest.Role{ARN: deployer, ExternalID: "x-1"})
		}, "AccessDenied", "AccessDenied: User: " + dev + " is not authorized to perform: sts:AssumeRole on resource: " + deployer, 2},
		{"duration", func(_ *sourcetest.STS, _ *given, r *AssumeRole) { r.Duration = 13 * time.Hour },
			"ValidationError", "ValidationError: 1 validation error detected: Value '46800' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200", 1},
		{"unknown key", func(_ *sourcetest.STS, g *given, _ *AssumeRole) {
			g.creds = []Credentials{{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: "x"}}
		}, "InvalidClientTokenId", "the base credentials AKIAUNKNOWN are none that STS knows: InvalidClientTokenId: The security token included in the request is invalid.", 1},
		{"wrong secret", func(_ *sourcetest.STS, g *given, _ *AssumeRole) { g.creds[0].SecretAccessKey += "x" },
			"SignatureDoesNotMatch", "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, base, r := user(t)
			test.change(s, base, r)
			_, err := r.Retrieve(minute(t))
			wantError(t, err, KindRefused, test.code, assuming+test.text)
			wantCalls(t, s, test.calls)
		})
	}
}

// Base credentials may end between the look at them and STS's answer.
func TestAssumeRoleBaseExpires(t *testing.T) {
	t.Parallel()
	s, base, r := user(t)
	lasting := base.creds[0]
	session(t, s, base)
	ended := base.creds[0]
	s.SetClock(func() time.Time { return time.Now().Add(61 * time.Minute) })

	before := s.Calls()
	base.creds = []Credentials{ended}
	_, err := r.Retrieve(minute(t))
	failed := AsError(err)
	if failed.Kind != KindRefused || failed.Code != "ExpiredToken" || !strings.HasPrefix(failed.Text,
		"assuming "+deployer+": the base credentials "+ended.AccessKeyID+" have expired: ExpiredToken: ") {
		t.Errorf("got %s %q: %v", failed.Kind, failed.Code, err)
	}
	if n := s.Calls() - before; n != 1 {
		t.Errorf("%d calls", n)
	}

	base.creds, base.asked = []Credentials{ended, lasting}, atomic.Int32{}
	if _, err := r.Retrieve(minute(t)); err != nil {
		t.Errorf("did not take the newer credentials: %v", err)
	}
}

// A signature is dated: on a machine whose clock is wrong the first is refused.
func TestAssumeRoleOffClock(t *testing.T) {
	for _, off := range []time.Duration{-2 * time.Hour, 2 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			s, _, r := user(t)
			s.SetClock(func() time.Time { return time.Now().Add(off) })
			before := time.Now()
			creds, err := r.Retrieve(minute(t))
			if err != nil {
				t.Fatal(err)
			}
			wantExpiration(t, creds, before.Add(time.Hour), time.Now().Add(time.Hour))
			wantCalls(t, s, 2)
		})
	}
}

func TestAssumeRoleBaseFails(t *testing.T) {
	s, base, r := user(t)
	base.err = &Error{Kind: KindToken, Code: "missing", Text: "web identity token in x does not exist"}
	_, err := r.Retrieve(minute(t))
	wantError(t, err, KindToken, "missing", "web identity token in x does not exist")
	wantCalls(t, s, 0)
}

func TestAssumeRoleThroughFaults(t *testing.T) {
	for name, fault := range map[string]sourcetest.Fault{
		"throttled": sourcetest.Throttle(), "page": sourcetest.HTML(200), "empty": sourcetest.EmptyResult(), "huge": sourcetest.Huge(),
		"dropped": sourcetest.Drop(), "without secret": sourcetest.Without("SecretAccessKey"), "denied": sourcetest.Refuse(403, "AccessDenied", "not yet"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, base, r := user(t)
			s.SetFaults(fault)
			creds, err := r.Retrieve(minute(t))
			if err != nil || !creds.Complete() {
				t.Errorf("did not outlast it: %v", err)
			}
			wantCalls(t, s, 2)
			if n := base.asked.Load(); n != 1 {
				t.Errorf("asked the base %d times", n)
			}
		})
	}
	t.Run("hangs", func(t *testing.T) {
		t.Parallel()
		s, _, r := user(t)
		s.SetFault(sourcetest.Hang())
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		_, err := r.Retrieve(ctx)
		wantError(t, err, KindDeadline, "", "assuming "+deployer+": STS at "+s.URL+": no answer in time")
	})
}

// AWS quotes a request whose signature it does not like, session token included.
func TestAssumeRoleHidesEcho(t *testing.T) {
	s, base, r := user(t)
	session(t, s, base)
	c := base.creds[0]
	r.STS.URL = serve(t, func(rw http.ResponseWriter, req *http.Request) {
		refuse(rw, 403, "SignatureDoesNotMatch", "The Canonical String for this request should have been 'POST\n/\n\nx-amz-security-token:"+
			req.Header.Get("X-Amz-Security-Token")+"\n', signed with "+c.SecretAccessKey)
	})
	_, err := r.Retrieve(minute(t))
	shown := everything(t, err)
	wantHidden(t, shown, c.SessionToken)
	wantHidden(t, shown, c.SecretAccessKey)
	if failed := AsError(err); failed.Kind != KindRefused {
		t.Errorf("kind %s: %v", failed.Kind, err)
	}
}

// Whoever verifies a signature elsewhere than at AWS needs a region that exists.
func TestAssumeRoleSignsForRegion(t *testing.T) {
	for _, test := range []struct{ role, region, want string }{
		{deployer, "", "/us-east-1/sts/"},
		{deployer, "eu-west-1", "/eu-west-1/sts/"},
		{"arn:aws-cn:iam::444455556666:role/deployer", "", "/cn-north-1/sts/"},
	} {
		var authorization atomic.Value
		r := &AssumeRole{Base: &given{creds: []Credentials{{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "x"}}}, RoleARN: test.role, SessionName: "credproc"}
		r.STS = STS{Region: test.region, URL: serve(t, func(rw http.ResponseWriter, req *http.Request) {
			authorization.Store(req.Header.Get("Authorization"))
			refuse(rw, 400, "Enough", "")
		})}
		r.Retrieve(minute(t))
		if got, _ := authorization.Load().(string); !strings.Contains(got, test.want) {
			t.Errorf("%s in %q: signed as %s", test.role, test.region, got)
		}
	}
}

func TestAssumeRoleKey(t *testing.T) {
	example := func() *AssumeRole {
		return &AssumeRole{Base: &given{}, RoleARN: deployer, SessionName: "credproc", Duration: time.Hour, ExternalID: "x",
			Policy: "{}", PolicyARNs: []string{"a", "b"}, SourceIdentity: "jane", Tags: []Tag{{"a", "1"}, {"b", "2"}},
			TransitiveTagKeys: []string{"a", "b"}, STS: STS{Region: "eu-west-1"}}
	}
	want := example().Key()
	if want.Identity != "somebody" || want.Subject != "sub" || want.Role != deployer {
		t.Errorf("key %+v", want)
	}
	covered := map[string]bool{}
	seen := map[string]string{want.Settings: "the example"}
	for _, test := range []struct {
		field, name string
		change      func(*AssumeRole)
		same        bool
	}{
		{"Base", "other", func(r *AssumeRole) { r.Base = &WebIdentity{Token: token.File("/t")} }, false},
		{"Base", "a chain", func(r *AssumeRole) { r.Base = example() }, false},
		{"RoleARN", "other", func(r *AssumeRole) { r.RoleARN = auditor }, false},
		{"SessionName", "other", func(r *AssumeRole) { r.SessionName = "other" }, false},
		{"Duration", "other", func(r *AssumeRole) { r.Duration = 0 }, false},
		{"ExternalID", "none", func(r *AssumeRole) { r.ExternalID = "" }, false},
		{"Policy", "none", func(r *AssumeRole) { r.Policy = "" }, false},
		{"PolicyARNs", "order", func(r *AssumeRole) { slices.Reverse(r.PolicyARNs) }, true},
		{"PolicyARNs", "one less", func(r *AssumeRole) { r.PolicyARNs = r.PolicyARNs[:1] }, false},
		{"SourceIdentity", "none", func(r *AssumeRole) { r.SourceIdentity = "" }, false},
		{"Tags", "order", func(r *AssumeRole) { slices.Reverse(r.Tags) }, true},
		{"Tags", "value", func(r *AssumeRole) { r.Tags[0].Value = "2" }, false},
		{"Tags", "key", func(r *AssumeRole) { r.Tags[0].Key = "c" }, false},
		{"Tags", "none", func(r *AssumeRole) { r.Tags = nil }, false},
		{"TransitiveTagKeys", "order", func(r *AssumeRole) { slices.Reverse(r.TransitiveTagKeys) }, true},
		{"TransitiveTagKeys", "none", func(r *AssumeRole) { r.TransitiveTagKeys = nil }, false},
		{"TransitiveTagKeys", "as a tag", func(r *AssumeRole) { r.Tags, r.TransitiveTagKeys = append(r.Tags, Tag{"a", "b"}), nil }, false},
		{"STS", "region", func(r *AssumeRole) { r.STS.Region = "" }, false},
		{"STS", "endpoint", func(r *AssumeRole) { r.STS.URL = "https://sts.example" }, false},
		{"Logf", "some", func(r *AssumeRole) { r.Logf = t.Logf }, true},
	} {
		covered[test.field] = true
		r := example()
		test.change(r)
		got := r.Key().Settings
		if other, ok := seen[got]; ok != test.same {
			t.Errorf("%s, %s: same key as another is %t (%s)", test.field, test.name, ok, other)
		}
		seen[got] = test.field + ", " + test.name
	}
	// A new field needs a line above: is it part of the key?
	for i := range reflect.TypeFor[AssumeRole]().NumField() {
		if name := reflect.TypeFor[AssumeRole]().Field(i).Name; !covered[name] {
			t.Errorf("field %s is not in the table", name)
		}
	}
}
