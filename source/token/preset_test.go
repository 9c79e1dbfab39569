package token

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPresets(t *testing.T) {
	raw := jwt(rs256, someone)
	for _, test := range []struct{ spec, variable, hint string }{
		{"bitbucket", "BITBUCKET_STEP_OIDC_TOKEN", "oidc: true"},
		{"gitlab:AWS_ID_TOKEN", "AWS_ID_TOKEN", "id_tokens:"},
		{"hcp-terraform", "TFC_WORKLOAD_IDENTITY_TOKEN", "TFC_WORKLOAD_IDENTITY_AUDIENCE"},
		{"hcp-terraform:BLUE", "TFC_WORKLOAD_IDENTITY_TOKEN_BLUE", "TFC_WORKLOAD_IDENTITY_AUDIENCE"},
		{"spacelift", "SPACELIFT_OIDC_TOKEN", ""},
	} {
		t.Run(test.spec, func(t *testing.T) {
			s := mustNew(test.spec, map[string]string{test.variable: raw})
			tok, err := s.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if tok.Raw() != raw || s.Identity() != tok.Identity() || s.Renewable() {
				t.Errorf("%v, renewable %t", tok, s.Renewable())
			}
			if test.hint != "" {
				_, err = mustNew(test.spec, nil).Token(t.Context())
				wantProblem(t, err, Missing, test.hint)
			}
		})
	}
}

// A variable may hold anything, and is quoted nowhere.
func TestPresetsRubbish(t *testing.T) {
	for spec, variable := range map[string]string{"bitbucket": "BITBUCKET_STEP_OIDC_TOKEN", "gitlab:X": "X",
		"hcp-terraform": "TFC_WORKLOAD_IDENTITY_TOKEN", "spacelift": "SPACELIFT_OIDC_TOKEN"} {
		for value, says := range map[string]string{
			"opaque.words": "is not a JWT: it has 2 parts", strings.Repeat("opaque", 1<<20/6): "characters; STS takes 4 to 20000",
			jwt(`{"alg":"EdDSA"}`, someone): `is signed with "EdDSA"`,
		} {
			_, err := mustNew(spec, map[string]string{variable: value}).Token(t.Context())
			var e *Error
			if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "web identity token in $"+variable+" ") || !strings.Contains(err.Error(), says) ||
				strings.Contains(err.Error(), "opaque") {
				t.Errorf("%s: %.200v", spec, err)
			}
			wantHidden(t, err.Error(), value)
		}
	}
}

// A file is read where the variable is not set, and is as final as that.
func TestPresetFile(t *testing.T) {
	raw := jwt(rs256, someone)
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	p := preset{variable: "UNSET", file: path}
	s := p.source("", Options{})
	if tok, err := s.Token(t.Context()); err != nil || tok.Raw() != raw || s.Renewable() || s.Identity() != tok.Identity() {
		t.Errorf("%v, %v, renewable %t", tok, err, s.Renewable())
	}
	_, err := mustNew("spacelift", nil).Token(t.Context())
	wantProblem(t, err, Missing, "web identity token of Spacelift in /mnt/workspace/spacelift.oidc does not exist; SPACELIFT_OIDC_TOKEN is not set either")
}
