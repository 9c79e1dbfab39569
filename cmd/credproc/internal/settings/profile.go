package settings

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/source/token"
)

// A Pair is a key of an AWS config file and its value.
type Pair struct{ Key, Value string }

// Keys are those of the two profiles that exec writes, besides the command line.
type Keys struct {
	Pairs  []Pair // of the second, which is for credproc
	Region string // what the user set, or empty; of the first, which is for SDKs
	Secret bool   // there are secrets among Pairs
}

// Profile says what Source goes by as the keys of one profile: under --profile
// that profile leads to a source with the same key in whatever folder, and
// whatever the variables say that exec withholds or that are AWS's. environ are
// the variables as NAME=VALUE. Its error is Source's.
//
// Within an exec it goes by the environment that this one was started in. When
// nothing names a role or a source there, it is that exec's.
//
// Every key that Source learns to read belongs here as well.
func Profile(flag func(name string) (string, bool), environ []string) (Keys, error) {
	var keys Keys
	getenv := Lookup(environ)
	all, p, err := stack(flag, getenv)
	if err != nil {
		return keys, err
	}
	before := environ
	if around := inForce(getenv); around != nil && p == nil && !names(all) {
		p, all = around, around.over(flag, around.outside(getenv))
	} else if around != nil && !p.isOfExec() {
		before = around.restored(environ)
		if all, p, err = stackOver(flag, getenv, around.tokenFile(Lookup(before))); err != nil {
			return keys, err
		}
	}
	if p.isOfExec() {
		before = p.environ(environ)
	}
	m := newMaker(p, getenv, new(cache.Cache))
	m.before = Lookup(before)
	if _, err := m.all(all, p); err != nil {
		return keys, err
	}
	identity := identity(all)
	role := identity.find("role_arn").text
	session, err := sessionName(identity.find("role_session_name"))
	if err != nil {
		return keys, err
	}
	sts, err := sts(all)
	if err != nil {
		return keys, err
	}
	add := func(key, value string) {
		if value != "" {
			keys.Pairs = append(keys.Pairs, pair(key, value))
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
	case "source_profile":
		if p != nil && (p.has(accessKeyKey) || identity.find(kind).text == p.name) {
			add(accessKeyKey, "true")
		}
	case "":
		if spec, err = tokenSpec(all, m.before); err != nil {
			return keys, err
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

	region := all.find("region")
	keys.Region = region.text
	if p.isOfExec() && region.origin == p.origin("region") {
		keys.Region, _ = p.value(regionKey)
	}
	add(regionKey, keys.Region)
	if m.needsFolder {
		add(folderKey, m.workingFolder())
	}
	text, secret := carried(before, m.needsSecrets)
	add(environmentKey, text)
	keys.Secret = secret
	return keys, nil
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
