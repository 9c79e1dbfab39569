package token

import (
	"maps"
	"slices"
	"testing"
)

func TestDetect(t *testing.T) {
	everything := make(map[string]string)
	order := []string{"github", "bitbucket", "circleci", "buildkite", "azure-devops", "hcp-terraform", "spacelift"}
	var got []string
	for _, d := range Detections() {
		got = append(got, d.Spec)
		alone := make(map[string]string)
		for _, name := range d.Variables {
			alone[name], everything[name] = "x", "x"
		}
		if spec, ok := Detect(lookup(alone)); spec != d.Spec || !ok {
			t.Errorf("%v: got %q", d.Variables, spec)
		}
		for _, name := range d.Variables {
			less := maps.Clone(alone)
			delete(less, name)
			if spec, ok := Detect(lookup(less)); ok {
				t.Errorf("%s without %s", spec, name)
			}
		}
		if _, err := New(d.Spec, Options{}); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(got, order) {
		t.Errorf("order %q", got)
	}
	// Whatever is there, the first one counts.
	for _, d := range Detections() {
		if spec, _ := Detect(lookup(everything)); spec != d.Spec {
			t.Errorf("got %q before %q", spec, d.Spec)
		}
		for _, name := range d.Variables {
			delete(everything, name)
		}
	}
	// Nothing here was set for our purpose.
	for _, name := range []string{"GITHUB_ACTIONS", "GITLAB_CI", "CI_JOB_JWT_V2", "GCE_METADATA_HOST", "AZURE_CLIENT_ID", "VAULT_TOKEN", "VAULT_ADDR",
		"KUBERNETES_SERVICE_HOST", "SPIFFE_ENDPOINT_SOCKET", "CIRCLE_OIDC_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		if spec, ok := Detect(lookup(map[string]string{name: "x"})); ok {
			t.Errorf("%s leads to %s", name, spec)
		}
	}
}
