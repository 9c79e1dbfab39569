package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/source"
)

const (
	migrator = "arn:aws:iam::111122223333:role/migrator"
	target   = "arn:aws:iam::111122223333:role/target"
)

// place is a config file and variables that lead to it.
func place(t *testing.T, config string) (getenv func(string) string, env map[string]string) {
	t.Helper()
	dir := t.TempDir()
	env = map[string]string{"AWS_CONFIG_FILE": filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "credentials"),
		homeVariable: dir}
	if err := os.WriteFile(env["AWS_CONFIG_FILE"], []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(name string) string { return env[name] }, env
}

func flags(given map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { text, ok := given[name]; return text, ok }
}

const chains = `
[profile web]
role_arn = ` + migrator + `
web_identity_token_file = /t
[profile chain]
role_arn = ` + target + `
source_profile = web
external_id = x
[profile linked]
role_arn = ` + migrator + `
web_identity_token_file = /t
credproc_assume_role = ` + target + `
credproc_tag = team=payments
[profile keys]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = secret
[profile with-keys]
role_arn = ` + target + `
source_profile = keys
[profile helper]
credential_process = /bin/helper --for "an argument"
[profile ecs]
credential_source = EcsContainer
[profile helped]
role_arn = ` + target + `
source_profile = helper
[profile bare]
role_arn = ` + migrator + `
[profile over-bare]
role_arn = ` + target + `
source_profile = bare
[profile self]
role_arn = ` + target + `
source_profile = self
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = secret
`

