package source

import (
	"fmt"
	"testing"
	"time"
)

func TestEnvironment(t *testing.T) {
	const id, secret, session = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLETOKEN"
	const place = "the access key in the environment "
	end := time.Date(2100, 1, 2, 3, 4, 5, 0, time.UTC)
	type env = map[string]string
	keys := func(more env) env {
		all := env{"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	for _, test := range []struct {
		name       string
		env        env
		want       Credentials
		code, text string
	}{
		{"a user's", keys(nil), Credentials{}, "", ""},
		{"a session's", keys(env{"AWS_SESSION_TOKEN": session, "AWS_ACCOUNT_ID": "111122223333"}), Credentials{SessionToken: session, AccountID: "111122223333"}, "", ""},
		{"with an end", keys(env{"AWS_SESSION_TOKEN": session, "AWS_CREDENTIAL_EXPIRATION": "2100-01-02T03:04:05+00:00"}), Credentials{SessionToken: session, Expiration: end}, "", ""},
		{"with an end that nobody understands", keys(env{"AWS_CREDENTIAL_EXPIRATION": "soon"}), Credentials{}, "", ""},
		{"none", env{}, Credentials{}, CodeKeyMissing, "is missing"},
		{"no secret", keys(env{"AWS_SECRET_ACCESS_KEY": ""}), Credentials{}, CodeKeyMissing, id + " has no secret"},
		{"no id", keys(env{"AWS_ACCESS_KEY_ID": ""}), Credentials{}, CodeKeyMissing, "has no id"},
		{"new line", keys(env{"AWS_SECRET_ACCESS_KEY": secret + "\n"}), Credentials{}, CodeKeyMissing, "is no good: credentials whose SecretAccessKey has characters that no header can carry"},
		{"expired", keys(env{"AWS_CREDENTIAL_EXPIRATION": time.Now().Add(-90 * time.Second).Format(time.RFC3339)}), Credentials{}, CodeKeyExpired, id + " expired 1m ago"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Environment(func(name string) string { return test.env[name] })
			got, err := s.Retrieve(t.Context())
			for _, verb := range verbs {
				for _, v := range []any{s, *s, []any{s, *s}, struct{ S Source }{s}} {
					wantHidden(t, fmt.Sprintf(verb, v), secret)
				}
			}
			if test.text != "" {
				wantError(t, err, KindSettings, test.code, place+test.text)
				wantHidden(t, everything(t, err), secret)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := test.want
			want.AccessKeyID, want.SecretAccessKey, want.Issued, want.Identity = id, secret, got.Issued, s.Key().Identity
			if !got.Expiration.Equal(want.Expiration) || got.Ends() != !want.Expiration.IsZero() {
				t.Errorf("expires at %v, want %v", got.Expiration, want.Expiration)
			}
			want.Expiration = got.Expiration
			if got != want || got.Issued.IsZero() {
				t.Errorf("got %v", got)
			}
			if key := s.Key(); key.Subject != id || key.Identity == "" {
				t.Errorf("key %+v", key)
			}
		})
	}
	one, other := &Static{AccessKeyID: "a", Place: "x"}, &Static{AccessKeyID: "b", Place: "x"}
	if one.Key().Identity == other.Key().Identity {
		t.Error("two keys have one identity")
	}
	shown := fmt.Sprint(Credentials{AccessKeyID: id, SecretAccessKey: secret})
	if shown != "credentials "+id+" (no expiration)" {
		t.Errorf("shown as %s", shown)
	}
}
