package token

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	rs256     = `{"alg":"RS256","kid":"key-1"}`
	someone   = `{"iss":"https://issuer.example","sub":"someone","aud":["sts.amazonaws.com"]}`
	signature = "a signature that nobody has verified"
)

// jwt puts a token together from decoded parts, whatever they are.
func jwt(header, claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(claims)) + "." + encode([]byte(signature))
}

// jwtOfLength is a token that is n characters long.
func jwtOfLength(n int) string {
	text := jwt(rs256, someone)
	if (n-strings.LastIndex(text, "."))%4 == 2 { // no base64 is that long
		text = jwt(rs256, someone+" ")
	}
	return text + strings.Repeat("A", n-len(text))
}

// wantHidden fails where text shows any twelve characters of raw in a row.
func wantHidden(t *testing.T, text, raw string) {
	t.Helper()
	for i := 0; i+12 <= len(raw); i++ {
		if strings.Contains(text, raw[i:i+12]) {
			t.Errorf("shows %q of the token: %.300s", raw[i:i+12], text)
			return
		}
	}
}

func TestParse(t *testing.T) {
	text := jwt(rs256, someone)
	for _, test := range []struct{ name, text string }{
		{"bare", text},
		{"trailing newline", text + "\n"},
		{"CRLF", text + "\r\n"},
		{"white space around", " \t\n" + text + " \n\n"},
		{"byte order mark", "\ufeff" + text},
		{"byte order mark and CRLF", "\ufeff" + text + "\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tok, err := Parse([]byte(test.text), "here")
			if err != nil {
				t.Fatal(err)
			}
			if tok.Raw() != text {
				t.Errorf("Raw is %q, want %q", tok.Raw(), text)
			}
			c := tok.Claims
			if tok.Algorithm != "RS256" || tok.KeyID != "key-1" || c.Issuer != "https://issuer.example" ||
				c.Subject != "someone" || !slices.Equal(c.Audience, []string{"sts.amazonaws.com"}) {
				t.Errorf("got algorithm %s, key %s, claims %+v", tok.Algorithm, tok.KeyID, c)
			}
		})
	}
	for _, alg := range []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"} {
		if tok, err := Parse([]byte(jwt(`{"alg":"`+alg+`"}`, someone)), "here"); err != nil || tok.Algorithm != alg {
			t.Errorf("%s: algorithm %q, error %v", alg, tok.Algorithm, err)
		}
	}
	if tok, err := Parse([]byte(jwtOfLength(20000)), "here"); err != nil || len(tok.Raw()) != 20000 {
		t.Errorf("20000 characters: got %d, error %v", len(tok.Raw()), err)
	}
	if _, err := Parse([]byte(strings.Repeat("\n", 9999)+jwtOfLength(20000)+strings.Repeat(" ", 9999)), "here"); err != nil {
		t.Errorf("20000 characters in white space: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	const takes = "; STS takes RS256, RS384, RS512, ES256, ES384, ES512"
	text := jwt(rs256, someone)
	header, claims, _ := strings.Cut(text, ".")
	claims, end, _ := strings.Cut(claims, ".")
	utf16 := "\xff\xfe"
	for _, c := range text {
		utf16 += string(c) + "\x00"
	}
	for _, test := range []struct {
		name, text string
		problem    Problem
		detail     string
	}{
		{"nothing", "", Malformed, "is empty"},
		{"white space", " \r\n", Malformed, "is empty"},
		{"byte order mark alone", "\ufeff\n", Malformed, "is empty"},
		{"too short", "a.b", Malformed, "has 3 characters; STS takes 4 to 20000"},
		{"too long", jwtOfLength(20001), Malformed, "has 20001 characters; STS takes 4 to 20000"},
		{"words", "correct horse battery staple", Malformed, "is not a JWT: it has 1 parts instead of 3"},
		{"two parts", header + "." + claims, Malformed, "is not a JWT: it has 2 parts instead of 3"},
		{"encrypted", text + "." + header + "." + end, Malformed, "is not a JWT: it has 5 parts instead of 3"},
		{"JSON around it", `{"value":"` + text + `"}`, Malformed, "is not a JWT: its header is not base64url-encoded JSON"},
		{"quotes", `"` + text + `"`, Malformed, "is not a JWT: its header is not base64url-encoded JSON"},
		{"UTF-16", utf16, Malformed, "is not a JWT: its header is not base64url-encoded JSON"},
		{"header not base64", "!!!!." + claims + "." + end, Malformed, "is not a JWT: its header is not base64url-encoded JSON"},
		{"header of standard base64", "eyJhbGciOiJSUzI1NiIsIngiOiI/Pz8ifQ." + claims + "." + end, Malformed, "is not a JWT: its header is not base64url-encoded JSON"},
		{"header not JSON", jwt("correct horse", someone), Malformed, "is not a JWT: its header is not base64url-encoded JSON"},
		{"header an array", jwt(`["RS256"]`, someone), Malformed, "is not a JWT: its header is not base64url-encoded JSON"},
		{"header null", jwt(`null`, someone), Malformed, "is not a JWT: its header is not base64url-encoded JSON"},
		{"claims not base64", header + ".!!!!." + end, Malformed, "is not a JWT: its claims are not a base64url-encoded JSON object"},
		{"claims not JSON", jwt(rs256, "correct horse"), Malformed, "is not a JWT: its claims are not a base64url-encoded JSON object"},
		{"claims cut off", jwt(rs256, someone[:30]), Malformed, "is not a JWT: its claims are not a base64url-encoded JSON object"},
		{"claims twice", jwt(rs256, someone+someone), Malformed, "is not a JWT: its claims are not a base64url-encoded JSON object"},
		{"claims and a bracket", jwt(rs256, someone+"}"), Malformed, "is not a JWT: its claims are not a base64url-encoded JSON object"},
		{"claims an array", jwt(rs256, `["x"]`), Malformed, "is not a JWT: its claims are not a base64url-encoded JSON object"},
		{"claims a string", jwt(rs256, `"x"`), Malformed, "is not a JWT: its claims are not a base64url-encoded JSON object"},
		{"claims a number", jwt(rs256, `12`), Malformed, "is not a JWT: its claims are not a base64url-encoded JSON object"},
		{"claims null", jwt(rs256, `null`), Malformed, "is not a JWT: its claims are not a base64url-encoded JSON object"},
		{"signature missing", header + "." + claims + ".", Malformed, "is not a JWT: its signature is not base64url-encoded"},
		{"signature not base64", header + "." + claims + ".!!!!", Malformed, "is not a JWT: its signature is not base64url-encoded"},
		{"folded in the header", header[:9] + "\n" + header[9:] + "." + claims + "." + end, Malformed, "is not a JWT: it has a line break inside"},
		{"folded in the claims", header + "." + claims[:9] + "\r\n" + claims[9:] + "." + end, Malformed, "is not a JWT: it has a line break inside"},
		{"folded in the signature", header + "." + claims + "." + end[:9] + "\n" + end[9:], Malformed, "is not a JWT: it has a line break inside"},
		{"two of them", text + "\n" + text, Malformed, "is not a JWT: it has 5 parts instead of 3"},
		{"unsigned", header[:0] + jwt(`{"alg":"none"}`, someone), BadAlgorithm, `is signed with "none"` + takes},
		{"unsigned, as RFC 7519 has it", base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + claims + ".", BadAlgorithm, `is signed with "none"` + takes},
		{"HS256", jwt(`{"alg":"HS256"}`, someone), BadAlgorithm, `is signed with "HS256"` + takes},
		{"EdDSA", jwt(`{"alg":"EdDSA"}`, someone), BadAlgorithm, `is signed with "EdDSA"` + takes},
		{"PS256", jwt(`{"alg":"PS256"}`, someone), BadAlgorithm, `is signed with "PS256"` + takes},
		{"lower case", jwt(`{"alg":"rs256"}`, someone), BadAlgorithm, `is signed with "rs256"` + takes},
		{"no algorithm", jwt(`{}`, someone), BadAlgorithm, `is signed with ""` + takes},
		{"algorithm of another type", jwt(`{"alg":["RS256"]}`, someone), BadAlgorithm, `is signed with ""` + takes},
		{"endless algorithm", jwt(`{"alg":"`+strings.Repeat("x", 5000)+`"}`, someone), BadAlgorithm, `is signed with "xxxxxxxxxxxxxxxxxxxx"` + takes},
		{"algorithm for a terminal", jwt(`{"alg":"\u001b[2J\n\u202e"}`, someone), BadAlgorithm, `is signed with "\x1b[2J\n\u202e"` + takes},
	} {
		t.Run(test.name, func(t *testing.T) {
			tok, err := Parse([]byte(test.text), "in /a/place")
			var failed *Error
			if !errors.As(err, &failed) {
				t.Fatalf("got token %v, error %v; want %s", tok, err, test.detail)
			}
			if failed.Problem != test.problem || failed.Error() != "web identity token in /a/place "+test.detail {
				t.Errorf("got  %s: %v\nwant %s: web identity token in /a/place %s", failed.Problem, failed, test.problem, test.detail)
			}
			if tok.Raw() != "" || tok.Claims.Issuer != "" {
				t.Errorf("gave a token besides the error: %#v", tok)
			}
			for _, verb := range verbs {
				shown := fmt.Sprintf(verb, err)
				wantHidden(t, shown, test.text)
				wantHidden(t, shown, someone)
			}
		})
	}
}

func TestAudience(t *testing.T) {
	for _, test := range []struct {
		aud  string
		want []string
	}{
		{`"sts.amazonaws.com"`, []string{"sts.amazonaws.com"}},
		{`["sts.amazonaws.com"]`, []string{"sts.amazonaws.com"}},
		{`["b","c","a"]`, []string{"a", "b", "c"}},
		{`[]`, nil},
		{`null`, nil},
		{`12`, nil},
		{`{"aud":"a"}`, nil},
		{`[["a"]]`, nil},
	} {
		tok, err := Parse([]byte(jwt(rs256, `{"aud":`+test.aud+`}`)), "here")
		if err != nil || !slices.Equal(tok.Claims.Audience, test.want) {
			t.Errorf("aud %s is read as %q, error %v; want %q", test.aud, tok.Claims.Audience, err, test.want)
		}
	}
}

func TestDates(t *testing.T) {
	for _, test := range []struct {
		number string
		want   time.Time
	}{
		{"1700000000", time.Unix(1700000000, 0)},
		{"1700000000.0", time.Unix(1700000000, 0)},
		{"1700000000.999", time.Unix(1700000000, 0)}, // RFC 7519 allows fractions
		{"1.7e9", time.Unix(1700000000, 0)},
		{"100000000000", time.Unix(100000000000, 0)}, // the year 5138
		{"1700000000000", time.Time{}},               // milliseconds
		{"0", time.Time{}},
		{"-1700000000", time.Time{}},
		{"9223372036854775808", time.Time{}},
		{"1e300", time.Time{}},
		{"1e400", time.Time{}}, // beyond a float64
		{`"1700000000"`, time.Time{}},
		{"true", time.Time{}},
		{"null", time.Time{}},
		{"[1700000000]", time.Time{}},
	} {
		for _, name := range []string{"exp", "iat", "nbf"} {
			tok, err := Parse([]byte(jwt(rs256, `{"sub":"someone","`+name+`":`+test.number+`}`)), "here")
			if err != nil {
				t.Errorf("%s %s: %v", name, test.number, err)
				continue
			}
			c := tok.Claims
			got := map[string]time.Time{"exp": c.Expiry, "iat": c.IssuedAt, "nbf": c.NotBefore}
			if !got[name].Equal(test.want) {
				t.Errorf("%s %s is read as %v, want %v", name, test.number, got[name], test.want)
			}
			delete(got, name)
			for other, date := range got {
				if !date.IsZero() {
					t.Errorf("%s %s sets %s to %v", name, test.number, other, date)
				}
			}
		}
	}
}

// The only sentences that Parse knows. What they leave open is a number, or
// the name of an algorithm.
var sentences = regexp.MustCompile(`^web identity token here (?:` +
	`is empty|` +
	`has \d+ characters; STS takes 4 to 20000|` +
	`is not a JWT: it has \d+ parts instead of 3|` +
	`is not a JWT: it has a line break inside|` +
	`is not a JWT: its header is not base64url-encoded JSON|` +
	`is not a JWT: its claims are not a base64url-encoded JSON object|` +
	`is not a JWT: its signature is not base64url-encoded|` +
	`is signed with "(?:[^"\\]|\\.){0,200}"; STS takes RS256, RS384, RS512, ES256, ES384, ES512)$`)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "\ufeff", "a.b", "a.b.c", "..", "hello world",
		jwt(rs256, someone), jwt(`{"alg":"none"}`, someone), jwt(rs256, `null`), jwt(`null`, `{}`),
		jwt(rs256, `{"aud":[1,"a"],"exp":1e400,"iat":-1,"nbf":"x","iss":{},"sub":[]}`),
		jwt(rs256, `{"https://aws.amazon.com/tags":{"principal_tags":{"a":["b"]}}}`),
		jwt(rs256, `{"sub":"\ud800\u0000"}`),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tok, err := Parse(text, "here")
		if err != nil {
			var failed *Error
			if !errors.As(err, &failed) || failed.Problem != Malformed && failed.Problem != BadAlgorithm || failed.Err != nil {
				t.Fatalf("error %#v", err)
			}
			if !sentences.MatchString(err.Error()) {
				t.Errorf("says something of its own: %q", err)
			}
			return
		}
		raw := tok.Raw()
		if !strings.Contains(string(text), raw) || strings.ContainsAny(raw, " \t\r\n") || len(raw) < 4 || len(raw) > 20000 {
			t.Errorf("took %q for a token", raw)
		}
		if id := tok.Identity(); !hexDigest.MatchString(id.Digest) || id != tok.Identity() {
			t.Errorf("identity %+v", id)
		}
		for _, verb := range verbs {
			if strings.Contains(fmt.Sprintf(verb, tok), raw) {
				t.Errorf("%s shows the token", verb)
			}
		}
	})
}
