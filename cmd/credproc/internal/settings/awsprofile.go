package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
)

// An awsProfile is a profile of the AWS config file, or where that does not have
// it, of the shared credentials file.
type awsProfile struct {
	name     string
	section  awsconfig.Section
	services awsconfig.Section
	getenv   func(string) string
}

func readProfile(name string, getenv func(string) string) (*awsProfile, error) {
	home := getenv(homeVariable)
	path := awsconfig.Path(getenv, home)
	file, err := awsconfig.Load(path)
	if err != nil {
		return nil, badFile(err, "config", "AWS_CONFIG_FILE")
	}
	p := &awsProfile{name: name, getenv: getenv}
	var ok bool
	if p.section, ok = file.Profile(name); !ok {
		if p.section, ok = p.credentials(); !ok {
			if fault := p.fault(); fault != nil {
				return nil, fault
			}
			return nil, noProfile(name, path, file)
		}
	}
	if s, is := p.section.Value("services"); is {
		if p.services, ok = file.Services(s); !ok {
			return nil, &Error{Text: fmt.Sprintf("profile %q names the services section %q, which %s does not have", name, s, path)}
		}
	}
	return p, nil
}

// credentials is the section of the same name in the shared credentials file.
func (p *awsProfile) credentials() (awsconfig.Section, bool) {
	file, err := awsconfig.LoadCredentials(awsconfig.CredentialsPath(p.getenv, p.getenv(homeVariable)))
	if err != nil {
		return awsconfig.Section{}, false
	}
	return file.Profile(p.name)
}

// fault is what is wrong with the shared credentials file, or nil: it matters
// where something is missing that may be there.
func (p *awsProfile) fault() *Error {
	_, err := awsconfig.LoadCredentials(awsconfig.CredentialsPath(p.getenv, p.getenv(homeVariable)))
	if err == nil {
		return nil
	}
	return badFile(err, "credentials", "AWS_SHARED_CREDENTIALS_FILE")
}

// ownKeys are keys that only credproc knows. In a profile they begin with its
// name, so that no SDK's key of tomorrow can be meant. So may credential_process,
// which in its own name is what SDKs run, and that is us in most profiles.
var ownKeys = []string{"token_source", "audience", "assume_role", "source_identity", "tag"}

// layer looks a key up. Access keys may stand in the shared credentials file
// under the same name, which then counts, as in the SDKs.
func (p *awsProfile) layer(key string) (setting, bool) {
	var text string
	var ok bool
	switch {
	case strings.HasPrefix(key, "aws_"):
		section := p.section
		if other, ok := p.credentials(); ok {
			// All of one key: the session token of another would not fit it.
			if _, ok := other.Value("aws_access_key_id"); ok {
				section = other
			}
		}
		text, ok = section.Value(key)
	case key == "endpoint_url":
		if text, ok = p.services.Nested("sts", key); !ok {
			text, ok = p.value(key)
		}
	default:
		if own := "credproc_" + key; slices.Contains(ownKeys, key) || key == "credential_process" && p.has(own) {
			key = own
		}
		text, ok = p.value(key)
	}
	if !ok {
		return setting{}, false // most are not there: a hit asks for forty
	}
	return setting{text, p.origin(key)}, true
}

func (p *awsProfile) has(key string) bool {
	_, ok := p.value(key)
	return ok
}

// value is the value of a key, or of the encoded one in its stead.
func (p *awsProfile) value(key string) (text string, ok bool) {
	if text, ok = p.section.Value(key); ok {
		return text, true
	}
	if text, ok = p.section.Value(encodedPrefix + key); ok {
		text, ok = decode(text)
	}
	return text, ok
}

func (p *awsProfile) origin(key string) string { return fmt.Sprintf("%s of profile %q", key, p.name) }

// badFile words the fault of one of AWS's two files, which variable leads to.
func badFile(err error, file, variable string) *Error {
	do := "mend"
	if errors.Is(err, fs.ErrPermission) {
		do = "let this user read"
	}
	return &Error{Text: err.Error(), Hint: fmt.Sprintf("%s the AWS %s file, or name another one in %s", do, file, variable)}
}

func noProfile(name, path string, file *awsconfig.File) *Error {
	e := &Error{Text: fmt.Sprintf("there is no profile %q in %s", name, path)}
	names := file.Profiles()
	near := nearest(name, names)
	bare, isBare := file.Bare(name)
	switch {
	case path == "":
		e.Text = fmt.Sprintf("there is no profile %q: HOME is not set, so there is no AWS config file", name)
		e.Hint = "name the AWS config file in AWS_CONFIG_FILE"
	case !exists(path):
		e.Text = fmt.Sprintf("there is no profile %q: %s does not exist", name, path)
		e.Hint = "name the AWS config file in AWS_CONFIG_FILE; a service or container often has another HOME"
	case isBare:
		e.Hint = fmt.Sprintf("write [profile %s] instead of [%s] at %s", name, name, bare.Place(""))
	case near != "":
		e.Hint = fmt.Sprintf("did you mean %q?", near)
	case len(names) > 0 && len(names) <= 10:
		e.Hint = "it has " + strings.Join(names, ", ")
	default:
		e.Hint = fmt.Sprintf("in the config file its section begins [profile %s]", name)
	}
	return e
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// nearest is the name that is mistyped in wrong, or empty where none is near.
func nearest(wrong string, names []string) string {
	best, least := "", len(wrong)/3+1
	for _, name := range names {
		if d := distance(strings.ToLower(wrong), strings.ToLower(name)); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is the Levenshtein distance, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
