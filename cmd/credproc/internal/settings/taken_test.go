package settings

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/credproc/credproc/cache"
)

// What is set for an identity reaches somebody or is refused.
func TestTaken(t *testing.T) {
	type texts = map[string]string
	const config = chains + `
[profile tagged]
role_arn = ` + migrator + `
web_identity_token_file = /t
credproc_tag = team=payments
[profile tolerant]
credential_process = /bin/helper
duration_seconds = 900
role_session_name = me
[profile of-tolerant]
role_arn = ` + target + `
source_profile = tolerant
[profile keys-and-token]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = secret
web_identity_token_file = /t
[profile passed-on]
source_profile = web
[profile github]
role_arn = ` + migrator + `
credproc_token_source = github
credproc_audience = mine
`
	const web, none = "AssumeRoleWithWebIdentity takes no parameter for ", "these credentials are not of a role that is assumed here"
	for _, test := range []struct {
		flags, env texts
		want       string // empty: it is taken
	}{
		{texts{"profile": "web", "tag": "a=b"}, nil, "--tag has no effect: " + web + "session tags"},
		{texts{"profile": "web", "source-identity": "jane"}, nil, "--source-identity has no effect: " + web + "a source identity"},
		{texts{"profile": "web", "external-id": "x"}, nil, "--external-id has no effect: " + web + "an external ID"},
		{texts{"profile": "tagged"}, nil, `credproc_tag of profile "tagged" has no effect: ` + web},
		{texts{"profile": "web", "tag": "a=b", "source-identity": "jane", "external-id": "x", "assume-role": target}, nil, ""},
		{nil, texts{"AWS_ROLE_ARN": migrator, "AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "CREDPROC_TAG": "a=b"}, "CREDPROC_TAG has no effect"},
		{texts{"profile": "web"}, texts{"CREDPROC_TAG": "a=b", "CREDPROC_EXTERNAL_ID": "x"}, ""},

		{texts{"credential-process": "x", "duration-seconds": "900"}, nil, "--duration-seconds has no effect: " + none},
		{texts{"credential-process": "x", "role-session-name": "me"}, nil, "--role-session-name has no effect: " + none},
		{texts{"credential-process": "x", "policy": "{}"}, nil, "--policy has no effect: " + none},
		{texts{"profile": "keys", "policy-arn": "arn:aws:iam::aws:policy/A"}, nil, "--policy-arn has no effect: " + none},
		{texts{"profile": "ecs", "external-id": "x"}, nil, "--external-id has no effect: " + none},
		{nil, texts{"CREDPROC_CREDENTIAL_PROCESS": "x", "CREDPROC_DURATION_SECONDS": "900"}, "CREDPROC_DURATION_SECONDS has no effect"},
		{nil, texts{"CREDPROC_CREDENTIAL_PROCESS": "x", "AWS_ROLE_SESSION_NAME": "me"}, ""},
		{texts{"profile": "passed-on", "tag": "a=b"}, nil, "--tag has no effect: " + none},
		{texts{"profile": "tolerant"}, nil, ""},
		{texts{"profile": "of-tolerant"}, nil, ""},

		{texts{"profile": "keys", "token-source": "gcp"}, nil, "--token-source has no effect: no web identity token is asked for"},
		{texts{"profile": "keys-and-token"}, nil, `web_identity_token_file of profile "keys-and-token" has no effect`},
		{texts{"profile": "keys", "audience": "a"}, nil, "--audience has no effect: no web identity token is asked for"},
		{texts{"profile": "keys"}, texts{"AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "CREDPROC_AUDIENCE": "a"}, ""},

		{texts{"profile": "web", "audience": "a"}, nil, "--audience has no effect: a token from file comes with its own audience"},
		{texts{"profile": "chain", "audience": "a"}, nil, "--audience has no effect: a token from file"},
		{texts{"profile": "github", "audience": "a"}, nil, ""},
		{texts{"profile": "github", "token-source": "file:/t"}, nil, ""}, // the profile's is for the profile's
		{texts{"profile": "github", "token-source": "file:/t", "audience": "a"}, nil, "--audience has no effect"},
		{texts{"profile": "web"}, texts{"CREDPROC_AUDIENCE": "a"}, ""},
		{nil, texts{"CREDPROC_ROLE_ARN": migrator, "CREDPROC_AUDIENCE": "a", "CREDPROC_TOKEN_SOURCE": "vault:x"}, "CREDPROC_AUDIENCE has no effect: a token from vault"},
		{nil, texts{"CREDPROC_ROLE_ARN": migrator, "CREDPROC_AUDIENCE": "a", "BITBUCKET_STEP_OIDC_TOKEN": "x"}, "CREDPROC_AUDIENCE has no effect: a token from bitbucket"},
		{nil, texts{"CREDPROC_ROLE_ARN": migrator, "CREDPROC_AUDIENCE": "a", "CREDPROC_TOKEN_SOURCE": "spiffe"}, ""},
	} {
		t.Run(fmt.Sprint(test.flags, test.env), func(t *testing.T) {
			getenv, env := place(t, config)
			for name, value := range test.env {
				env[name] = value
			}
			_, err := Source(flags(test.flags), getenv, &cache.Cache{})
			var usage *Error
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (!errors.As(err, &usage) || !strings.HasPrefix(usage.Text, test.want) || usage.Hint == ""):
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
