package settings

import (
	"fmt"
	"strings"

	"github.com/credproc/credproc/source"
	"github.com/credproc/credproc/source/token"
)

// A WebToken is the web identity token that everything begins with, and what it
// is for.
type WebToken struct {
	Source token.Source

	// RoleARN is the role that the token is traded for, or empty where none is
	// named yet. SessionName is how that session is called.
	RoleARN, SessionName string

	// Region is what is set, or empty.
	Region string
}

// Token finds the token that Source would use, behind however many links. It
// needs no role. Its error is an *Error, or a *source.Error of the kind token
// where nothing names a token.
func Token(flag func(name string) (string, bool), getenv func(string) string) (WebToken, error) {
	all, p, err := stack(flag, getenv)
	if err != nil {
		return WebToken{}, err
	}
	if p == nil && !names(all) {
		if p = inForce(getenv); p != nil {
			// As Source does within an exec.
			all = p.over(flag, p.outside(getenv))
			getenv = p.outside(getenv)
		}
	}
	var trail []*awsProfile
	if p != nil {
		trail = append(trail, p)
	}
	return webToken(all, identity(all), trail, getenv)
}

func webToken(all, identity layers, trail []*awsProfile, getenv func(string) string) (WebToken, error) {
	kind := baseOf(identity)
	base := identity.find(kind)
	if all[:1].findAny("token_source", "web_identity_token_file").text != "" {
		kind = "" // whoever names a token wants to see that one
	}
	switch kind {
	case "":
	case "source_profile":
		next, err := readProfile(base.text, getenv)
		if err != nil {
			return WebToken{}, err
		}
		for _, before := range trail {
			if before.name == next.name {
				return WebToken{}, &Error{Text: "source_profile leads back to itself: " + next.name,
					Hint: "end the chain with a profile that has a web identity token"}
			}
		}
		rest := append(layers{all[0], next.layer}, all[1:]...)
		return webToken(rest, layers{next.layer}, append(trail, next), getenv)
	default:
		e := &Error{Text: fmt.Sprintf("the credentials come from %s, not from a web identity token", base.origin),
			Hint: "name the token with --web-identity-token-file or --token-source"}
		if words := strings.Fields(base.text); kind == "credential_process" && len(words) > 2 && words[len(words)-2] == "--profile" {
			e.Hint = "look at the profile that it names: --profile " + words[len(words)-1]
		}
		return WebToken{}, e
	}
	w := WebToken{RoleARN: identity.find("role_arn").text, Region: all.find("region").text}
	if w.RoleARN != "" {
		if err := checkRole(identity.find("role_arn")); err != nil {
			return WebToken{}, err
		}
	}
	spec, err := tokenSpec(all, getenv)
	switch {
	case err != nil:
		return WebToken{}, err
	case spec.text == "":
		return WebToken{}, &source.Error{Kind: source.KindToken, Code: string(token.Missing), Text: "no web identity token: nothing names one"}
	}
	if w.Source, err = tokenSource(all, w.RoleARN, getenv); err != nil {
		return WebToken{}, err
	}
	w.SessionName, err = sessionName(identity.find("role_session_name"))
	return w, err
}
