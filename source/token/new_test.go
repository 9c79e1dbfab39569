package token

import (
	"fmt"
	"strings"
	"testing"
)

func TestNew(t *testing.T) {
	for _, test := range []struct{ spec, kind, shown string }{
		{"file:/a b:c", "token.File", "in /a b:c"},
		{"env:X", "token.Env", "in $X"},
		{"exec:get token", "*token.Exec", "from command get"},
		{"github", "token.GitHub", `from GitHub Actions for "sts.amazonaws.com"`},
		{"azure-devops", "token.AzureDevOps", "from Azure Pipelines"},
		{"azure-devops:1", "token.AzureDevOps", "from Azure Pipelines for service connection 1"},
		{"azure", "token.Azure", `from Azure's metadata service for "sts.amazonaws.com"`},
		{"gcp", "token.GCP", `from Google Cloud's metadata server for "sts.amazonaws.com"`},
		{"buildkite", "*token.Exec", "from buildkite-agent"},
		{"circleci", "*token.Exec", "from circleci"},
		{"vault:r", "token.Vault", "from Vault role r"},
		{"kubernetes:a/b", "token.Kubernetes", `of service account a/b for "sts.amazonaws.com"`},
		{"bitbucket", "token.Env", "in $BITBUCKET_STEP_OIDC_TOKEN"},
		{"gitlab:AWS_TOKEN", "token.Env", "in $AWS_TOKEN"},
		{"hcp-terraform", "token.Env", "in $TFC_WORKLOAD_IDENTITY_TOKEN"},
		{"hcp-terraform:BLUE", "token.Env", "in $TFC_WORKLOAD_IDENTITY_TOKEN_BLUE"},
		{"spacelift", "token.once", "of Spacelift in /mnt/workspace/spacelift.oidc"},
		{"spiffe", "*token.Exec", "from spire-agent"},
	} {
		s, err := New(test.spec, Options{})
		if err != nil {
			t.Errorf("%s: %v", test.spec, err)
			continue
		}
		if kind := fmt.Sprintf("%T", s); kind != test.kind || s.String() != test.shown {
			t.Errorf("%s is a %s %q", test.spec, kind, s)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct{ spec, says string }{
		{"", `token source "" is not known; it is one of file:PATH, env:NAME, exec:COMMAND, github, `},
		{"nonsense", `"nonsense" is not known`},
		{"GitHub", `"GitHub" is not known`},
		{"azure-", `"azure-" is not known`},
		{"eyJ" + strings.Repeat("x", 1000), "is not known"},
		{"file", "token source file lacks its argument: file:PATH"},
		{"file:", "lacks its argument"},
		{"env: ", "lacks its argument"},
		{"exec", "lacks its argument"},
		{"exec:", "lacks its argument"},
		{"vault:", "lacks its argument"},
		{"gitlab", "lacks its argument: gitlab:VARIABLE"},
		{"azure:", "lacks its argument: azure[:CLIENT-ID]"},
		{"github:x", "token source github takes no argument"},
		{"github:", "takes no argument"},
		{"bitbucket:x", "takes no argument"},
		{"kubernetes:a", "one slash"},
		{"kubernetes:a/", "one slash"},
		{"kubernetes:/b", "one slash"},
		{"kubernetes:a/b/c", "one slash"},
		{"exec:get --password 'secret", "a ' without its partner"},
		{"exec:get secret | tail", "a | that only a shell understands"},
	} {
		s, err := New(test.spec, Options{})
		if err == nil {
			t.Errorf("%q is %v", test.spec, s)
			continue
		}
		if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") || len(err.Error()) > 500 {
			t.Errorf("%.40q: %v", test.spec, err)
		}
		if s != nil {
			t.Errorf("%q: a source beside an error", test.spec)
		}
	}
}

// Every form is one that New knows.
func TestForms(t *testing.T) {
	for _, form := range Forms() {
		spec := strings.NewReplacer("[", "", "]", "").Replace(form)
		if _, err := New(spec, Options{}); err != nil {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// An audience is part of who asks, or of what the source is called, wherever it
// is taken.
func TestTakesAudience(t *testing.T) {
	env := map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.example", "KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
	for _, form := range Forms() {
		spec := strings.NewReplacer("[", "", "]", "").Replace(form)
		who := func(audience string) string {
			s, err := New(spec, Options{Audience: audience, Getenv: lookup(env)})
			if err != nil {
				t.Fatal(err)
			}
			return s.String() + s.Identity().Digest
		}
		if taken := who("a") != who("b"); taken != TakesAudience(spec) {
			t.Errorf("%s takes an audience: %t", spec, taken)
		}
	}
	if TakesAudience("nonsense") {
		t.Error("nonsense takes an audience")
	}
}
