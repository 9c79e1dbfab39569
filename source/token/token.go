// Package token says where web identity tokens come from: the JWTs of an OIDC
// provider that STS AssumeRoleWithWebIdentity trades for credentials.
package token

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A Source hands out web identity tokens. It is safe for concurrent use.
type Source interface {
	// Token gets a token, anew at each call. Its error is an *Error, or the
	// context's.
	Token(ctx context.Context) (Token, error)

	// Identity says whose tokens these are, without the network and without
	// failing: it is the zero Identity while that cannot be known.
	Identity() Identity

	// Renewable reports whether Token can give a newer token later in the same
	// job. Where it cannot, a session must be long at once.
	Renewable() bool

	// String says where the tokens are, for messages: "in /path/of/file". It
	// is also part of a cache key, so it is the same for the same settings.
	String() string
}

// An Identity is what a token says about its holder, reduced to what can change
// the credentials that STS returns for it.
type Identity struct {
	// Digest stands for everything below in a cache key: lower-case hex, or
	// empty when the identity is not known.
	Digest string

	// Issuer and Subject are the token's iss and sub, for people to read.
	Issuer, Subject string
}

// Limits of STS on a web identity token.
// Source: AWS STS API Reference, AssumeRoleWithWebIdentity, WebIdentityToken.
const (
	minLength = 4
	maxLength = 20000
)

// Algorithms that STS accepts as a token's signature.
// Source: IAM User Guide, "Create an OpenID Connect (OIDC) identity provider".
var algorithms = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}

// A Token is one web identity token. Its text is a secret: it leaves through
// Raw only, and no fmt verb shows it.
type Token struct {
	raw    string
	caller string // the digest of the source's Identity, where that names the caller

	// Algorithm and KeyID are alg and kid of the token's header.
	Algorithm, KeyID string

	Claims Claims
}

// Claims are the claims that matter to STS. Nothing here has been verified:
// only STS can do that.
type Claims struct {
	Issuer   string
	Subject  string
	Audience []string // sorted

	// IssuedAt, NotBefore and Expiry are zero where the token has none.
	IssuedAt, NotBefore, Expiry time.Time

	// Other holds what else STS or a trust policy reads, each as NAME=JSON,
	// sorted: source identity and session tags, and the claims in trusted.
	// Source: IAM User Guide, "Pass session tags in AWS STS" and "Monitor and
	// control actions taken with assumed roles".
	Other []string
}

// Raw is the token itself. It goes to STS and nowhere else.
func (t Token) Raw() string { return t.raw }

// Format keeps the token out of every fmt verb.
func (t Token) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "web identity token of %q", t.Claims.Subject)
}

