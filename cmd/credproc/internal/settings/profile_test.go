package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credproc/credproc/cache"
)

// What Profile says leads to the same key, however the variables of whoever
// reads it differ.
func TestProfileCarriesAllSettings(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/migrator"
	type texts = map[string]string
	for _, test := range []struct {
		name       string
		flags, env texts
	}{
		{"irsa", nil, texts{"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": "/t"}},
		{"irsa with a name", nil, texts{"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_SESSION_NAME": "pod", "AWS_REGION": "eu-west-1"}},
		{"china", texts{"role-arn": "arn:aws-cn:iam::111122223333:role/migrator", "web-identity-token-file": "/t"}, nil},
		{"flags", texts{"role-arn": role, "web-identity-token-file": "/a path/#1; x", "role-session-name": "me", "duration-seconds": "900",
			"policy": "{\n \"Version\": \"2012-10-17\", \"Statement\": [ {\"Sid\": \"50% ; #\"} ] }", "policy-arn": "arn:aws:iam::aws:policy/A,arn:aws:iam::aws:policy/B",
			"region": "us-west-2", "endpoint-url": "https://sts.example.com/x?y=z#a", "ca-bundle": "/c"}, nil},
		{"variants", nil, texts{"CREDPROC_ROLE_ARN": role, "CREDPROC_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_REGION": "eu-west-1",
			"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}},
		{"legacy", nil, texts{"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_REGION": "eu-west-1", "AWS_STS_REGIONAL_ENDPOINTS": "legacy"}},
		{"endpoint ignored", nil, texts{"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": "/t",
			"AWS_ENDPOINT_URL_STS": "https://example.com", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			flag := func(name string) (string, bool) { text, ok := test.flags[name]; return text, ok }
			getenv := func(name string) string { return test.env[name] }
			want, err := Source(flag, getenv, &cache.Cache{})
			if err != nil {
				t.Fatal(err)
			}
			keys, err := Profile(flag, lines(test.env))
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			b.WriteString("[profile p]\n")
			for _, p := range keys.Pairs {
				fmt.Fprintf(&b, "%s = %s\n", p.Key, p.Value)
			}
			path := filepath.Join(t.TempDir(), "config")
			if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			elsewhere := texts{"AWS_CONFIG_FILE": path, "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/other",
				"AWS_WEB_IDENTITY_TOKEN_FILE": "/other", "AWS_ROLE_SESSION_NAME": "other", "AWS_REGION": "sa-east-1",
				"AWS_ENDPOINT_URL_STS": "https://other.example.com", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
				"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_STS_REGIONAL_ENDPOINTS": "legacy"}
			got, err := Source(
				func(name string) (string, bool) { return "p", name == "profile" },
				func(name string) string { return elsewhere[name] }, &cache.Cache{})
			if err != nil {
				t.Fatalf("%v in\n%s", err, &b)
			}
			if got.Key() != want.Key() {
				t.Errorf("got %+v\nwant %+v\nfrom\n%s", got, want, &b)
			}
		})
	}
}

// lines is an environment as programs have it.
func lines(env map[string]string) []string {
	var all []string
	for name, value := range env {
		all = append(all, name+"="+value)
	}
	return all
}
