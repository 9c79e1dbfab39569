package token

import (
	"errors"
	"fmt"
	"strings"
)

// DefaultAudience is what AWS's own documents use for an OIDC provider.
const DefaultAudience = "sts.amazonaws.com"

// Options are what every token source may need besides its own argument.
type Options struct {
	// Audience is for whom a token is asked, where one is asked for: github,
	// azure, gcp, buildkite, circleci, kubernetes, spiffe. Empty means
	// DefaultAudience. The others' tokens have their audience from elsewhere.
	Audience string

	// Getenv looks up an environment variable. Nil means that none is set.
	Getenv func(string) string
}

func (o Options) audience() string {
	if o.Audience == "" {
		return DefaultAudience
	}
	return o.Audience
}

func (o Options) getenv() func(string) string {
	if o.Getenv == nil {
		return func(string) string { return "" }
	}
	return o.Getenv
}

// kinds are the sources that are types of their own, by the form in which they
// are written. Another one is a type in a file of its own name and a row here,
// with a row among Detections if its variables are set for this purpose alone,
// and one among the askers of network_test.go if it asks by HTTP.
var kinds = []struct {
	form     string
	audience bool // takes Options.Audience
	new      func(arg string, o Options) (Source, error)
}{
	{"file:PATH", false, func(path string, _ Options) (Source, error) { return File(path), nil }},
	{"env:NAME", false, func(name string, o Options) (Source, error) { return Env{Name: name, Getenv: o.getenv()}, nil }},
	{"exec:COMMAND", false, func(line string, o Options) (Source, error) {
		command, err := words(line)
		return &Exec{Command: command, Getenv: o.getenv()}, err
	}},
	{"github", true, func(_ string, o Options) (Source, error) {
		return GitHub{Audience: o.audience(), Getenv: o.getenv()}, nil
	}},
	{"azure-devops[:CONNECTION-ID]", false, func(id string, o Options) (Source, error) {
		return AzureDevOps{Connection: id, Getenv: o.getenv()}, nil
	}},
	{"azure[:CLIENT-ID]", true, func(id string, o Options) (Source, error) {
		return Azure{Audience: o.audience(), ClientID: id, Getenv: o.getenv()}, nil
	}},
	{"gcp", true, func(_ string, o Options) (Source, error) {
		return GCP{Audience: o.audience(), Getenv: o.getenv()}, nil
	}},
	{"buildkite", true, func(_ string, o Options) (Source, error) { return buildkite(o), nil }},
	{"circleci", true, func(_ string, o Options) (Source, error) { return circleci(o), nil }},
	{"vault:ROLE", false, func(role string, o Options) (Source, error) {
		return Vault{Role: role, Getenv: o.getenv()}, nil
	}},
	{"kubernetes:NAMESPACE/SERVICEACCOUNT", true, func(arg string, o Options) (Source, error) {
		namespace, account, ok := strings.Cut(arg, "/")
		if !ok || namespace == "" || account == "" || strings.Contains(account, "/") {
			return nil, errors.New("it takes a namespace and a service account with one slash between them")
		}
		return Kubernetes{Namespace: namespace, ServiceAccount: account, Audience: o.audience(), Getenv: o.getenv()}, nil
	}},
}

// New returns the source that spec names, as one of Forms. Its error is of the
// spec alone: nothing is asked, read or run. It quotes no argument, which may
// be a command with a password in it.
func New(spec string, o Options) (Source, error) {
	name, arg, _ := strings.Cut(spec, ":")
	for _, kind := range kinds {
		if is(kind.form, name) {
			if err := takes(kind.form, spec); err != nil {
				return nil, err
			}
			source, err := kind.new(arg, o)
			if err != nil {
				return nil, fmt.Errorf("token source %s: %w", name, err)
			}
			return source, nil
		}
	}
	for _, preset := range presets {
		if is(preset.form, name) {
			if err := takes(preset.form, spec); err != nil {
				return nil, err
			}
			return preset.source(arg, o), nil
		}
	}
	return nil, fmt.Errorf("token source %.40q is not known; it is one of %s", name, strings.Join(Forms(), ", "))
}

// TakesAudience reports whether the source that spec names asks for a token for
// Options.Audience.
func TakesAudience(spec string) bool {
	name, _, _ := strings.Cut(spec, ":")
	for _, kind := range kinds {
		if is(kind.form, name) {
			return kind.audience
		}
	}
	for _, preset := range presets {
		if is(preset.form, name) {
			return preset.command != nil
		}
	}
	return false
}

// Forms lists how token sources are written, for people: an argument in
// brackets may be left out.
func Forms() []string {
	var forms []string
	for _, kind := range kinds {
		forms = append(forms, kind.form)
	}
	for _, preset := range presets {
		forms = append(forms, preset.form)
	}
	return forms
}

// is reports whether name is the one in form.
func is(form, name string) bool {
	end := strings.IndexAny(form, "[:")
	return form == name || end >= 0 && form[:end] == name
}

// takes checks that spec has an argument where form has one.
func takes(form, spec string) error {
	name, arg, given := strings.Cut(spec, ":")
	switch at := strings.IndexAny(form, "[:"); {
	case at < 0 && given:
		return fmt.Errorf("token source %s takes no argument", name)
	case at >= 0 && given && strings.TrimSpace(arg) == "", at >= 0 && form[at] == ':' && !given:
		return fmt.Errorf("token source %s lacks its argument: %s", name, form)
	}
	return nil
}
