// Package precedence says where each AWS SDK takes its credentials from on this
// machine: which variable or which line of a file wins, and whether a
// credential_process is run at all. The SDKs do not agree on it, and none says
// so; the rules are one table (table.go), each with its source.
package precedence

import (
	"strconv"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
)

// A Source is a kind of place that credentials come from. Its text stands in
// JSON and never changes.
type Source string

// Sources of credentials.
const (
	Process     Source = "credential-process"
	Environment Source = "environment"  // access keys in variables
	WebIdentity Source = "web-identity" // of the environment or of the profile
	AssumeRole  Source = "assume-role"  // with the credentials of another profile or source
	Static      Source = "static-keys"  // access keys in a file
	SSO         Source = "sso"          // IAM Identity Center
	Container   Source = "container"    // the container credentials endpoint
	Instance    Source = "instance"     // EC2's metadata service, or nothing
	None        Source = "none"         // nothing at all: metadata is switched off
	Fails       Source = "error"        // the SDK stops with an error
	Unknown     Source = "unknown"      // nobody has tried
)

// Here is what SDKs find on this machine.
type Here struct {
	// Lookup looks up an environment variable. Some SDKs tell an empty one from
	// none.
	Lookup func(name string) (string, bool)

	Config, Credentials *awsconfig.File // nil counts as empty
}

// Getenv is a variable's value, or empty.
func (h Here) Getenv(name string) string {
	v, _ := h.Lookup(name)
	return v
}

// A Pick is what one SDK does.
type Pick struct {
	SDK     SDK
	Profile string // the profile that it reads
	Named   string // the variable that names the profile; empty for code, and for none

	Source Source
	Place  string // what decides: variables, or FILE:LINE
	Rule   string // where the rule stands: a file of the SDK, or a test

	// Command is the credential_process that is run in the end, also where a
	// role is assumed with what it prints, and CommandPlace where it stands.
	// Both are empty where none is run.
	Command, CommandPlace string
}

// Of says which source the SDK picks. With a profile, that is the one AWS_PROFILE
// would name, or if inCode, the one that the program itself names; without, it is
// the one the environment names.
func Of(sdk SDK, h Here, profile string, inCode bool) Pick {
	v := newView(sdk, h, profile, inCode)
	p := Pick{SDK: sdk, Profile: v.profile, Named: v.named}
	for _, r := range table {
		if r.sdks&sdk == 0 || r.when == byVariable && inCode || r.when == named && !inCode {
			continue
		}
		place := r.holds(v)
		if place == "" {
			continue
		}
		p.Source, p.Place, p.Rule = r.then, place, r.source
		break
	}
	v.follow(&p)
	return p
}

// Profile is the profile that most SDKs read when nobody names one in code, and
// the variable that names it.
func (h Here) Profile() (profile, variable string) {
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if v := h.Getenv(name); v != "" {
			return v, name
		}
	}
	return "default", ""
}

// A view is what one SDK sees.
type view struct {
	Here
	sdk     SDK
	profile string
	named   string
	inCode  bool

	config, credentials *awsconfig.Section // nil where there is none
}

func newView(sdk SDK, h Here, profile string, inCode bool) *view {
	v := &view{Here: h, sdk: sdk, profile: profile, inCode: inCode}
	switch {
	case profile != "" && !inCode:
		v.named = "AWS_PROFILE"
	case profile == "":
		v.profile = "default"
		for _, name := range sdk.profileVariables() {
			if text := h.Getenv(name); text != "" {
				v.profile, v.named = text, name
				break
			}
		}
	}
	if sdk != GoV1 || v.loadsConfig() {
		v.config = section(h.Config, v.profile)
	}
	v.credentials = section(h.Credentials, v.profile)
	return v
}

func section(f *awsconfig.File, name string) *awsconfig.Section {
	if f == nil {
		return nil
	}
	s, ok := f.Profile(name)
	if !ok {
		return nil
	}
	return &s
}

// loadsConfig reports whether the SDK for Go v1 reads the config file.
// Source: aws-sdk-go, aws/session/doc.go.
func (v *view) loadsConfig() bool {
	on, _ := strconv.ParseBool(v.Getenv("AWS_SDK_LOAD_CONFIG"))
	return on
}

// key is a key's value and its place. The credentials file goes before.
func (v *view) key(name string) (value, place string) {
	for _, s := range []*awsconfig.Section{v.credentials, v.config} {
		if s == nil {
			continue
		}
		if text, ok := s.Value(name); ok && text != "" {
			return text, s.Place(name)
		}
	}
	return "", ""
}

// at is the place of the first of keys that the profile has.
func (v *view) at(keys ...string) string {
	for _, key := range keys {
		if _, place := v.key(key); place != "" {
			return place
		}
	}
	return ""
}

// follow finds out which command is run in the end.
func (v *view) follow(p *Pick) {
	switch p.Source {
	case Process:
		p.Command, p.CommandPlace = v.key("credential_process")
	case AssumeRole:
		name, _ := v.key("source_profile")
		switch {
		case name == "" && v.at("credential_source") == "":
			p.Command, p.CommandPlace = v.key("credential_process") // of Go: role_arn alone
		case name != "" && name != v.profile:
			// Only the profile: no SDK looks at the environment for a base.
			base := newView(v.sdk, v.Here, name, true)
			base.Lookup = func(string) (string, bool) { return "", false }
			if base.at("aws_access_key_id", "source_profile", "credential_source", "web_identity_token_file") == "" {
				p.Command, p.CommandPlace = base.key("credential_process")
			}
			if p.Command == "" {
				return
			}
			switch v.sdk {
			case PHP:
				p.Source, p.Command, p.CommandPlace = Fails, "", ""
			case DotNet, CPP:
				p.Source, p.Command, p.CommandPlace = Unknown, "", ""
			}
		}
	}
}

func join(places ...string) string { return strings.Join(places, " and ") }

// Process is the credential_process that a profile leads to, also by way of its
// source_profile, and its place; both empty where there is none.
func (h Here) Process(profile string) (command, place string) {
	for range 5 { // longer chains are circles
		v := newView(GoV2, h, profile, true)
		if command, place = v.key("credential_process"); place != "" {
			return command, place
		}
		if profile, _ = v.key("source_profile"); profile == "" {
			break
		}
	}
	return "", ""
}

// Has reports whether either file has the profile.
func (h Here) Has(profile string) bool { return h.Where(profile) != "" }

// Where is the profile's header, as FILE:LINE, or empty.
func (h Here) Where(profile string) string {
	v := newView(GoV2, h, profile, true)
	for _, s := range []*awsconfig.Section{v.config, v.credentials} {
		if s != nil {
			return s.Place("")
		}
	}
	return ""
}
