package token

import (
	"strings"
	"testing"
)

// Whatever could change whose token comes back is in the identity.
func TestCallersApart(t *testing.T) {
	for _, a := range askers {
		t.Run(a.name, func(t *testing.T) {
			base := a.env("https://a.example:1", "dir")
			delete(base, "VAULT_CACERT")
			id := a.source(base).Identity().Digest
			if id != a.source(a.env("https://a.example:1", "dir")).Identity().Digest || !hexDigest.MatchString(id) {
				t.Fatalf("identity %q is not stable", id)
			}
			for name := range base {
				if name == "dir" {
					continue
				}
				changed := a.env("https://a.example:1", "dir")
				changed[name] += "x"
				same := a.source(changed).Identity().Digest == id
				// A request token of GitHub or Azure may be renewed; the job stays.
				if want := name == "ACTIONS_ID_TOKEN_REQUEST_TOKEN" || name == "SYSTEM_ACCESSTOKEN"; same != want {
					t.Errorf("another %s: same identity is %t", name, same)
				}
			}
		})
	}
	seen := make(map[string]string)
	env := askers[0].env("https://a.example", "")
	for _, more := range []map[string]string{askers[1].env("https://a.example", ""), askers[5].env("https://a.example:1", "")} {
		for name, value := range more {
			env[name] = value
		}
	}
	for _, spec := range []string{"github", "azure", "azure:1", "azure:2", "gcp", "azure-devops", "azure-devops:1",
		"kubernetes:a/b", "kubernetes:a/c", "kubernetes:b/b", "buildkite", "circleci", "spiffe", "spiffe:1", "exec:a b", "exec:a 'b '", "exec:a"} {
		for _, audience := range []string{"", "other"} {
			s, err := New(spec, Options{Audience: audience, Getenv: lookup(env)})
			if err != nil {
				t.Fatal(err)
			}
			if audience != "" && (strings.HasPrefix(spec, "exec:") || strings.HasPrefix(spec, "azure-devops")) {
				continue // takes none
			}
			id := s.Identity().Digest
			if before, ok := seen[id]; ok || id == "" {
				t.Errorf("%s for %q has the identity of %s", spec, audience, before)
			}
			seen[id] = spec
		}
	}
}

// Jobs of one machine that run one after another are told apart.
func TestJobsApart(t *testing.T) {
	for _, spec := range []string{"azure", "gcp", "exec:a", "buildkite", "circleci", "spiffe"} {
		seen := map[string]string{mustNew(spec, nil).Identity().Digest: "none"}
		for _, name := range jobVariables {
			id := mustNew(spec, map[string]string{name: "1"}).Identity().Digest
			if before, ok := seen[id]; ok {
				t.Errorf("%s: %s has the identity of %s", spec, name, before)
			}
			seen[id] = name
		}
	}
}
