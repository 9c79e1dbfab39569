package settings

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/credproc/credproc/source/token"
)

// A Pair is a key of an AWS config file and its value.
type Pair struct{ Key, Value string }

// Profile says what Source goes by as the keys of one profile: under --profile
// that profile leads to a source with the same key in whatever folder, and
// whatever AWS's variables say. region is what the user set, or empty. Its
// error is an *Error.
//
// Every key that Source learns to read belongs here as well.
func Profile(flag func(name string) (string, bool), getenv func(string) string) (pairs []Pair, region string, err error) {
	all, p, err := stack(flag, getenv)
	if err != nil {
		return nil, "", err
	}
	identity := identity(all)
	role := identity.find("role_arn").text
	session, err := sessionName(identity.find("role_session_name"))
	if err != nil {
		return nil, "", err
	}
	sts, err := sts(all)
	if err != nil {
		return nil, "", err
	}
	add := func(key, value string) {
		if value != "" {
			pairs = append(pairs, pair(key, value))
		}
	}
	add("role_arn", role)
	add("role_session_name", session)
	for _, key := range []string{"duration_seconds", "policy", "policy_arn", "external_id", "source_profile", "credential_source"} {
		add(key, identity.find(key).text)
	}
	for _, key := range []string{"source_identity", "tag", "assume_role"} {
		add("credproc_"+key, identity.find(key).text)
	}
	var spec setting
	switch kind := baseOf(identity); kind {
	case "credential_process":
		add("credproc_credential_process", identity.find(kind).text)
	case "aws_access_key_id":
		add("source_profile", p.name) // its keys stay where they are
	case "":
		if spec, err = tokenSpec(all, getenv); err != nil {
			return nil, "", err
		}
	}
	file, isFile := strings.CutPrefix(spec.text, "file:")
	if !isFile {
		add("credproc_token_source", spec.text)
		if token.TakesAudience(spec.text) {
			add("credproc_audience", all.find("audience").text)
		}
		file = ""
	}
	add("web_identity_token_file", file)
	add("ca_bundle", sts.CABundle)
	// Everything about the endpoint is said, lest a variable say it otherwise.
	add("region", sts.RegionFor(role))
	add("use_fips_endpoint", strconv.FormatBool(sts.FIPS))
	add("use_dualstack_endpoint", strconv.FormatBool(sts.DualStack))
	add("sts_regional_endpoints", "regional")
	add("ignore_configured_endpoint_urls", strconv.FormatBool(sts.URL == ""))
	add("endpoint_url", sts.URL)
	return pairs, all.find("region").text, nil
}

// encodedPrefix begins the name of a key whose value is percent-encoded. The
// parsers of the SDKs do not agree on brackets, quotes, comment signs and line
// ends; a JSON policy has them all.
const encodedPrefix = "credproc_encoded_"

func pair(key, value string) Pair {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@+=,-"
	if strings.Trim(value, plain) == "" {
		return Pair{key, value}
	}
	return Pair{encodedPrefix + key, url.PathEscape(value)}
}

func decode(text string) (string, bool) {
	text, err := url.PathUnescape(text)
	return text, err == nil
}
