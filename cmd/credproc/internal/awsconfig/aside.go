package awsconfig

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// SetAside is the text of a config file after which the default profile leads
// to no credentials: its other keys stay. Who wants them as source_profile gets
// a profile of that name, with all that the default profile said.
//
// done is false if there was nothing to do. An error is that of [Load].
func SetAside(path string, text []byte, name string) (new []byte, done bool, err error) {
	return setAside(path, text, "profile "+name, name)
}

// SetAsideCredentials is SetAside for a shared credentials file.
func SetAsideCredentials(path string, text []byte, name string) (new []byte, done bool, err error) {
	return setAside(path, text, name, name)
}

func setAside(path string, text []byte, header, name string) ([]byte, bool, error) {
	_, sections, err := parseWritten(path, text)
	if err != nil {
		return nil, false, err
	}
	data, err := decode(path, text)
	if err != nil {
		return nil, false, err
	}
	a := aside{lines: strings.SplitAfter(strings.TrimSuffix(data, "\n")+"\n", "\n")}
	a.lines = a.lines[:len(a.lines)-1]
	done := false
	for i, s := range sections {
		end := len(a.lines)
		if i+1 < len(sections) {
			end = sections[i+1].line - 1
		}
		if from, ok := s.keys["source_profile"]; ok && from.text == "default" {
			line := a.lines[from.line-1]
			a.lines[from.line-1], done = line[:strings.IndexAny(line, "=:")]+"= "+name+"\n", true
		}
		if isDefault(s.header) {
			a.take(s, end)
			done = true
		}
		if s.header == "DEFAULT" {
			a.everywhere = s.leadsToCredentials()
		}
	}
	new := a.text(header)
	if err := a.verify(path, new, sections); err != nil {
		return nil, false, err
	}
	return new, done, nil
}

// An aside is a file while the default profile is set aside.
type aside struct {
	lines []string // with their ends; empty where they go

	found      bool
	own        written // the default profile's section
	body       string  // what stands below its header
	everywhere bool    // some SDK finds credentials in every section
}

// take takes a default profile's section, which reaches up to a line, out of the
// file. Of two [profile default] counts, as in [Load].
func (a *aside) take(s written, end int) {
	if !a.found || a.own.header != "profile default" {
		a.found, a.own, a.body = true, s, strings.Join(a.lines[s.line:end], "")
	}
	for n := s.line - 1; n < end; n++ {
		a.lines[n] = ""
	}
}

func (a *aside) text(header string) []byte {
	text := strings.Join(a.lines, "")
	if strings.TrimSpace(text) == "" {
		text = ""
	}
	if rest := a.own.rest(); rest != "" && !a.everywhere {
		text += "\n[default]\n" + rest
	}
	if a.own.leadsToCredentials() {
		text += "\n[" + header + "]\n" + a.body
	}
	return []byte(text)
}

// verify reads the result: nothing is left of the default profile's credentials,
// and no other section is gone.
func (a *aside) verify(path string, new []byte, before []written) error {
	_, after, err := parseWritten(path, new)
	for _, s := range before {
		kept := slices.ContainsFunc(after, func(n written) bool { return n.header == s.header && len(n.keys) == len(s.keys) })
		if err != nil || !kept && !isDefault(s.header) {
			return fmt.Errorf("%s: is laid out in a way that cannot be changed safely", path)
		}
	}
	for _, s := range after {
		if isDefault(s.header) && s.leadsToCredentials() {
			return fmt.Errorf("%s: is laid out in a way that cannot be changed safely", path)
		}
	}
	return nil
}

// isDefault reports whether some SDK takes a section for the default profile's.
func isDefault(header string) bool {
	words := strings.Fields(strings.NewReplacer(`"`, "", `'`, "", `\`, "").Replace(header))
	n := len(words)
	return n == 1 && words[0] == "default" || n == 2 && words[1] == "default" && strings.HasPrefix(words[0], "profile")
}

// leadsToCredentials reports whether a key of a profile says where credentials
// come from, or something about those alone.
// Source: AWS SDKs and Tools Reference Guide, "Settings reference".
func leadsToCredentials(key string) bool {
	switch key {
	case "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token", "aws_account_id",
		"role_arn", "source_profile", "credential_source", "credential_process", "web_identity_token_file", "login_session",
		"role_session_name", "external_id", "mfa_serial", "duration_seconds":
		return true
	}
	return strings.HasPrefix(key, "sso_")
}

func (s written) leadsToCredentials() bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(s.keys)), leadsToCredentials)
}

// rest are the keys of s that have nothing to do with credentials, written as
// all SDKs read them.
func (s written) rest() string {
	var b strings.Builder
	names := slices.SortedFunc(maps.Keys(s.keys), func(x, y string) int { return s.keys[x].line - s.keys[y].line })
	for _, key := range names {
		if leadsToCredentials(key) {
			continue
		}
		first, more, _ := strings.Cut(s.keys[key].text, "\n")
		b.WriteString(strings.TrimRight(key+" = "+first, " ") + "\n")
		for line := range strings.SplitSeq(more, "\n") {
			if line != "" {
				b.WriteString("  " + line + "\n")
			}
		}
	}
	return b.String()
}
