// Package awsconfig reads the files in which AWS SDKs keep profiles: the config
// file and the shared credentials file.
//
// The measure is botocore's parser (botocore/configloader.py on Python's
// configparser), because the AWS CLI has taught everyone its rules. Where this
// package departs from it, aws-sdk-go-v2 (internal/ini) does too or the user's
// intent is beyond doubt:
//
//   - a comment may follow a value after a space or tab: "region = x # why" is x.
//     botocore keeps the comment in the value; Go cuts at any # or ;, even inside
//     a word. In an indented block nobody cuts, and neither do we. Nor may a ] in
//     a comment stretch the section's name, as in botocore;
//   - a UTF-8 byte order mark is skipped; botocore refuses the file;
//   - a line that is neither section, key nor comment is skipped and listed in
//     [File.Skipped]; both refuse the file, though only one profile may be hurt;
//   - [profile default] beats [default] wherever it stands, as in Go and in AWS's
//     "Shared config and credentials files"; for botocore the later one wins.
//
// In all else botocore wins over Go: surrounding quotes belong to the value, a
// backslash has no meaning, what repeats a section or a key is refused, since
// SDKs would not agree on the winner, and so is a key before the first section.
//
// Values may be secrets, so no error quotes anything from a file.
package awsconfig

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Path is where the config file lies: AWS_CONFIG_FILE, else .aws/config in home.
// It is empty when neither is known. A variable that is set but empty counts as
// unset, and a leading ~ means home, as in botocore.
func Path(getenv func(string) string, home string) string {
	return locate(getenv("AWS_CONFIG_FILE"), home, "config")
}

// CredentialsPath is where the shared credentials file lies:
// AWS_SHARED_CREDENTIALS_FILE, else .aws/credentials in home, by the rules of
// [Path].
func CredentialsPath(getenv func(string) string, home string) string {
	return locate(getenv("AWS_SHARED_CREDENTIALS_FILE"), home, "credentials")
}

func locate(named, home, base string) string {
	switch {
	case named == "" && home == "":
		return ""
	case named == "":
		return filepath.Join(home, ".aws", base)
	case home == "" || named[0] != '~':
		return named
	case named == "~", strings.HasPrefix(named, "~/"), strings.HasPrefix(named, "~"+string(filepath.Separator)):
		return filepath.Join(home, named[1:])
	}
	return named
}

// A File is what one config or credentials file says.
type File struct {
	// Path is the name the file was loaded by.
	Path string

	// Skipped are the numbers, from 1, of lines that mean nothing: no section, no
	// key, no comment. SDKs refuse such a file.
	Skipped []int

	// Marked is whether a byte order mark begins the file. The AWS CLI and boto3
	// refuse it then.
	Marked bool

	profiles index
	services index
	others   index // by their headers
}

// Load reads a config file, where a profile's section is [profile NAME] or
// [default]. A file that does not exist, and an empty path, give an empty File.
// Any other error names the path and, where the text is at fault, the line.
func Load(path string) (*File, error) { return load(path, configFile) }

// LoadCredentials is Load for a shared credentials file, where a profile's
// section is [NAME] and nothing else has a meaning.
func LoadCredentials(path string) (*File, error) { return load(path, credentialsFile) }

func load(path string, classify classifier) (*File, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	return parse(path, data, classify)
}

// Profile is the section of the profile with that exact name.
func (f *File) Profile(name string) (Section, bool) { return f.profiles.section(name) }

// Services is the section [services NAME], which a profile names in its key
// services. A credentials file has none.
func (f *File) Services(name string) (Section, bool) { return f.services.section(name) }

// Profiles are the names of all profiles, in the file's order.
func (f *File) Profiles() []string { return append([]string(nil), f.profiles.order...) }

// Bare is the section [NAME] of a config file, which no SDK takes for a profile:
// people forget the word.
func (f *File) Bare(name string) (Section, bool) { return f.others.section(name) }

// A Section is one profile's or one services section's keys.
type Section struct {
	Name string // as a user would pass it to --profile
	Path string // the file
	Line int    // the header's line, from 1

	keys     keys
	defaults keys // of [DEFAULT], which hold in every section
}

// Value is what a key is set to, without surrounding space; keys are compared
// without regard to case. It is false for a key that is absent or opens a block,
// and empty but true for "key =". A value that goes on in deeper indented lines
// has them joined by newlines.
func (s Section) Value(key string) (string, bool) {
	v, ok := s.text(key)
	if !ok || isBlock(v) {
		return "", false
	}
	return v, true
}

// Commented reports whether a comment follows the key's value on its line. The
// AWS CLI and boto3 take it for a part of the value.
func (s Section) Commented(key string) bool { return s.keys[strings.ToLower(key)].commented }

// Keys are the names of the section's own keys, in lower case and no order.
func (s Section) Keys() []string {
	var names []string
	for name := range s.keys {
		names = append(names, name)
	}
	return names
}

// Place is where a key of this section is set, as FILE:LINE, or the section's
// own place if it is not set there.
func (s Section) Place(key string) string {
	line := s.Line
	if v, ok := s.keys[strings.ToLower(key)]; ok {
		line = v.line
	} else if v, ok := s.defaults[strings.ToLower(key)]; ok {
		line = v.line
	}
	return fmt.Sprintf("%s:%d", s.Path, line)
}

// Nested is what a key is set to in the block that another key opens:
//
//	s3 =
//	  endpoint_url = http://localhost:9000
//
// Inside a block case matters, as in botocore, and the last of two equal keys
// wins.
func (s Section) Nested(key, sub string) (value string, ok bool) {
	block, found := s.text(key)
	if !found || !isBlock(block) {
		return "", false
	}
	for line := range strings.SplitSeq(block, "\n") {
		if k, v, isPair := strings.Cut(line, "="); isPair && strings.TrimSpace(k) == sub {
			value, ok = strings.TrimSpace(v), true
		}
	}
	return value, ok
}

func (s Section) text(key string) (string, bool) {
	key = strings.ToLower(key)
	v, ok := s.keys[key]
	if !ok {
		v, ok = s.defaults[key]
	}
	return v.text, ok
}

func isBlock(text string) bool { return strings.HasPrefix(text, "\n") }
