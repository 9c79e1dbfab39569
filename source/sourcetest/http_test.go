package sourcetest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the SDK would never send, and what it hides of the answer.
func TestRawRequests(t *testing.T) {
	iss, s := start(t)
	form := func(change ...string) url.Values {
		v := url.Values{
			"Action":           {"AssumeRoleWithWebIdentity"},
			"Version":          {"2011-06-15"},
			"RoleArn":          {migrator},
			"RoleSessionName":  {"credproc"},
			"WebIdentityToken": {iss.Token(Claims{})},
		}
		for i := 0; i < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	without := func(name string) url.Values {
		v := form()
		v.Del(name)
		return v
	}
	const urlencoded = "application/x-www-form-urlencoded; charset=utf-8"
	const null = "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null"
	for _, test := range []struct {
		name, method, target, contentType, body string
		status                                  int
		code, message                           string
	}{
		{"post", "POST", "/", urlencoded, form().Encode(), 200, "", ""},
		{"get", "GET", "/?" + form().Encode(), "", "", 200, "", ""},
		{"get that cannot be parsed", "GET", "/?Action=%zz", "", "", 400, "MalformedQueryString", "The query string contains a syntax error."},
		{"query on a post", "POST", "/?a=b", urlencoded, form().Encode(), 400, "ValidationError", "parameters belong in the body of a POST"},
		{"json", "POST", "/", "application/json", "{}", 400, "ValidationError", "the body of a POST must be application/x-www-form-urlencoded"},
		{"put", "PUT", "/", urlencoded, "", 405, "UnsupportedOperation", "The HTTP method is not supported"},
		{"another path", "POST", "/sts", urlencoded, form().Encode(), 404, "UnknownOperationException", "The requested operation is not supported"},
		{"no action", "GET", "/", "", "", 400, "MissingAction", "The request is missing an action."},
		{"unknown action", "POST", "/", urlencoded, form("Action", "AssumeRoleWithLDAPIdentity").Encode(), 400, "InvalidAction", "Could not find operation AssumeRoleWithLDAPIdentity for version 2011-06-15"},
		{"version", "POST", "/", urlencoded, form("Version", "2012-10-17").Encode(), 400, "NoSuchVersion", "The requested version (2012-10-17) is not valid."},
		{"no role", "POST", "/", urlencoded, without("RoleArn").Encode(), 400, "ValidationError", null},
		{"duration of words", "POST", "/", urlencoded, form("DurationSeconds", "1h").Encode(), 400, "ValidationError",
			"1 validation error detected: Value '1h' at 'durationSeconds' failed to satisfy constraint: Member must be an integer"},
		{"parameter twice", "POST", "/", urlencoded, form().Encode() + "&RoleArn=x", 400, "ValidationError",
			"1 validation error detected: Value at 'roleArn' failed to satisfy constraint: Member must be sent once"},
		{"typo", "POST", "/", urlencoded, form("RoleARN", "x").Encode(), 400, "ValidationError", "unknown parameter RoleARN"},
		{"list that starts at 0", "POST", "/", urlencoded, form("PolicyArns.member.0.arn", "x").Encode(), 400, "ValidationError", "unknown parameter PolicyArns.member.0.arn"},
		{"unsigned AssumeRole", "POST", "/", urlencoded, form("Action", "AssumeRole").Encode(), 403, "MissingAuthenticationToken", "Request is missing Authentication Token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			req, err := http.NewRequest(test.method, s.URL+test.target, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", test.contentType)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			wantBody := `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>` + test.code + `</Code>
    <Message>` + strings.ReplaceAll(test.message, "'", "&#39;") + `</Message>
  </Error>
  <RequestId>` + resp.Header.Get("x-amzn-RequestId") + `</RequestId>
</ErrorResponse>
`
			if test.code == "" {
				wantBody = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>`
			}
			if resp.StatusCode != test.status || !strings.HasPrefix(string(body), wantBody) {
				t.Errorf("got %s\n%s\nwant %d\n%s", resp.Status, body, test.status, wantBody)
			}
			if h := resp.Header; h.Get("Content-Type") != "text/xml" || h.Get("Date") == "" ||
				!regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(h.Get("x-amzn-RequestId")) {
				t.Errorf("header %v", h)
			}
		})
	}
}

func TestDiscovery(t *testing.T) {
	iss := NewIssuer()
	t.Cleanup(iss.Close)
	resp, err := http.Get(iss.URL + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var doc map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	// REQUIRED in OpenID Connect Discovery 1.0, section 3.
	for _, name := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"} {
		if doc[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if doc["issuer"] != iss.URL {
		t.Errorf("issuer is %v, want %s", doc["issuer"], iss.URL)
	}
}

func TestWriteToken(t *testing.T) {
	iss := NewIssuer()
	t.Cleanup(iss.Close)
	dir := t.TempDir()
	path := filepath.Join(dir, "token")
	var last string
	for range 2 {
		if err := iss.WriteToken(path, Claims{}); err != nil {
			t.Fatal(err)
		}
		token, err := os.ReadFile(path)
		if err != nil || string(token) == last || strings.Count(string(token), ".") != 2 {
			t.Errorf("read %d bytes, error %v", len(token), err)
		}
		last = string(token)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files are left", len(entries))
	}
	if err := iss.WriteToken(filepath.Join(dir, "missing", "token"), Claims{}); err == nil {
		t.Error("wrote into a folder that is not there")
	}
}
