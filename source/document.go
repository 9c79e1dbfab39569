package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A document is credentials in JSON, as other programs and metadata services
// give them. Their keys differ in little: what a credential_process calls
// SessionToken is the others' Token, and only these have a Code.
// Sources: AWS SDKs and Tools Reference Guide, "Process credential provider"
// and "Container credential provider"; Amazon EC2 User Guide, "Retrieve security
// credentials from instance metadata".
type document struct {
	Version int

	Code, Message string

	AccessKeyId, SecretAccessKey string
	SessionToken, Token          string
	Expiration                   string
	AccountId                    string
}

// read reads one JSON object. Its error says nothing of the text, which may
// hold secrets.
func read(text []byte) (document, error) {
	var d document
	if json.Unmarshal([]byte(strings.TrimPrefix(string(text), "\ufeff")), &d) != nil {
		return document{}, errors.New("not a JSON object of credentials")
	}
	return d, nil
}

// credentials are those in the document, issued now: none of those who give
// documents grants a new life, each hands out what it has. Expiration may be
// missing.
func (d document) credentials() (Credentials, error) {
	c := Credentials{
		AccessKeyID:     d.AccessKeyId,
		SecretAccessKey: d.SecretAccessKey,
		SessionToken:    d.SessionToken + d.Token,
		AccountID:       d.AccountId,
		Issued:          time.Now().Round(0),
	}
	for _, field := range []struct {
		name, text string
		optional   bool
	}{
		{"AccessKeyId", c.AccessKeyID, false},
		{"SecretAccessKey", c.SecretAccessKey, false},
		{"session token", c.SessionToken, true},
		{"AccountId", c.AccountID, true},
	} {
		switch {
		case field.text == "" && !field.optional:
			return Credentials{}, fmt.Errorf("credentials without %s", field.name)
		case strings.IndexFunc(field.text, unprintable) >= 0:
			return Credentials{}, fmt.Errorf("credentials whose %s has characters that no header can carry", field.name)
		}
	}
	if d.Expiration == "" {
		return c, nil
	}
	var err error
	if c.Expiration, err = time.Parse("2006-01-02T15:04:05Z07:00", d.Expiration); err != nil {
		// botocore takes an offset without a colon as well.
		if c.Expiration, err = time.Parse("2006-01-02T15:04:05Z0700", d.Expiration); err != nil {
			return Credentials{}, errors.New("credentials whose Expiration is no RFC 3339 date")
		}
	}
	if left := c.Remaining(c.Issued); left <= 0 {
		return Credentials{}, fmt.Errorf("credentials that expired %s ago; compare this machine's clock", short(-left))
	}
	return c, nil
}

// unprintable is true for what is no part of a key, a token or a number.
func unprintable(r rune) bool { return r <= ' ' || r > '~' }
