package source

import (
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
	"github.com/credproc/credproc/source/token"
)

// An example of a key's source, with all that can be set but for FIPS and
// dual-stack.
func example() WebIdentity {
	return WebIdentity{
		Token:       token.File("/run/token"),
		RoleARN:     migrator,
		SessionName: "credproc",
		Duration:    time.Hour,
		Policy:      `{"Statement":[]}`,
		PolicyARNs:  []string{"arn:aws:iam::aws:policy/a", "arn:aws:iam::aws:policy/b"},
		STS:         STS{Region: "eu-west-1", URL: "https://sts.example", CABundle: "/etc/ca.pem"},
	}
}

func TestKeySettings(t *testing.T) {
	base := example()
	want := base.Key().Settings
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(want) {
		t.Errorf("settings %q", want)
	}
	covered := make(map[string]bool)
	for _, test := range []struct {
		field, name string
		change      func(*WebIdentity)
		same        bool
	}{
		{"", "nothing", func(*WebIdentity) {}, true},
		{"Token", "another file", func(w *WebIdentity) { w.Token = token.File("/run/token2") }, false},
		{"RoleARN", "another role", func(w *WebIdentity) { w.RoleARN += "2" }, false},
		{"RoleARN", "another account", func(w *WebIdentity) { w.RoleARN = "arn:aws:iam::444455556666:role/ci/migrator" }, false},
		{"SessionName", "another name", func(w *WebIdentity) { w.SessionName = "other" }, false},
		{"Duration", "another duration", func(w *WebIdentity) { w.Duration++; w.Duration += time.Second }, false},
		{"Duration", "none", func(w *WebIdentity) { w.Duration = 0 }, false},
		{"Duration", "a fraction that is not sent", func(w *WebIdentity) { w.Duration += 999 * time.Millisecond }, true},
		{"Policy", "another policy", func(w *WebIdentity) { w.Policy = `{"Statement":[{}]}` }, false},
		{"Policy", "none", func(w *WebIdentity) { w.Policy = "" }, false},
		{"PolicyARNs", "another order", func(w *WebIdentity) { slices.Reverse(w.PolicyARNs) }, true},
		{"PolicyARNs", "another ARN", func(w *WebIdentity) { w.PolicyARNs[0] += "2" }, false},
		{"PolicyARNs", "one less", func(w *WebIdentity) { w.PolicyARNs = w.PolicyARNs[:1] }, false},
		{"PolicyARNs", "none", func(w *WebIdentity) { w.PolicyARNs = nil }, false},
		{"STS.Region", "another region", func(w *WebIdentity) { w.STS.Region = "eu-west-2" }, false},
		{"STS.Region", "none", func(w *WebIdentity) { w.STS.Region = "" }, false},
		{"STS.URL", "another endpoint", func(w *WebIdentity) { w.STS.URL = "https://sts2.example" }, false},
		{"STS.URL", "AWS's own", func(w *WebIdentity) { w.STS.URL = "" }, false},
		{"STS.FIPS", "FIPS", func(w *WebIdentity) { w.STS.FIPS = true }, false},
		{"STS.DualStack", "dual-stack", func(w *WebIdentity) { w.STS.DualStack = true }, false},
		{"AsLongAsAllowed", "with a duration", func(w *WebIdentity) { w.AsLongAsAllowed = true }, true},   // then it says nothing
		{"Longest", "some", func(w *WebIdentity) { w.Longest = Memory{Remember: func(string) {}} }, true}, // a way to the same end
		{"STS.CABundle", "another bundle", func(w *WebIdentity) { w.STS.CABundle = "" }, true},            // decides whom to believe, not what they say
	} {
		t.Run(test.field+" "+test.name, func(t *testing.T) {
			covered[test.field] = true
			w := example()
			test.change(&w)
			if got := w.Key().Settings; (got == want) != test.same {
				t.Errorf("same key is %t, want %t", !test.same, test.same)
			}
		})
	}
	// A new field needs a line above: is it part of the key?
	for _, of := range []struct {
		prefix string
		typ    reflect.Type
	}{{"", reflect.TypeFor[WebIdentity]()}, {"STS.", reflect.TypeFor[STS]()}} {
		for i := range of.typ.NumField() {
			if name := of.prefix + of.typ.Field(i).Name; name != "STS" && !covered[name] {
				t.Errorf("field %s is not in the table", name)
			}
		}
	}
}

