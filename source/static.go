package source

import (
	"context"
	"fmt"
	"time"
)

// Static is an access key that stands in the environment or in a profile. Its
// credentials have no end that anybody knows (Credentials.Ends), unless whoever
// exported them said so.
//
// It costs nothing to ask, and a copy of a lasting key is one too many: it is
// asked directly, with no cache in front.
type Static struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // empty for an IAM user's key
	AccountID       string // empty if not known

	// Expiration is when temporary keys end, if that is known.
	Expiration time.Time

	// Place says where the key stands, for messages: "the environment",
	// `profile "dev"`.
	Place string
}

// Environment is the access key in AWS's variables.
// Sources: AWS SDKs and Tools Reference Guide, "AWS access keys"; botocore's
// EnvProvider for AWS_CREDENTIAL_EXPIRATION, which `aws configure
// export-credentials` and others set.
func Environment(getenv func(string) string) *Static {
	s := &Static{
		AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    getenv("AWS_SESSION_TOKEN"),
		AccountID:       getenv("AWS_ACCOUNT_ID"),
		Place:           "the environment",
	}
	s.Expiration, _ = time.Parse(time.RFC3339, getenv("AWS_CREDENTIAL_EXPIRATION"))
	return s
}

// CodeKeyMissing and CodeKeyExpired are values of Error.Code of a Static.
const (
	CodeKeyMissing = "key-missing"
	CodeKeyExpired = "key-expired"
)

// Retrieve checks that the key is whole and returns it.
func (s *Static) Retrieve(context.Context) (Credentials, error) {
	fail := func(code, format string, args ...any) (Credentials, error) {
		return Credentials{}, &Error{Kind: KindSettings, Code: code, Text: s.String() + " " + fmt.Sprintf(format, args...)}
	}
	d := document{AccessKeyId: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey, SessionToken: s.SessionToken, AccountId: s.AccountID}
	switch {
	case s.AccessKeyID == "" && s.SecretAccessKey == "":
		return fail(CodeKeyMissing, "is missing")
	case s.AccessKeyID == "":
		return fail(CodeKeyMissing, "has no id")
	case s.SecretAccessKey == "":
		return fail(CodeKeyMissing, "%s has no secret", s.AccessKeyID)
	}
	c, err := d.credentials()
	if err != nil {
		return fail(CodeKeyMissing, "is no good: %v", err)
	}
	c.Expiration, c.Identity = s.Expiration, s.Key().Identity
	if left := c.Remaining(c.Issued); c.Ends() && left <= 0 {
		return fail(CodeKeyExpired, "%s expired %s ago", s.AccessKeyID, short(-left))
	}
	return c, nil
}

func (s *Static) String() string { return "the access key in " + s.Place }

// Key is that of the access key's id, wherever it stands. A new session token
// makes no new key: the same id always belongs to the same caller.
func (s *Static) Key() Key {
	return Key{
		Settings: digest("static"),
		Identity: digest("static", s.AccessKeyID),
		Role:     s.String(),
		Subject:  s.AccessKeyID,
	}
}

// Format keeps secrets out of every fmt verb.
func (s Static) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }
