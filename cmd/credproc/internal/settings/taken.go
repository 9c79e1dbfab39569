package settings

import (
	"fmt"
	"strings"

	"github.com/credproc/credproc/source/token"
)

// A use is what the settings of an identity lead to.
type use struct {
	web   bool // a web identity token is traded
	links int  // roles that are assumed with AssumeRole
	other bool // the base is another profile's, which has a say of its own
}

// taken refuses what was set for this identity and reaches nobody: a session
// policy that is lost lets the credentials do more than somebody believes, and
// without its tags a session may do less. asked are the flags, which reach into
// source profiles.
func (u use) taken(identity, asked layers) error {
	session := u.web || u.links > 0
	const notOurs = "these credentials are not of a role that is assumed here"
	for _, key := range []struct {
		name  string
		taken bool
		why   string
		hint  string
	}{
		{"policy", session, notOurs, "name the role that it is to narrow in --assume-role, or leave it out"},
		{"policy_arn", session, notOurs, "name the role that it is to narrow in --assume-role, or leave it out"},
		{"duration_seconds", session, notOurs, "leave it out: whoever gives these credentials decides how long they live"},
		{"role_session_name", session, notOurs, "leave it out, or name the role that it is for in --assume-role"},
		{"tag", u.links > 0, u.nothing("session tags"),
			u.claim("https://aws.amazon.com/tags")},
		{"source_identity", u.links > 0, u.nothing("a source identity"),
			u.claim("https://aws.amazon.com/source_identity")},
		{"external_id", u.links > 0, u.nothing("an external ID"),
			"leave it out, or name the role that asks for it in --assume-role"},
		{"token_source", u.web, "no web identity token is asked for", "set the role that it is for in --role-arn, or leave it out"},
		{"web_identity_token_file", u.web, "no web identity token is asked for", "set the role that it is for in --role-arn, or leave it out"},
	} {
		s := identity.find(key.name)
		if s.text == "" || key.taken || sdksTake(key.name, s) {
			continue
		}
		return &Error{Text: fmt.Sprintf("%s has no effect: %s", s.origin, key.why), Hint: key.hint}
	}
	if s := append(asked[:1:1], identity...).find("audience"); s.text != "" && !u.web && !u.other {
		return &Error{Text: s.origin + " has no effect: no web identity token is asked for", Hint: "leave it out"}
	}
	return nil
}

// sdksTake reports whether a key stands in a profile where SDKs find a use for
// it that we have not.
func sdksTake(key string, s setting) bool {
	return (key == "duration_seconds" || key == "role_session_name") && strings.Contains(s.origin, " of profile ")
}

func (u use) nothing(what string) string {
	if u.web {
		return "AssumeRoleWithWebIdentity takes no parameter for " + what
	}
	return "these credentials are not of a role that is assumed here"
}

// claim says how a token carries what a request for its session cannot.
func (u use) claim(name string) string {
	if u.web {
		return "have the issuer put the claim " + name + " into the token, or name the role that it is for in --assume-role"
	}
	return "name the role that it is for in --assume-role, or leave it out"
}

// audienceTaken refuses an audience that was set for this identity where the
// token comes with its own. Below the layer that says where the token comes from
// it may be meant for other tokens.
func audienceTaken(all, identity layers, getenv func(string) string) error {
	spec, err := tokenSpec(all, getenv)
	if err != nil || token.TakesAudience(spec.text) {
		return err
	}
	audience := identity.find("audience")
	for _, l := range all {
		one := layers{l}
		if s := one.find("audience"); s.text != "" && (s == audience || strings.HasPrefix(s.origin, "--")) {
			name, _, _ := strings.Cut(spec.text, ":")
			return &Error{Text: fmt.Sprintf("%s has no effect: a token from %s comes with its own audience", s.origin, name),
				Hint: "leave it out, and have the token issued for " + fmt.Sprintf("%.60q", s.text)}
		}
		if one.findAny("token_source", "web_identity_token_file").text != "" {
			return nil
		}
	}
	return nil
}
