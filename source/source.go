// Package source says where AWS credentials come from.
//
// A Source retrieves credentials; everything else in the program caches,
// prints or explains what a Source returned. The words are those of the AWS
// SDKs: retrieve, web identity token, role session name, Expiration.
package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// A Source retrieves temporary credentials from somewhere slow: from STS, from
// an instance's metadata, from another program. It is safe for concurrent use.
type Source interface {
	// Retrieve asks for new credentials. It keeps trying through passing
	// faults until ctx is done; its error is an *Error.
	Retrieve(ctx context.Context) (Credentials, error)

	// Key names the credentials that Retrieve would return. It uses no network
	// and never fails: what cannot be known now is left empty.
	Key() Key
}

// A Key covers everything that could change what a Source returns, so that two
// sources with one key may share one answer. It holds no secret.
type Key struct {
	// Settings is a digest of how credentials are asked for: role, session
	// name, duration, policies, endpoint, token source. Lower-case hex.
	Settings string

	// Identity is a digest of who asks: of the web identity token's issuer,
	// subject, audience and AWS claims. It is empty while the token cannot be
	// read. Lower-case hex.
	Identity string

	// Role is the ARN of the role that is asked for, or where none is, whatever
	// gives the credentials. For people to read.
	Role string

	// Subject is who asks, for people to read: the token's sub claim, the id of
	// an access key, or empty.
	Subject string
}

// digest is for the fields of a Key: no two lists of parts have the same.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
