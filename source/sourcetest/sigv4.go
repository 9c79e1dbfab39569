package sourcetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	signingAlgorithm = "AWS4-HMAC-SHA256"
	signingTime      = "20060102T150405Z"

	// signatureAge is how far a signature's date may be off, either way.
	signatureAge = 5 * time.Minute
)

// authorization is a parsed Authorization header of Signature Version 4.
type authorization struct {
	accessKeyID   string
	scope         []string // date, region, service, aws4_request
	signedHeaders []string
	signature     string
}

// parseAuthorization returns the zero value for what is no such header.
func parseAuthorization(header string) authorization {
	var a authorization
	fields, ok := strings.CutPrefix(header, signingAlgorithm+" ")
	if !ok {
		return a
	}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			parts := strings.Split(value, "/")
			a.accessKeyID, a.scope = parts[0], parts[1:]
		case "SignedHeaders":
			a.signedHeaders = strings.Split(value, ";")
		case "Signature":
			a.signature = value
		}
	}
	return a
}

// authenticate returns whose key signed the call. It judges in this order: the
// header's form, the key, the session token, the session's end, the
// signature's date, the signature.
func (x *exchange) authenticate() (identity, error) {
	forbid := func(code, format string, args ...any) (identity, error) {
		return identity{}, &refusal{http.StatusForbidden, code, fmt.Sprintf(format, args...)}
	}
	h := x.r.Header
	if h.Get("Authorization") == "" {
		return forbid("MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	a := parseAuthorization(h.Get("Authorization"))
	date := h.Get("X-Amz-Date")
	signed, err := time.Parse(signingTime, date)
	if a.accessKeyID == "" || len(a.scope) != 4 || a.signature == "" || err != nil {
		return identity{}, &refusal{http.StatusBadRequest, "IncompleteSignature",
			"Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters and an 'X-Amz-Date' header."}
	}

	x.sts.mu.Lock()
	id, known := x.sts.keys[a.accessKeyID]
	x.sts.mu.Unlock()
	now := x.now().UTC()
	switch {
	case !known || h.Get("X-Amz-Security-Token") != id.sessionToken:
		return forbid("InvalidClientTokenId", "The security token included in the request is invalid.")
	case !id.expires.IsZero() && !now.Before(id.expires):
		return forbid("ExpiredToken", "The security token included in the request is expired")
	case a.scope[0] != date[:8] || a.scope[1] == "" || a.scope[2] != "sts" || a.scope[3] != "aws4_request":
		return forbid("SignatureDoesNotMatch", "Credential should be scoped to correct service: 'sts'.")
	case signed.Before(now.Add(-signatureAge)):
		return forbid("SignatureDoesNotMatch", "Signature expired: %s is now earlier than %s (%s - 5 min.)",
			date, now.Add(-signatureAge).Format(signingTime), now.Format(signingTime))
	case signed.After(now.Add(signatureAge)):
		return forbid("SignatureDoesNotMatch", "Signature not yet current: %s is still later than %s (%s + 5 min.)",
			date, now.Add(signatureAge).Format(signingTime), now.Format(signingTime))
	}
	required := []string{"host", "x-amz-date"}
	if id.sessionToken != "" {
		required = append(required, "x-amz-security-token")
	}
	for _, name := range required {
		if !slices.Contains(a.signedHeaders, name) {
			return forbid("SignatureDoesNotMatch", "'%s' must be a 'SignedHeader' in the AWS Authorization.", name)
		}
	}
	if !hmac.Equal([]byte(a.signature), []byte(a.sign(x.r, x.body, id.secretAccessKey))) {
		return forbid("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return id, nil
}

// sign returns the signature that r should carry, from what a says of how it
// was signed. See "Create a signed AWS API request" in the IAM User Guide.
func (a authorization) sign(r *http.Request, body []byte, secret string) string {
	canonical := new(strings.Builder)
	query := strings.ReplaceAll(queryOf(r.URL).Encode(), "+", "%20")
	fmt.Fprintf(canonical, "%s\n/\n%s\n", r.Method, query)
	for _, name := range a.signedHeaders {
		values := r.Header.Values(name)
		switch name {
		case "host":
			values = []string{r.Host}
		case "content-length":
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		}
		trimmed := make([]string, len(values))
		for i, value := range values {
			trimmed[i] = strings.Join(strings.Fields(value), " ")
		}
		fmt.Fprintf(canonical, "%s:%s\n", name, strings.Join(trimmed, ","))
	}
	fmt.Fprintf(canonical, "\n%s\n%s", strings.Join(a.signedHeaders, ";"), hexSHA256(body))

	text := strings.Join([]string{
		signingAlgorithm,
		r.Header.Get("X-Amz-Date"),
		strings.Join(a.scope, "/"),
		hexSHA256([]byte(canonical.String())),
	}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range append(slices.Clone(a.scope), text) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func queryOf(u *url.URL) url.Values {
	values, _ := url.ParseQuery(u.RawQuery) // perform has refused what cannot be parsed
	return values
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
