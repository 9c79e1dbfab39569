package token

import (
	"strings"
	"testing"
)

func TestEnv(t *testing.T) {
	raw := jwt(rs256, someone)
	env := map[string]string{"ID_TOKEN": raw + "\n", "EMPTY": "", "BAD": "opaque", "HUGE": strings.Repeat("a", 1<<20)}
	s := mustNew("env:ID_TOKEN", env)
	tok, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if tok.Raw() != raw || s.Identity() != tok.Identity() || s.Identity().Subject != "someone" {
		t.Errorf("got %v with %+v", tok, s.Identity())
	}
	if s.Renewable() || s.String() != "in $ID_TOKEN" {
		t.Errorf("%s, renewable %t", s, s.Renewable())
	}
	for _, test := range []struct {
		name    string
		problem Problem
		says    string
	}{
		{"UNSET", Missing, "web identity token in $UNSET is missing: the variable is not set"},
		{"EMPTY", Missing, "in $EMPTY is missing"},
		{"BAD", Malformed, "in $BAD is not a JWT"},
		{"HUGE", Malformed, "has 1048576 characters"},
	} {
		s := mustNew("env:"+test.name, env)
		_, err := s.Token(t.Context())
		wantProblem(t, err, test.problem, test.says)
		if s.Identity() != (Identity{}) {
			t.Errorf("%s: identity %+v", test.name, s.Identity())
		}
	}
}
