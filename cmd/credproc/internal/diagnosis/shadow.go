package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/precedence"
)

// A Line is a credential_process: what it says, where it stands, and what can be
// done with it.
type Line struct {
	Profile string // of the SDK
	Place   string // FILE:LINE
	Words   []string
}

// Shadows says which SDKs would not run the line, and what keeps them from it.
func (f *Findings) Shadows(picks []precedence.Pick, line Line) {
	const check = "shadowed"
	type key struct {
		source precedence.Source
		place  string
		half   bool
	}
	var order []key
	by := map[key][]precedence.SDK{}
	for _, p := range picks {
		asProfile := p.Source == precedence.AssumeRole && p.CommandPlace != "" && !strings.HasPrefix(p.Place, line.Place)
		switch {
		case p.Source == precedence.Process, p.Source == precedence.Unknown, asProfile:
			continue
		}
		k := key{p.Source, p.Place, p.CommandPlace != ""}
		if p.Profile != line.Profile {
			k = key{place: otherVariable}
		}
		if by[k] == nil {
			order = append(order, k)
		}
		by[k] = append(by[k], p.SDK)
	}
	order = slices.DeleteFunc(order, func(k key) bool {
		return len(by[k]) == 1 && by[k][0] == precedence.GoV1 // nobody but old programs; the table says it
	})
	for _, k := range order {
		sdks := by[k]
		kind := k.source
		if by[key{precedence.Static, k.place, false}] != nil {
			kind = precedence.Static // .NET stops at the same key
		}
		text := does(k.source, k.place, k.half) + ": " + names(sdks)
		tell := f.Problem
		if len(order) == 1 && len(sdks) == 1 && sdks[0]&(precedence.Botocore|precedence.GoV2) == 0 {
			tell = f.Warn // of ten, and most people use others
		}
		tell(check, k.place, text, cure(kind, k.place, line))
	}
	if len(order) == 0 {
		f.OK(check, "", "nothing here goes before credential_process")
	}
}

// otherVariable names a profile for some SDKs only. It is where a pick goes to
// that is of another profile.
const otherVariable = "AWS_DEFAULT_PROFILE"

// does says what SDKs do with what they find at place.
func does(source precedence.Source, place string, half bool) string {
	goes, makes := " goes", " makes"
	if strings.Contains(place, " and ") {
		goes, makes = " go", " make"
	}
	if place == otherVariable {
		return "these do not read " + place
	}
	switch source {
	case precedence.Environment:
		return place + goes + " before the profile; these never run credproc"
	case precedence.WebIdentity, precedence.Static, precedence.SSO, precedence.AssumeRole:
		if half {
			return place + makes + " these assume a role on top of what credproc gives"
		}
		return place + goes + " before credential_process; these never run credproc"
	case precedence.Fails:
		return place + makes + " these stop with an error"
	}
	return "these use something else"
}

// cure is what makes every SDK run the line.
func cure(source precedence.Source, place string, line Line) string {
	exec := "run the program under credproc: credproc exec" + options(line.Words) + " -- COMMAND"
	variable := strings.HasPrefix(place, "AWS_")
	switch {
	case place == otherVariable:
		return "set AWS_PROFILE=" + line.Profile
	case variable && source == precedence.Environment:
		return "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"
	case variable && strings.Contains(place, "AWS_ACCESS_KEY"):
		return "unset " + place + ": it stands there without its secret"
	case variable && place == "AWS_WEB_IDENTITY_TOKEN_FILE":
		return "unset AWS_WEB_IDENTITY_TOKEN_FILE, or set AWS_ROLE_ARN as well"
	case variable && len(line.Words) > 1:
		return "unset AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE; or " + exec
	case variable:
		// The line needs them: it names no profile of its own.
		return exec
	case source == precedence.Static:
		return fmt.Sprintf("take the access key at %s away, or give this profile another name", place)
	case slices.Contains([]precedence.Source{precedence.AssumeRole, precedence.WebIdentity, precedence.Fails, precedence.SSO}, source):
		return fmt.Sprintf("move what stands at %s into a profile of its own, and name that in credential_process with --profile", place)
	}
	return exec
}

// options are those of the line that exec takes to the same credentials. Only
// the profile is shown: anything else might be long, or nobody's business.
func options(words []string) string {
	for i, word := range words {
		if name, ok := strings.CutPrefix(word, "--profile="); ok {
			return " --profile " + name
		}
		if word == "--profile" && i+1 < len(words) {
			return " --profile " + words[i+1]
		}
	}
	return ""
}

func names(sdks []precedence.SDK) string {
	var list []string
	for _, sdk := range sdks {
		list = append(list, sdk.Name())
	}
	return strings.Join(list, ", ")
}
