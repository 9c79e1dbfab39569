package settings

import (
	"strings"
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

// findAny is the value of the highest layer that has one of keys.
func (ls layers) findAny(keys ...string) setting {
	for i := range ls {
		for _, key := range keys {
			if s := ls[i : i+1].find(key); s.text != "" {
				return s
			}
		}
	}
	return setting{}
}

// upTo are the layers down to the highest that has one of keys, all where none
// has any.
func (ls layers) upTo(keys ...string) layers {
	for i := range ls {
		for _, key := range keys {
			if ls[i:i+1].find(key).text != "" {
				return ls[:i+1]
			}
		}
	}
	return ls
}

// flagLayer are the flags that were given. A flag is a key with hyphens.
func flagLayer(flag func(name string) (string, bool)) layer {
	return func(key string) (setting, bool) {
		name := strings.ReplaceAll(key, "_", "-")
		text, ok := flag(name)
		if !ok {
			return setting{}, false
		}
		return setting{text, "--" + name}, true
	}
}

// ownLayer are the CREDPROC_* variables, one for each flag. Access keys have
// variables of AWS's own.
func ownLayer(getenv func(string) string) layer {
	return func(key string) (setting, bool) {
		if strings.HasPrefix(key, "aws_") {
			return setting{}, false
		}
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
