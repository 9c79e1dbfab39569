// Package settings decides which credentials are asked for and where: from
// flags, the profile that --profile names, CREDPROC_* variables and AWS's own
// variables, in that order.
package settings

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/credproc/credproc/source"
)

// Error is a fault in the settings: what is wrong and what to do. It names keys
// and files, and values only where they cannot be secret.
type Error struct{ Text, Hint string }

func (e *Error) Error() string { return e.Text }

// STS's limits on what an AssumeRoleWithWebIdentity request may say.
// Source: AWS STS API Reference, AssumeRoleWithWebIdentity.
const (
	minRole, maxRole         = 20, 2048
	minDuration, maxDuration = 900, 43200 // seconds
)

// checkRole is hardly stricter than STS: servers other than AWS have ARNs of
// their own shapes.
func checkRole(role setting) error {
	if n := len(role.text); n < minRole || n > maxRole || !strings.HasPrefix(role.text, "arn:") || strings.ContainsAny(role.text, " \t\r\n") {
		return &Error{Text: fmt.Sprintf("%s is not a role ARN: %.60q", role.origin, role.text),
			Hint: "a role ARN looks like arn:aws:iam::111122223333:role/NAME"}
	}
	return nil
}

// absolute is a path setting as an absolute path, so that it means the same
// wherever an SDK stands when it runs us, and messages say what was tried.
func absolute(s setting) (string, error) { return AbsolutePath(s.text, s.origin) }

// AbsolutePath is absolute for what is no key: text is a path that origin names.
func AbsolutePath(text, origin string) (string, error) {
	s := setting{text, origin}
	switch {
	case s.text == "":
		return "", nil
	case strings.HasPrefix(s.text, "eyJ") && strings.Count(s.text, ".") == 2 && !strings.ContainsAny(s.text, `/\`):
		// A JWT begins so: {" in base64. It is a secret.
		return "", &Error{Text: s.origin + " holds a token itself, not the name of its file",
			Hint: "write the token into a file, or name the variable that holds it with --token-source env:NAME"}
	case strings.ContainsAny(s.text[:1], "~$"):
		return "", &Error{Text: fmt.Sprintf("%s is %q, and nothing expands it", s.origin, s.text),
			Hint: "write the absolute path"}
	case strings.ContainsAny(s.text[:1], `"'`):
		return "", &Error{Text: fmt.Sprintf("%s is %s: the quotes are part of it", s.origin, s.text),
			Hint: "take the quotes away, as SDKs do not know them either"}
	}
	path, err := filepath.Abs(s.text)
	if err != nil {
		return "", &Error{Text: fmt.Sprintf("%s is %q: %v", s.origin, s.text, err), Hint: "write the absolute path"}
	}
	return path, nil
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
	var s source.STS
	var err error
	if s.CABundle, err = absolute(all.find("ca_bundle")); err != nil {
		return s, err
	}
	region := all.find("region")
	if strings.Trim(region.text, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return s, &Error{Text: fmt.Sprintf("%s is not a region: %.40q", region.origin, region.text),
			Hint: "a region looks like eu-west-1"}
	}
	s.Region = region.text
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
