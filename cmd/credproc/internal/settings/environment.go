package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/source"
	"github.com/credproc/credproc/source/token"
)

// Shadowing are the variables that make some SDK look elsewhere than in the
// profile, or in another one. Empty ones would do the same in the SDK for Ruby,
// so exec removes them.
// Source: AWS SDKs and Tools Reference Guide, "Environment variables list"; the
// older names are those of the SDKs for Go v1 and Java v1.
var Shadowing = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION",
	"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_SESSION_NAME",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE",
	"AWS_CONFIG_FILE", "AWS_SHARED_CONFIG_FILE", "AWS_SDK_LOAD_CONFIG", "AWS_EC2_METADATA_DISABLED",
}

// setByExec are those of them that exec sets for its command, or `export
// --format terragrunt` for Terragrunt's.
var setByExec = []string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE",
	"AWS_CONFIG_FILE", "AWS_SHARED_CONFIG_FILE", "AWS_SDK_LOAD_CONFIG", "AWS_EC2_METADATA_DISABLED",
}

// secretVariables are those of them that hold a secret.
var secretVariables = []string{
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECRET_KEY", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
}

// fillVariables are those of CREDPROC_* that say something to every profile: where
// the token comes from, which the profile at the end of a chain need not say.
var fillVariables = []string{"CREDPROC_WEB_IDENTITY_TOKEN_FILE", "CREDPROC_TOKEN_SOURCE", "CREDPROC_AUDIENCE"}

// Withheld reports whether exec keeps a variable from its command: one that
// shadows, and what was meant for credproc, since other profiles of the command
// may run credproc too.
func Withheld(name string) bool {
	name = canonical(name)
	return slices.Contains(Shadowing, name) || strings.HasPrefix(name, "CREDPROC_")
}

func canonical(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}

// Lookup looks variables up in environ, lines of NAME=VALUE.
func Lookup(environ []string) func(name string) string {
	return func(name string) string {
		for _, line := range slices.Backward(environ) { // of two the later counts
			if n, value, ok := strings.Cut(line, "="); ok && canonical(n) == canonical(name) {
				return value
			}
		}
		return ""
	}
}

// What exec tells credproc in the second of its two profiles, besides settings.
const (
	// environmentKey holds the variables that were withheld, each ended by a NUL,
	// and a NUL more. A variable that is not among them was not set. A
	// credential_process and its like see them again, or they might answer for
	// somebody else under the same key.
	environmentKey = "credproc_environment"

	// folderKey is where exec was started, for commands with relative paths.
	folderKey = "credproc_folder"

	// regionKey is the region that the user set, if he did: region is that of STS.
	regionKey = "credproc_region"

	// accessKeyKey says that of source_profile only the access key is meant: it is
	// the profile that was to be used, and names itself.
	accessKeyKey = "credproc_only_access_key"
)

// ExecPrefix begins the names of the profiles that exec adds; that of the second
// is the first's and RoleSuffix.
const (
	ExecPrefix = "credproc-exec-"
	RoleSuffix = "-role"
)

// inForce is what the exec around us told credproc, or nil if there is none: the
// profile beside the one in AWS_PROFILE.
func inForce(getenv func(string) string) *awsProfile {
	name := getenv("AWS_PROFILE")
	if !strings.HasPrefix(name, ExecPrefix) {
		return nil
	}
	p, err := readProfile(name+RoleSuffix, getenv)
	if err != nil || !p.isOfExec() {
		return nil
	}
	return p
}

// isOfExec reports whether exec wrote p.
func (p *awsProfile) isOfExec() bool { return p != nil && p.has(environmentKey) }

// folder is where exec was started, or empty.
func (p *awsProfile) folder() string {
	text, _ := p.value(folderKey)
	return text
}