// Identity is who the token speaks for.
func (t Token) Identity() Identity {
	c := t.Claims
	if t.caller != "" {
		return Identity{Digest: t.caller, Issuer: c.Issuer, Subject: c.Subject}
	}
	h := sha256.New()
	for _, part := range slices.Concat([]string{c.Issuer, c.Subject}, c.Audience, []string{"other"}, c.Other) {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return Identity{Digest: hex.EncodeToString(h.Sum(nil)[:16]), Issuer: c.Issuer, Subject: c.Subject}
}

// Parse reads a web identity token. White space around it and a byte order mark
// before it are forgiven, since editors and `echo` leave them; everything else
// that STS would refuse whatever its keys say is an *Error, with place as the
// place it was found. Expiry is not looked at: STS judges that by its own clock.
func Parse(text []byte, place string) (Token, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	malformed := func(format string, args ...any) (Token, error) {
		return Token{}, &Error{Problem: Malformed, Place: place, Detail: fmt.Sprintf(format, args...)}
	}
	switch {
	case len(text) == 0:
		return Token{}, &Error{Problem: Malformed, Place: place, Detail: "is empty"}
	case len(text) < minLength || len(text) > maxLength:
		return malformed("has %d characters; STS takes %d to %d", len(text), minLength, maxLength)
	}
	parts := strings.Split(string(text), ".")
	if len(parts) != 3 {
		return malformed("is not a JWT: it has %d parts instead of 3", len(parts))
	}
	// Go's base64 decoder skips line ends; STS does not.
	if bytes.ContainsAny(text, "\r\n") {
		return malformed("is not a JWT: it has a line break inside")
	}
	header, ok := decode(parts[0])
	if !ok {
		return malformed("is not a JWT: its header is not base64url-encoded JSON")
	}
	claims, ok := decode(parts[1])
	if !ok {
		return malformed("is not a JWT: its claims are not a base64url-encoded JSON object")
	}
	algorithm, _ := header["alg"].(string)
	if !slices.Contains(algorithms, algorithm) {
		return Token{}, &Error{Problem: BadAlgorithm, Place: place,
			Detail: fmt.Sprintf("is signed with %.20q; STS takes %s", algorithm, strings.Join(algorithms, ", "))}
	}
	// Only now: a token without an algorithm has no signature.
	if _, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[2], "=")); err != nil || parts[2] == "" {
		return malformed("is not a JWT: its signature is not base64url-encoded")
	}
	keyID, _ := header["kid"].(string)
	return Token{raw: string(text), Algorithm: algorithm, KeyID: keyID, Claims: readClaims(claims)}, nil
}

// decode reads a base64url-encoded JSON object. Every hit pays for it, so it
// avoids two first uses that are slow: of a struct in encoding/json, and of
// strconv's floating point. The decoder's own error is dropped: it may quote
// the token.
func decode(part string) (map[string]any, bool) {
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(part, "="))
	if err != nil {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, false
	}
	object, ok := v.(map[string]any)
	return object, ok
}

// awsClaim begins the name of every claim of AWS: a session tag may
// be a claim of its own, …/tags/principal_tags/KEY.
const awsClaim = "https://aws.amazon.com/"

// trusted are claims besides iss, sub and aud that a trust policy, or a server's
// own policy, can tell identities apart by, and that stay the same from job to
// job. Source: IAM and AWS STS condition context keys, "Available keys for AWS
// OIDC federation", with the claims of GitHub; MinIO's claim policy.
var trusted = []string{
	"azp", "amr", "oaud", "email", "policy", "groups",
	"actor", "actor_id", "enterprise", "enterprise_id", "environment", "job_workflow_ref", "ref",
	"repository", "repository_id", "repository_owner_id", "workflow", "workflow_ref",
}

// readClaims is lenient: a claim of the wrong shape counts as absent, and STS
// then says what it misses.
func readClaims(claims map[string]any) Claims {
	c := Claims{IssuedAt: date(claims["iat"]), NotBefore: date(claims["nbf"]), Expiry: date(claims["exp"])}
	c.Issuer, _ = claims["iss"].(string)
	c.Subject, _ = claims["sub"].(string)
	switch aud := claims["aud"].(type) {
	case string:
		c.Audience = []string{aud}
	case []any:
		for _, one := range aud {
			if text, ok := one.(string); ok {
				c.Audience = append(c.Audience, text)
			}
		}
		slices.Sort(c.Audience)
	}
	for name, v := range claims {
		if strings.HasPrefix(name, awsClaim) || slices.Contains(trusted, name) {
			text, _ := json.Marshal(v) // sorts the keys of objects
			c.Other = append(c.Other, name+"="+string(text))
		}
	}
	slices.Sort(c.Other)
	return c
}

// date reads a NumericDate: seconds since 1970, with or without a fraction
// (RFC 7519, section 2).
func date(claim any) time.Time {
	number, _ := claim.(json.Number)
	seconds, err := number.Int64()
	if err != nil {
		fraction, _ := number.Float64()
		if fraction < 0 || fraction > 1e11 {
			return time.Time{}
		}
		seconds = int64(fraction)
	}
	if seconds <= 0 || seconds > 1e11 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
