package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source/token"
)

// Keys that give SDKs credentials of another kind. Beside credential_process, or
// where credproc reads its own settings, they decide differently.
// Source: facts of each SDK's order, as in docs/sdks.md; AWS SDKs and Tools
// Reference Guide, "Settings reference".
var otherCredentials = []string{
	"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "source_profile", "credential_source",
	"sso_session", "sso_start_url", "sso_account_id", "sso_role_name", "login_session", "mfa_serial",
}

func has(s awsconfig.Section, key string) bool {
	_, ok := s.Value(key)
	return ok
}

// alone makes sure that both profiles are ours to write: what SDKs find under
// these names besides our keys would count for some of them.
func (s profileSetup) alone(file *awsconfig.File) error {
	taken := func(section awsconfig.Section, key string) error {
		return &settings.Error{Text: fmt.Sprintf("profile %q has %s already (%s:%d)", section.Name, key, section.Path, section.Line),
			Hint: "choose another name, or take that key out first"}
	}
	outer, _ := file.Profile(s.name)
	inner, _ := file.Profile(s.inner())
	for _, key := range append([]string{"role_arn", "web_identity_token_file"}, otherCredentials...) {
		if has(outer, key) {
			return taken(outer, key)
		}
	}
	for _, key := range append([]string{"credential_process"}, otherCredentials...) {
		if has(inner, key) {
			return taken(inner, key)
		}
	}
	if command, ok := outer.Value("credential_process"); ok && !startsCredproc(command) {
		return taken(outer, "another credential_process")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	credentials, err := awsconfig.LoadCredentials(awsconfig.CredentialsPath(os.Getenv, home))
	if err != nil {
		return &settings.Error{Text: err.Error(), Hint: "mend the credentials file: SDKs read it first"}
	}
	for _, name := range []string{s.name, s.inner()} {
		if section, ok := credentials.Profile(name); ok {
			return &settings.Error{Text: fmt.Sprintf("%s:%d has a [%s] too, and most SDKs prefer it", section.Path, section.Line, name),
				Hint: "choose another name, or take that section out first"}
		}
	}
	return nil
}

// startsCredproc reports whether a command line begins with some credproc.
func startsCredproc(command string) bool {
	words := strings.Fields(command)
	if len(words) == 0 {
		return true // nothing is there to be lost
	}
	name := filepath.Base(strings.Trim(words[0], `"'`))
	return name == "credproc" || name == "credproc.exe" || name == filepath.Base(os.Args[0])
}

// setupKeys are what the flags are called in the profile that credproc reads.
var setupKeys = []struct{ flag, key string }{
	{"role-arn", "role_arn"},
	{"web-identity-token-file", "web_identity_token_file"},
	{"token-source", "credproc_token_source"},
	{"audience", "credproc_audience"},
	{"credential-process", "credproc_credential_process"},
	{"role-session-name", "role_session_name"},
	{"duration-seconds", "duration_seconds"},
	{"policy", "policy"},
	{"policy-arn", "policy_arn"},
	{"assume-role", "credproc_assume_role"},
	{"external-id", "external_id"},
	{"source-identity", "credproc_source_identity"},
	{"tag", "credproc_tag"},
	{"endpoint-url", "endpoint_url"},
}

// Places that a token, or what stands for one, comes from: one of them counts.
var tokenPlaces = []string{"web_identity_token_file", "credproc_token_source", "credproc_credential_process"}

// wanted is the change of the profile that credproc reads. Flags and their
// variables say it; what neither they nor the profile itself say is looked up
// where get would find it, so that a pod's or a job's own role and token do.
func (s profileSetup) wanted(existing awsconfig.Section) (awsconfig.Change, error) {
	change := awsconfig.Change{Profile: s.inner()}
	set := func(key, value, origin string) error {
		if key == "web_identity_token_file" {
			var err error
			if value, err = settings.AbsolutePath(value, origin); err != nil {
				return err
			}
		}
		change.Set = append(change.Set, awsconfig.Pair{Key: key, Value: value})
		return storable(value, origin)
	}
	said := func(keys ...string) bool {
		for _, key := range keys {
			for _, pair := range change.Set {
				if pair.Key == key {
					return true
				}
			}
			if has(existing, key) {
				return true
			}
		}
		return false
	}
	var places []string
	for _, k := range setupKeys {
		value, origin := s.text(k.flag)
		if origin == "" || value == "" {
			continue
		}
		for _, place := range tokenPlaces {
			if k.key == place {
				places = append(places, origin)
			}
		}
		if err := set(k.key, value, origin); err != nil {
			return change, err
		}
	}
	if len(places) > 1 {
		return change, &settings.Error{Text: strings.Join(places, " and ") + " cannot stand together",
			Hint: "keep the one that the credentials are to come from"}
	}
	if role := os.Getenv("AWS_ROLE_ARN"); role != "" && !said("role_arn", "credproc_credential_process") {
		if err := set("role_arn", role, "AWS_ROLE_ARN"); err != nil {
			return change, err
		}
	}
	if !said("role_arn", "credproc_credential_process") {
		return change, &settings.Error{Text: "no role to assume", Hint: "name it with --role-arn"}
	}
	if !said(tokenPlaces...) {
		key, value, origin := "web_identity_token_file", os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"), "AWS_WEB_IDENTITY_TOKEN_FILE"
		if value == "" {
			key, origin = "credproc_token_source", "the environment"
			value, _ = token.Detect(os.Getenv)
		}
		if value == "" {
			return change, &settings.Error{Text: "no web identity token", Hint: "name it with --web-identity-token-file or --token-source"}
		}
		if err := set(key, value, origin); err != nil {
			return change, err
		}
		places = append(places, origin)
	}
	if len(places) == 1 {
		for _, place := range tokenPlaces {
			if !sets(change, place) {
				change.Drop = append(change.Drop, place)
			}
		}
	}
	return change, nil
}

// sets reports whether a change sets a key.
func sets(c awsconfig.Change, key string) bool {
	for _, pair := range c.Set {
		if pair.Key == key {
			return true
		}
	}
	return false
}

// storable makes sure that every parser reads a value as it is written. The
// value itself may be a secret's, and is not quoted.
func storable(value, origin string) error {
	problem := ""
	switch {
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		problem = "a line end or another control character"
	case strings.TrimSpace(value) != value:
		problem = "a space at its begin or end"
	case strings.ContainsAny(value, "#;"):
		problem = "a # or ;, with which comments begin"
	case strings.ContainsAny(value[:1], `"'`):
		problem = "a quote at its begin"
	case strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }):
		problem = "an invisible character"
	default:
		return nil
	}
	return &settings.Error{Text: fmt.Sprintf("%s has %s, on which SDKs do not agree in a config file", origin, problem),
		Hint: "choose another value, or give it as a flag of credproc exec"}
}

// leadsSomewhere makes sure that credproc will take what stands in its profile.
func (s profileSetup) leadsSomewhere(path string, edit awsconfig.Edit) error {
	file, err := awsconfig.Parse(path, edit.Text())
	if err != nil {
		return unusable(err)
	}
	section, _ := file.Profile(s.inner())
	_, err = settings.Source(func(flag string) (string, bool) {
		for _, k := range setupKeys {
			if k.flag == flag {
				return section.Value(k.key)
			}
		}
		return section.Value(strings.ReplaceAll(flag, "-", "_"))
	}, func(name string) string {
		if name == "HOME" || name == "USERPROFILE" {
			return os.Getenv(name)
		}
		return ""
	}, &cache.Cache{})
	return err
}