// within is the source that credproc means within an exec, when nothing says
// which: that of exec. Where the variables that exec withheld mean another role,
// as in a profile of the user's that goes by them, neither will do.
func within(around *awsProfile, flag func(string) (string, bool), getenv func(string) string, c *cache.Cache) (source.Source, error) {
	before := around.outside(getenv)
	src, err := newMaker(around, getenv, c).all(around.over(flag, before), around)
	if err != nil {
		return nil, err
	}
	outside := layers{flagLayer(flag), ownLayer(before), awsLayer(before)}
	if !names(outside) {
		return src, nil
	}
	other, err := (&maker{getenv: getenv, before: before, cache: c}).all(outside, nil)
	if err == nil && other.Key().Role != src.Key().Role {
		return nil, &Error{Text: fmt.Sprintf("no role is named: around credproc exec it would be %s, within it is %s", other.Key().Role, src.Key().Role),
			Hint: "name the role or a profile with --role-arn or --profile"}
	}
	return src, nil
}

// carried is the value of environmentKey for environ. Secrets are left out where
// nobody will need them, and so is what is credproc's alone.
func carried(environ []string, secrets bool) (text string, secret bool) {
	var lines []string
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		name = canonical(name)
		if value == "" && !secrets || !forHelpers(name) {
			continue
		}
		if maySecret(name) {
			if !secrets {
				continue
			}
			secret = true
		}
		if strings.HasSuffix(name, "_WEB_IDENTITY_TOKEN_FILE") && !secrets {
			if path, err := filepath.Abs(value); err == nil {
				value = path
			}
		}
		lines = append(lines, name+"="+value+"\x00")
	}
	slices.Sort(lines)
	return strings.Join(lines, "") + "\x00", secret
}

// maySecret reports whether a variable that is withheld may hold a secret.
func maySecret(name string) bool {
	if slices.Contains(Shadowing, name) {
		return slices.Contains(secretVariables, name)
	}
	return !slices.Contains(fillVariables, name)
}

// forHelpers is Withheld for what helpers get back. The guard is of
// this very call.
func forHelpers(name string) bool {
	return Withheld(name) && canonical(name) != source.GuardVariable
}

// withheld are the variables that exec withheld.
func (p *awsProfile) withheld() []string {
	text, _ := p.value(environmentKey)
	return slices.DeleteFunc(strings.Split(text, "\x00"), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return !forHelpers(name)
	})
}

// outside is getenv as it was before exec withheld variables, or getenv itself.
func (p *awsProfile) outside(getenv func(string) string) func(string) string {
	if !p.isOfExec() {
		return getenv
	}
	before := Lookup(p.withheld())
	return func(name string) string {
		if forHelpers(name) {
			return before(name)
		}
		return getenv(name)
	}
}

// environ is environ as it was before exec withheld variables, or environ itself.
func (p *awsProfile) environ(environ []string) []string {
	if !p.isOfExec() {
		return environ
	}
	rest := slices.DeleteFunc(slices.Clone(environ), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return forHelpers(name)
	})
	return append(rest, p.withheld()...)
}

// restored is environ as it was before exec withheld variables, but for those
// that somebody has set again since, and for what was said to credproc alone.
func (p *awsProfile) restored(environ []string) []string {
	all := slices.DeleteFunc(p.environ(environ), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return strings.HasPrefix(name, "CREDPROC_") && forHelpers(name) && !slices.Contains(fillVariables, name)
	})
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		if value != "" && forHelpers(name) && !slices.Contains(setByExec, canonical(name)) {
			all = append(all, line)
		}
	}
	return all
}

// tokenFile is getenv with the token file of p where there is none: like any other
// it is found below the role that is named.
func (p *awsProfile) tokenFile(getenv func(string) string) func(string) string {
	return func(name string) string {
		value := getenv(name)
		if value == "" && name == "AWS_WEB_IDENTITY_TOKEN_FILE" {
			value, _ = p.value("web_identity_token_file")
		}
		return value
	}
}

// helps notes what a token source needs of the environment, and gives it to one
// that runs a command.
func (m *maker) helps(src token.Source) {
	switch t := src.(type) {
	case *token.Exec:
		m.needsSecrets, m.needsFolder = true, true
		if m.around != nil {
			t.Environ, t.Dir = m.around.environ(os.Environ()), m.around.folder()
		}
	case token.Env:
		m.needsSecrets = m.needsSecrets || Withheld(t.Name)
	}
}

// workingFolder is where commands are run, or empty if nobody knows.
func (m *maker) workingFolder() string {
	if m.around != nil {
		return m.around.folder()
	}
	dir, _ := os.Getwd()
	return dir
}
