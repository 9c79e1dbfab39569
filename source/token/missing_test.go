package token

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a source asks with is not there: it says so, names it and the remedy,
// and asks nobody.
func TestMissing(t *testing.T) {
	for _, test := range []struct {
		spec string
		env  map[string]string
		says string
	}{
		{"github", nil, "id-token: write"},
		{"github", map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.invalid"}, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"},
		{"github", map[string]string{"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret"}, "ACTIONS_ID_TOKEN_REQUEST_URL"},
		{"azure-devops", nil, "SYSTEM_OIDCREQUESTURI is not set"},
		{"azure-devops", map[string]string{"SYSTEM_OIDCREQUESTURI": "https://x.invalid"}, "SYSTEM_ACCESSTOKEN: $(System.AccessToken)"},
		{"vault:r", nil, "VAULT_ADDR is not set"},
		{"vault:r", map[string]string{"VAULT_ADDR": "https://x.invalid", "HOME": "/nonexistent"}, "VAULT_TOKEN is not set"},
		{"vault:r", map[string]string{"VAULT_ADDR": "vault.example:8200", "VAULT_TOKEN": "secret"}, "VAULT_ADDR is no http or https URL"},
		{"github", map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "secret", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret"}, "is no http or https URL"},
		{"gcp", map[string]string{"GCE_METADATA_HOST": "http://x.invalid"}, "GCE_METADATA_HOST is no host"},
		{"azure", map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": "x.invalid"}, "is no http or https URL"},
		{"kubernetes:a/b", nil, "KUBERNETES_SERVICE_HOST"},
		{"kubernetes:a/b", map[string]string{"KUBERNETES_SERVICE_HOST": "x.invalid"}, "KUBERNETES_SERVICE_PORT"},
	} {
		s := mustNew(test.spec, test.env)
		_, err := s.Token(t.Context())
		wantProblem(t, err, Missing, test.says)
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s quotes what it asks with: %v", test.spec, err)
		}
	}
	for _, spec := range []string{"github", "azure-devops", "vault:r", "kubernetes:a/b"} {
		if id := mustNew(spec, nil).Identity(); id != (Identity{}) {
			t.Errorf("%s: identity %+v of nobody", spec, id)
		}
	}
}

func TestKubernetesOutsideOfPod(t *testing.T) {
	k := mustNew("kubernetes:a/b", map[string]string{"KUBERNETES_SERVICE_HOST": "::1", "KUBERNETES_SERVICE_PORT": "1"}).(Kubernetes)
	k.dir = t.TempDir()
	_, err := k.Token(t.Context())
	wantProblem(t, err, Missing, filepath.Join(k.dir, "token")+" does not exist")
	if k.Identity().Subject != "system:serviceaccount:a:b" || k.host() != "[::1]:1" {
		t.Errorf("%+v at %s", k.Identity(), k.host())
	}
}

// Without VAULT_TOKEN, what `vault login` left behind is used.
func TestVaultLogin(t *testing.T) {
	home := t.TempDir()
	env := map[string]string{"VAULT_ADDR": "https://x.invalid", "HOME": home}
	v := mustNew("vault:r", env).(Vault)
	if v.login() != "" || v.Identity() != (Identity{}) {
		t.Errorf("logged in by nobody")
	}
	if err := os.WriteFile(filepath.Join(home, ".vault-token"), []byte("hvs.kept\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := v.Identity()
	if v.login() != "hvs.kept" || kept == (Identity{}) {
		t.Errorf("login %q", v.login())
	}
	env["VAULT_TOKEN"] = "hvs.kept"
	if v.Identity() != kept {
		t.Error("the place of the login changes the identity")
	}
	env["VAULT_TOKEN"] = "hvs.other"
	if v.login() != "hvs.other" || v.Identity() == kept {
		t.Error("the variable does not come first")
	}
}
