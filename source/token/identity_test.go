package token

import (
	"regexp"
	"strconv"
	"testing"
)

var hexDigest = regexp.MustCompile(`^[0-9a-f]{32}$`)

// identityOf is the identity behind a token with these claims.
func identityOf(t *testing.T, header, claims string) Identity {
	t.Helper()
	tok, err := Parse([]byte(jwt(header, claims)), "here")
	if err != nil {
		t.Fatal(err)
	}
	return tok.Identity()
}

const (
	nested = `"https://aws.amazon.com/tags":{"principal_tags":{"Project":["Automation"],"Team":["red"]},"transitive_tag_keys":["Project"]}`
	flat   = `"https://aws.amazon.com/tags/principal_tags/Project":["Automation"]`
	source = `"https://aws.amazon.com/source_identity":"jane"`
)

func TestIdentity(t *testing.T) {
	const common = `"iss":"https://issuer.example","sub":"someone"`
	const base = `{` + common + `,"aud":["a","b"],"iat":1700000000,"exp":1700000600,"jti":"one",` + nested + `,` + flat + `,` + source + `}`
	id := identityOf(t, rs256, base)
	if !hexDigest.MatchString(id.Digest) || id.Issuer != "https://issuer.example" || id.Subject != "someone" {
		t.Errorf("got %+v", id)
	}
	for _, test := range []struct {
		name, header, claims string
		same                 bool
	}{
		{"renewed", rs256, `{` + common + `,"aud":["a","b"],"iat":1700000500,"nbf":1700000500,"exp":1700001100,"jti":"two",` + nested + `,` + flat + `,` + source + `}`, true},
		{"another key", `{"alg":"ES256","kid":"key-2"}`, base, true},
		{"audiences in another order", rs256, `{` + common + `,"aud":["b","a"],` + nested + `,` + flat + `,` + source + `}`, true},
		{"claims in another order", rs256, `{` + source + `,` + flat + `,` + nested + `,"aud":["a","b"],"sub":"someone","iss":"https://issuer.example"}`, true},
		{"tags in another order", rs256, `{` + common + `,"aud":["a","b"],"https://aws.amazon.com/tags":{"transitive_tag_keys":["Project"],"principal_tags":{"Team":["red"],"Project":["Automation"]}},` + flat + `,` + source + `}`, true},
		{"white space", rs256, "{" + common + ", \"aud\" : [ \"a\" , \"b\" ] ,\n" + `"https://aws.amazon.com/tags": {"principal_tags": {"Project": ["Automation"], "Team": ["red"]}, "transitive_tag_keys": ["Project"]},` + flat + `,` + source + `}`, true},
		{"claims that AWS does not read", rs256, `{` + common + `,"aud":["a","b"],"nonce":"x","kubernetes.io":{"pod":{"uid":"1"}},` + nested + `,` + flat + `,` + source + `}`, true},

		{"issuer", rs256, `{"iss":"https://other.example","sub":"someone","aud":["a","b"],` + nested + `,` + flat + `,` + source + `}`, false},
		{"no issuer", rs256, `{"sub":"someone","aud":["a","b"],` + nested + `,` + flat + `,` + source + `}`, false},
		{"subject", rs256, `{"iss":"https://issuer.example","sub":"someone else","aud":["a","b"],` + nested + `,` + flat + `,` + source + `}`, false},
		{"audience", rs256, `{` + common + `,"aud":["a","c"],` + nested + `,` + flat + `,` + source + `}`, false},
		{"one audience less", rs256, `{` + common + `,"aud":["a"],` + nested + `,` + flat + `,` + source + `}`, false},
		{"audiences run together", rs256, `{` + common + `,"aud":["ab"],` + nested + `,` + flat + `,` + source + `}`, false},
		{"nested tag", rs256, `{` + common + `,"aud":["a","b"],"https://aws.amazon.com/tags":{"principal_tags":{"Project":["Automation"],"Team":["blue"]},"transitive_tag_keys":["Project"]},` + flat + `,` + source + `}`, false},
		{"transitive keys", rs256, `{` + common + `,"aud":["a","b"],"https://aws.amazon.com/tags":{"principal_tags":{"Project":["Automation"],"Team":["red"]},"transitive_tag_keys":["Team"]},` + flat + `,` + source + `}`, false},
		{"no nested tags", rs256, `{` + common + `,"aud":["a","b"],` + flat + `,` + source + `}`, false},
		{"another authorized party", rs256, `{` + common + `,"aud":["a","b"],"azp":"x",` + nested + `,` + flat + `,` + source + `}`, false},
		{"another actor", rs256, `{` + common + `,"aud":["a","b"],"actor":"dependabot[bot]",` + nested + `,` + flat + `,` + source + `}`, false},
		{"flat tag", rs256, `{` + common + `,"aud":["a","b"],` + nested + `,"https://aws.amazon.com/tags/principal_tags/Project":["Manual"],` + source + `}`, false},
		{"flat tag's name", rs256, `{` + common + `,"aud":["a","b"],` + nested + `,"https://aws.amazon.com/tags/principal_tags/Team":["Automation"],` + source + `}`, false},
		{"no flat tag", rs256, `{` + common + `,"aud":["a","b"],` + nested + `,` + source + `}`, false},
		{"flat transitive keys", rs256, `{` + common + `,"aud":["a","b"],` + nested + `,` + flat + `,"https://aws.amazon.com/tags/transitive_tag_keys":["Project"],` + source + `}`, false},
		{"source identity", rs256, `{` + common + `,"aud":["a","b"],` + nested + `,` + flat + `,"https://aws.amazon.com/source_identity":"john"}`, false},
		{"no source identity", rs256, `{` + common + `,"aud":["a","b"],` + nested + `,` + flat + `}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := identityOf(t, test.header, test.claims); (got.Digest == id.Digest) != test.same {
				t.Errorf("same identity is %t, want %t", !test.same, test.same)
			}
		})
	}
}

// None of these may be taken for another, however their parts are cut.
func TestIdentitiesApart(t *testing.T) {
	seen := make(map[string]string)
	for _, claims := range []string{
		`{}`,
		`{"iss":"a"}`,
		`{"sub":"a"}`,
		`{"aud":"a"}`,
		`{"iss":"a","sub":"b"}`,
		`{"iss":"ab"}`,
		`{"iss":"b","sub":"a"}`,
		`{"iss":"a1:b"}`,
		`{"iss":"a","sub":"b1:c"}`,
		`{"iss":"a","sub":"b","aud":"c"}`,
		`{"aud":["a","b"]}`,
		`{"aud":["a1:b"]}`,
		`{"aud":["a","a"]}`,
		`{"aud":["aws"]}`,
		`{"aud":["aws","aws"]}`,
		`{"aud":["https://aws.amazon.com/source_identity=\"x\""]}`,
		`{"aud":["aws","https://aws.amazon.com/source_identity=\"x\""]}`,
		`{"https://aws.amazon.com/source_identity":"x"}`,
		`{"https://aws.amazon.com/source_identity":["x"]}`,
		`{"https://aws.amazon.com/source_identity":null}`,
		`{"https://aws.amazon.com/tags":"x"}`,
		// Beyond 53 bits two numbers are one float64.
		`{"https://aws.amazon.com/tags":{"principal_tags":{"id":[9007199254740992]}}}`,
		`{"https://aws.amazon.com/tags":{"principal_tags":{"id":[9007199254740993]}}}`,
		`{"https://aws.amazon.com/tags":{"principal_tags":{"id":["9007199254740993"]}}}`,
	} {
		digest := identityOf(t, rs256, claims).Digest
		if other, ok := seen[digest]; ok {
			t.Errorf("%s and %s are one identity", claims, other)
		}
		seen[digest] = claims
	}
	// One audience is the same however it is written.
	if identityOf(t, rs256, `{"aud":"a"}`) != identityOf(t, rs256, `{"aud":["a"]}`) {
		t.Error("an audience is another in an array")
	}
}

// An issuer that writes its tags in any order must not make a new identity of
// every token.
func TestIdentityOfManyTags(t *testing.T) {
	tags := func(start int) string {
		text := ""
		for i := range 20 {
			if i > 0 {
				text += ","
			}
			n := strconv.Itoa((start + i) % 20)
			text += `"https://aws.amazon.com/tags/principal_tags/` + n + `":["` + n + `"]`
		}
		return `{` + text + `}`
	}
	want := identityOf(t, rs256, tags(0))
	for start := range 20 {
		if got := identityOf(t, rs256, tags(start)); got != want {
			t.Fatalf("starting at %d: another identity", start)
		}
	}
}