// What exec writes down as a profile leads to the same credentials, also where
// there is a token file in the environment.
func TestProfileCarriesItsBase(t *testing.T) {
	type texts = map[string]string
	for _, given := range []texts{
		{"profile": "chain"},
		{"profile": "chain", "assume-role": migrator},
		{"profile": "linked"},
		{"profile": "linked", "role-arn": target, "web-identity-token-file": "/other"},
		{"profile": "with-keys", "duration-seconds": "900"},
		{"profile": "keys"},
		{"profile": "keys", "assume-role": target},
		{"profile": "helper"},
		{"profile": "ecs"},
		{"profile": "helped"},
		{"profile": "over-bare"},
		{"profile": "self"},
		{"credential-process": "/bin/helper -x"},
		{"credential-process": "/bin/helper -x", "role-arn": target, "external-id": "e", "tag": "a=b,c=d", "source-identity": "me"},
		{"role-arn": migrator, "token-source": "gcp", "audience": "api://x"},
		{"role-arn": migrator, "token-source": "exec:sh -c 'a \"b\" # c'"},
	} {
		t.Run(fmt.Sprint(given), func(t *testing.T) {
			getenv, env := place(t, chains)
			env["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/of/the/pod"
			env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/creds"
			env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "authorization"
			env["AWS_PROFILE"], env["AWS_ACCESS_KEY_ID"] = "of-the-parent", "AKIAIOSFODNN7EXAMPLE"
			want, err := Source(flags(given), getenv, &cache.Cache{})
			if err != nil {
				t.Fatal(err)
			}
			keys, err := Profile(flags(given), lines(env))
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			b.WriteString(chains + "[profile inner]\n")
			for _, p := range keys.Pairs {
				fmt.Fprintf(&b, "%s = %s\n", p.Key, p.Value)
			}
			if err := os.WriteFile(env["AWS_CONFIG_FILE"], []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			inChild := func(name string) string {
				if Withheld(name) && name != "AWS_CONFIG_FILE" {
					return map[string]string{"AWS_PROFILE": "credproc-exec-x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/of/the/child"}[name]
				}
				return getenv(name)
			}
			got, err := Source(flags(texts{"profile": "inner"}), inChild, &cache.Cache{})
			if err != nil {
				t.Fatalf("%v\n%s", err, &b)
			}
			if got.Key() != want.Key() {
				t.Errorf("got %+v\nwant %+v\nfrom\n%s", got.Key(), want.Key(), &b)
			}
			if needs := strings.Contains(got.Key().Role, "process") || strings.Contains(got.Key().Role, "container") || given["credential-process"] != "" || given["profile"] == "helped" || strings.HasPrefix(given["token-source"], "exec:"); keys.Secret != needs {
				t.Errorf("Secret is %v", keys.Secret)
			} else if needs != strings.Contains(b.String(), "authorization%00") {
				t.Error("the secrets are not where they belong")
			}
		})
	}
}

// The highest layer that names a role or a source settles the identity.
func TestLowerLayersSayNothingOfTheIdentity(t *testing.T) {
	type texts = map[string]string
	getenv, env := place(t, chains)
	plain := func(given texts) source.Key {
		t.Helper()
		src, err := Source(flags(given), getenv, &cache.Cache{})
		if err != nil {
			t.Fatal(err)
		}
		return src.Key()
	}
	for _, given := range []texts{
		{"profile": "chain"},
		{"profile": "keys"},
		{"profile": "linked", "role-arn": target, "token-source": "gcp"},
		{"credential-process": "/bin/helper"},
		{"role-arn": migrator, "web-identity-token-file": "/t"},
	} {
		clear := plain(given)
		others := texts{
			"CREDPROC_ROLE_ARN": migrator, "CREDPROC_ASSUME_ROLE": target, "CREDPROC_EXTERNAL_ID": "other", "CREDPROC_TAG": "a=b",
			"CREDPROC_CREDENTIAL_PROCESS": "/bin/other", "CREDPROC_SOURCE_IDENTITY": "other", "CREDPROC_DURATION_SECONDS": "900",
			"CREDPROC_AWS_ACCESS_KEY_ID": "AKIAI44QH8DHBEXAMPLE",
			"AWS_ROLE_ARN":               migrator, "AWS_WEB_IDENTITY_TOKEN_FILE": "/of/the/pod", "AWS_ROLE_SESSION_NAME": "other",
		}
		for name, value := range others {
			env[name] = value
			if got := plain(given); got != clear && !strings.HasPrefix(got.Role, "credential_process") {
				t.Errorf("%s changes what %v asks for", name, given)
			}
			delete(env, name)
		}
	}
	env["CREDPROC_AWS_ACCESS_KEY_ID"] = "AKIAI44QH8DHBEXAMPLE"
	if _, err := Source(flags(nil), getenv, &cache.Cache{}); err == nil || !strings.Contains(err.Error(), "no role to assume") {
		t.Errorf("an access key in a variable of no meaning: %v", err)
	}
}

// Two bases at once are an error that names both, and so is a loop.
func TestBasesThatCannotStandTogether(t *testing.T) {
	getenv, _ := place(t, `
[profile p]
role_arn = `+migrator+`
source_profile = q
credential_source = Environment
[profile q]
role_arn = `+migrator+`
web_identity_token_file = /t
[profile bad-link]
role_arn = `+migrator+`
web_identity_token_file = /t
credproc_assume_role = target
`)
	for _, test := range []struct {
		given map[string]string
		want  string
	}{
		{map[string]string{"profile": "p"}, `source_profile of profile "p" and credential_source of profile "p" cannot stand together`},
		{map[string]string{"profile": "q", "credential-process": "x", "token-source": "gcp"}, `--token-source and --credential-process cannot stand together`},
		{map[string]string{"profile": "bad-link"}, `credproc_assume_role of profile "bad-link" is not a role ARN`},
		{map[string]string{"credential-process": "x", "tag": "team", "assume-role": target}, `--tag is not KEY=VALUE`},
	} {
		_, err := Source(flags(test.given), getenv, &cache.Cache{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v", test.given, err)
		}
	}
}

func TestRunsItself(t *testing.T) {
	for command, want := range map[string]bool{
		"credproc --profile p":                                   true,
		"/usr/local/bin/credproc get --profile=p":                true,
		`sh -c "exec credproc --profile p"`:                      true,
		`"/a path/credproc" --timeout 10s --profile 'p'`:         true,
		"credproc --profile other":                               false,
		"credproc --profile p2":                                  false,
		"credproc":                                               false,
		"aws configure export-credentials --profile p":           false,
		"credproc-wrapper --profile p":                           false,
		"aws-vault exec --profile p credproc --profile another-": false,
	} {
		if got := runsItself(command, "p"); got != want {
			t.Errorf("%s: %v", command, got)
		}
	}
}