// No two of these may share a key, however their parts are cut.
func TestKeysApart(t *testing.T) {
	seen := make(map[string]WebIdentity)
	for _, w := range []WebIdentity{
		{},
		{RoleARN: "a"},
		{RoleARN: "a", SessionName: "b"},
		{RoleARN: "ab"},
		{RoleARN: "b", SessionName: "a"},
		{RoleARN: "a7:session1:b"},
		{RoleARN: "a7:session", SessionName: "b"},
		{RoleARN: "a", SessionName: "7:session1:b"},
		{SessionName: "1"},
		{Duration: time.Second},
		{Duration: 11 * time.Second},
		{Duration: time.Second, SessionName: "1"},
		{Policy: "a"},
		{PolicyARNs: []string{"a"}},
		{PolicyARNs: []string{"a", "b"}},
		{PolicyARNs: []string{"ab"}},
		{PolicyARNs: []string{"a1:b"}},
		{PolicyARNs: []string{"a", "a"}},
		{PolicyARNs: []string{""}},
		{PolicyARNs: []string{"region", "x"}},
		{PolicyARNs: []string{"region"}, STS: STS{Region: "x"}},
		{STS: STS{Region: "x"}},
		{STS: STS{URL: "x"}},
		{STS: STS{Region: "x", URL: "y"}},
		{STS: STS{Region: "x3:url1:y"}},
		{STS: STS{FIPS: true}},
		{STS: STS{DualStack: true}},
		{STS: STS{FIPS: true, DualStack: true}},
		{Policy: "policy-arns"},
		{Token: token.File("a")},
		{Token: token.File("a"), Policy: "b"},
		{Token: token.File("a6:policy1:b")},
	} {
		if w.Token == nil {
			w.Token = token.File("")
		}
		settings := w.Key().Settings
		if other, ok := seen[settings]; ok {
			t.Errorf("%+v\nand %+v\nshare a key", w, other)
		}
		seen[settings] = w
	}
}

// What the region falls back to is the region, so that whoever spells it out
// shares the entry.
func TestKeyRegion(t *testing.T) {
	for _, test := range []struct{ role, region string }{
		{"arn:aws:iam::111122223333:role/x", "aws-global"},
		{"arn:aws-cn:iam::111122223333:role/x", "cn-north-1"},
		{"arn:aws-us-gov:iam::111122223333:role/x", "us-gov-west-1"},
		{"arn:minio:iam:::role/x", "aws-global"},
		{"nonsense", "aws-global"},
	} {
		implied := WebIdentity{Token: token.File("x"), RoleARN: test.role}
		explicit := implied
		explicit.STS.Region = test.region
		if implied.Key() != explicit.Key() {
			t.Errorf("%s: the region is not %s", test.role, test.region)
		}
	}
}

func TestKeyIdentity(t *testing.T) {
	iss := sourcetest.NewIssuer()
	t.Cleanup(iss.Close)
	w := example()
	w.Token = token.File(filepath.Join(t.TempDir(), "token"))
	missing := w.Key()
	if missing.Identity != "" || missing.Subject != "" || missing.Role != migrator {
		t.Errorf("without a token: %+v", missing)
	}
	writeToken(t, iss, &w, sourcetest.Claims{Subject: "a"})
	first := w.Key()
	writeToken(t, iss, &w, sourcetest.Claims{Subject: "a", Expiry: time.Now().Add(10 * time.Hour)})
	renewed := w.Key()
	writeToken(t, iss, &w, sourcetest.Claims{Subject: "b"})
	other := w.Key()
	if first != renewed || first.Subject != "a" || first.Identity == "" {
		t.Errorf("renewed: %+v\nbefore:  %+v", renewed, first)
	}
	if other.Identity == first.Identity || other.Subject != "b" {
		t.Errorf("of another subject: %+v", other)
	}
	if first.Settings != missing.Settings || first.Settings != other.Settings {
		t.Error("the token changes the settings")
	}
}

func TestKeyOfTheLongestSession(t *testing.T) {
	short := WebIdentity{Token: token.File("/token")}
	long := WebIdentity{Token: token.File("/token"), AsLongAsAllowed: true}
	if short.Key() == long.Key() {
		t.Error("a session as long as allowed has the key of an ordinary one")
	}
}

// A job without a token is not the one that had the only entry.
func TestKeyOfAMissingToken(t *testing.T) {
	missing := WebIdentity{Token: token.Env{Name: "TOKEN", Getenv: func(string) string { return "" }}}
	if missing.Key().Identity == "" {
		t.Error("a variable that is not set leaves the identity open")
	}
	between := WebIdentity{Token: token.File("/nowhere")}
	if between.Key().Identity != "" {
		t.Error("a file that cannot be read settles the identity")
	}
}
