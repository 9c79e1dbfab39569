// Package settings decides which credentials are asked for and where: from
// flags, the profile that --profile names, CREDPROC_* variables and AWS's own
// variables, in that order.
package settings

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/credproc/credproc/source"
	"github.com/credproc/credproc/source/token"
)

// Error is a fault in the settings: what is wrong and what to do. It names keys
// and files, and values only where they cannot be secret.
type Error struct{ Text, Hint string }

func (e *Error) Error() string { return e.Text }

// Source is the source that the settings describe. flag looks up a flag that
// was given, by name; getenv looks up a variable. Its error is an *Error.
//
// The highest layer that names a role settles the identity: session name,
// duration and policies count from that layer up, so that what was meant for
// one role never reaches another. Lower layers only fill in where STS is and
// which file holds the token.
func Source(flag func(name string) (string, bool), getenv func(string) string) (source.Source, error) {
	all, identity, err := stack(flag, getenv)
	if err != nil {
		return nil, err
	}
	if err := supported(identity); err != nil {
		return nil, err
	}
	role := identity.find("role_arn")
	if role.text == "" {
		return nil, noRole(all)
	}
	w := &source.WebIdentity{RoleARN: role.text, Policy: identity.find("policy").text}
	tokenFile := all.find("web_identity_token_file")
	if tokenFile.text == "" {
		return nil, &Error{Text: fmt.Sprintf("no web identity token for %s", role.text),
			Hint: "set web_identity_token_file in the profile, or AWS_WEB_IDENTITY_TOKEN_FILE"}
	}
	w.Token = token.File(tokenFile.text)
	if arns := identity.find("policy_arn").text; arns != "" {
		w.PolicyARNs = strings.Split(arns, ",")
	}
	if err = checkRole(role); err != nil {
		return nil, err
	}
	if w.SessionName, err = sessionName(identity.find("role_session_name")); err != nil {
		return nil, err
	}
	if w.Duration, err = duration(identity.find("duration_seconds")); err != nil {
		return nil, err
	}
	if w.STS, err = sts(all); err != nil {
		return nil, err
	}
	return w, nil
}

// stack gives all layers, and those of them that have a say in the identity.
func stack(flag func(name string) (string, bool), getenv func(string) string) (all, identity layers, err error) {
	all = layers{flagLayer(flag), ownLayer(getenv), awsLayer(getenv)}
	if profile := all[:2].find("profile"); profile.text != "" {
		l, err := profileLayer(profile.text, getenv)
		if err != nil {
			return nil, nil, err
		}
		all = slices.Insert(all, 1, l)
	}
	return all, all.upTo("role_arn"), nil
}

// noRole says what to do when nothing names a role.
func noRole(all layers) *Error {
	e := &Error{Text: "no role to assume",
		Hint: "set role_arn in the profile that --profile names, or AWS_ROLE_ARN"}
	if process := all.find("credential_process"); process.text != "" {
		e.Text = fmt.Sprintf("no role to assume: the profile has a credential_process and no role_arn (%s)", process.origin)
		e.Hint = "name the profile that holds role_arn with --profile; it must be another one than the SDK's"
	}
	return e
}

// supported refuses keys whose meaning would be lost: credentials of another
// role than the profile describes are worse than none.
func supported(identity layers) error {
	for _, key := range []string{"source_profile", "credential_source"} {
		if s := identity.find(key); s.text != "" {
			return &Error{Text: fmt.Sprintf("%s is not supported", s.origin),
				Hint: "give the profile a web_identity_token_file instead"}
		}
	}
	return nil
}

// STS's limits on what an AssumeRoleWithWebIdentity request may say.
// Source: AWS STS API Reference, AssumeRoleWithWebIdentity.
const (
	minRole, maxRole         = 20, 2048
	minDuration, maxDuration = 900, 43200 // seconds
)

// checkRole is no stricter than STS: servers other than AWS have ARNs of their
// own shapes.
func checkRole(role setting) error {
	if n := len(role.text); n < minRole || n > maxRole || strings.ContainsAny(role.text, " \t\r\n") {
		return &Error{Text: fmt.Sprintf("%s is not a role ARN: %.60q", role.origin, role.text),
			Hint: "a role ARN looks like arn:aws:iam::111122223333:role/NAME"}
	}
	return nil
}

func duration(s setting) (time.Duration, error) {
	if s.text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s.text)
	if err != nil || n < minDuration || n > maxDuration {
		return 0, &Error{Text: fmt.Sprintf("%s is %.20q; STS takes %d to %d seconds", s.origin, s.text, minDuration, maxDuration),
			Hint: "leave it out for the server's default, one hour at AWS"}
	}
	return time.Duration(n) * time.Second, nil
}

// sts says which STS to ask.
func sts(all layers) (source.STS, error) {
	s := source.STS{CABundle: all.find("ca_bundle").text}
	region := all.find("region")
	if strings.Trim(region.text, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return s, &Error{Text: fmt.Sprintf("%s is not a region: %.40q", region.origin, region.text),
			Hint: "a region looks like eu-west-1"}
	}
	s.Region = region.text
	var err error
	if s.FIPS, err = boolean(all.find("use_fips_endpoint")); err != nil {
		return s, err
	}
	if s.DualStack, err = boolean(all.find("use_dualstack_endpoint")); err != nil {
		return s, err
	}
	if s.URL, err = endpointURL(all); err != nil {
		return s, err
	}
	legacy, err := legacyEndpoints(all.find("sts_regional_endpoints"))
	if legacy && !s.FIPS && !s.DualStack && slices.Contains(legacyRegions, s.Region) {
		s.Region = "aws-global"
	}
	return s, err
}

// Regions that sts_regional_endpoints = legacy leads to the global endpoint.
// Source: AWS SDKs and Tools Reference Guide, "AWS STS Regional endpoints".
var legacyRegions = []string{
	"ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
	"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
	"us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

func legacyEndpoints(s setting) (bool, error) {
	switch strings.ToLower(s.text) {
	case "", "regional":
		return false, nil
	case "legacy":
		return true, nil
	default:
		return false, &Error{Text: fmt.Sprintf("%s is %.20q; it may be regional or legacy", s.origin, s.text)}
	}
}

// endpointURL is the URL of an STS that is not AWS's. What was configured for
// SDKs can be switched off; what was said to credproc stands.
func endpointURL(all layers) (string, error) {
	ignore, err := boolean(all.find("ignore_configured_endpoint_urls"))
	if err != nil {
		return "", err
	}
	s := all.find("endpoint_url")
	ours := strings.HasPrefix(s.origin, "--") || strings.HasPrefix(s.origin, "CREDPROC_")
	if s.text == "" || ignore && !ours {
		return "", nil
	}
	u, err := url.Parse(s.text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", &Error{Text: s.origin + " is not the URL of a server",
			Hint: "an endpoint URL looks like https://sts.example.com"}
	}
	return s.text, nil
}

func boolean(s setting) (bool, error) {
	switch strings.ToLower(s.text) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, &Error{Text: fmt.Sprintf("%s is %.20q; it may be true or false", s.origin, s.text)}
	}
}
