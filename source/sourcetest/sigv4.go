package sourcetest

import "strings"

// authorization is a parsed Authorization header of AWS4-HMAC-SHA256.
type authorization struct {
	accessKeyID   string
	scope         []string // date, region, service, aws4_request
	signedHeaders []string
	signature     string
}

// parseAuthorization returns the zero value for what is no such header.
func parseAuthorization(header string) authorization {
	var a authorization
	fields, ok := strings.CutPrefix(header, "AWS4-HMAC-SHA256 ")
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
