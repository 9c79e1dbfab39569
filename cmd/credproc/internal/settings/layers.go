package settings

import (
	"fmt"
	"os"
	"strings"

	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
)

// A setting is one value and where it comes from, for messages.
type setting struct{ text, origin string }

// A layer is one place that settings come from. Keys are those of the AWS
// config file. An empty value counts as none: IRSA's variables are switched off
// by setting them empty.
type layer func(key string) (setting, bool)

// layers, highest first.
type layers []layer

// find is the highest layer's value for key; the zero setting where none has one.
func (ls layers) find(key string) setting {
	for _, l := range ls {
		if s, ok := l(key); ok && s.text != "" {
			return s
		}
	}
	return setting{}
}

// upTo are the layers down to the highest that has key, all where none has it.
func (ls layers) upTo(key string) layers {
	for i, l := range ls {
		if s, ok := l(key); ok && s.text != "" {
			return ls[:i+1]
		}
	}
	return ls
}

// flagLayer are the flags that were given. A flag is a key with hyphens.
func flagLayer(flag func(name string) (string, bool)) layer {
	return func(key string) (setting, bool) {
		name := strings.ReplaceAll(key, "_", "-")
		text, ok := flag(name)
		return setting{text, "--" + name}, ok
	}
}

// ownLayer are the CREDPROC_* variables, one for each flag.
func ownLayer(getenv func(string) string) layer {
	return func(key string) (setting, bool) {
		return variable(getenv, Variable(key))
	}
}

// Variable is the CREDPROC_* variable of a flag or key.
func Variable(key string) string {
	return "CREDPROC_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

func variable(getenv func(string) string, name string) (setting, bool) {
	text := getenv(name)
	return setting{text, name}, text != ""
}

// AWS's own variables for the keys that have one, in the order of the SDKs.
// Source: AWS SDKs and Tools Reference Guide, "Environment variables list".
var awsVariables = map[string][]string{
	"role_arn":                {"AWS_ROLE_ARN"},
	"web_identity_token_file": {"AWS_WEB_IDENTITY_TOKEN_FILE"},
	"role_session_name":       {"AWS_ROLE_SESSION_NAME"},
	"region":                  {"AWS_REGION", "AWS_DEFAULT_REGION"},
	"endpoint_url":            {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"},
	"use_fips_endpoint":       {"AWS_USE_FIPS_ENDPOINT"},
	"use_dualstack_endpoint":  {"AWS_USE_DUALSTACK_ENDPOINT"},
	"sts_regional_endpoints":  {"AWS_STS_REGIONAL_ENDPOINTS"},
	"ca_bundle":               {"AWS_CA_BUNDLE"},

	"ignore_configured_endpoint_urls": {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"},
}

func awsLayer(getenv func(string) string) layer {
	return func(key string) (setting, bool) {
		for _, name := range awsVariables[key] {
			if s, ok := variable(getenv, name); ok {
				return s, true
			}
		}
		return setting{}, false
	}
}

// profileLayer is a profile of the AWS config file, or where that does not have
// it, of the shared credentials file.
func profileLayer(name string, getenv func(string) string) (layer, error) {
	home := getenv(homeVariable)
	path := awsconfig.Path(getenv, home)
	file, err := awsconfig.Load(path)
	if err != nil {
		return nil, &Error{Text: err.Error(), Hint: "mend the AWS config file, or name another one in AWS_CONFIG_FILE"}
	}
	section, ok := file.Profile(name)
	if !ok {
		credentials, err := awsconfig.LoadCredentials(awsconfig.CredentialsPath(getenv, home))
		if err == nil {
			section, ok = credentials.Profile(name)
		}
	}
	if !ok {
		return nil, noProfile(name, path, file.Profiles())
	}
	services := awsconfig.Section{}
	if s, ok := section.Value("services"); ok {
		if services, ok = file.Services(s); !ok {
			return nil, &Error{Text: fmt.Sprintf("profile %q names the services section %q, which %s does not have", name, s, path)}
		}
	}
	return func(key string) (setting, bool) {
		origin := fmt.Sprintf("%s of profile %q", key, name)
		if key == "endpoint_url" {
			if text, ok := services.Nested("sts", key); ok {
				return setting{text, origin}, true
			}
		}
		text, ok := section.Value(key)
		if encoded, is := section.Value(encodedPrefix + key); is && !ok {
			text, ok = decode(encoded)
		}
		return setting{text, origin}, ok
	}, nil
}

func noProfile(name, path string, names []string) *Error {
	e := &Error{Text: fmt.Sprintf("there is no profile %q in %s", name, path)}
	switch _, err := os.Stat(path); {
	case path == "":
		e.Text = fmt.Sprintf("there is no profile %q: HOME is not set, so there is no AWS config file", name)
		e.Hint = "name the AWS config file in AWS_CONFIG_FILE"
	case err != nil:
		e.Text = fmt.Sprintf("there is no profile %q: %s does not exist", name, path)
		e.Hint = "name the AWS config file in AWS_CONFIG_FILE; a service or container often has another HOME"
	case len(names) > 0 && len(names) <= 20:
		e.Hint = "it has " + strings.Join(names, ", ")
	default:
		e.Hint = fmt.Sprintf("in the config file its section begins [profile %s]", name)
	}
	return e
}
