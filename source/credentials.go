package source

import (
	"fmt"
	"time"
)

// Credentials are AWS credentials with the life they really have, on this
// machine's clock.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string

	// AccountID is the twelve digits of the AWS account, or empty where the
	// role's ARN has none, as with S3-compatible servers.
	AccountID string

	// Issued and Expiration bound the real life. Both are local times: the skew
	// between the issuing server's clock and ours has been taken out. Expiration
	// is zero where no end is known: see Ends.
	Issued     time.Time
	Expiration time.Time

	// Skew is how far this machine's clock was ahead of the issuing server's when
	// it answered; negative if behind, zero if the same or unknown. It is not
	// kept in a cache.
	Skew time.Duration

	// RenewAt is when to renew once more whatever life is left, because it will
	// not be possible later: LastChance before the end of a web identity token
	// that cannot be renewed. Zero means no such moment.
	RenewAt time.Time

	// Identity is Key.Identity of whoever these were issued to. It can differ
	// from the key asked for a moment earlier when a token file was replaced in
	// between.
	Identity string
}

// LastChance is for how long from RenewAt a renewal is due.
const LastChance = 90 * time.Second

// Lifetime is how long the credentials live from issue to expiration.
func (c Credentials) Lifetime() time.Duration { return c.Expiration.Sub(c.Issued) }

// Remaining is how long the credentials still live at now; it is negative once
// they have expired. It compares wall clocks, so that a machine that slept does
// not believe its credentials rested too.
func (c Credentials) Remaining(now time.Time) time.Duration {
	return c.Expiration.Round(0).Sub(now.Round(0))
}

// Ends reports whether it is known when the credentials end. Of static keys, and
// of a credential_process that does not say, it is not: such credentials must
// be asked for anew each time and never be kept.
func (c Credentials) Ends() bool { return !c.Expiration.IsZero() }

// Complete reports whether every part of temporary credentials is there. A
// server may answer 200 and leave some out.
func (c Credentials) Complete() bool {
	return c.AccessKeyID != "" && c.SecretAccessKey != "" && c.SessionToken != "" && !c.Expiration.IsZero()
}

// Format keeps secrets out of every fmt verb, %#v among them.
func (c Credentials) Format(f fmt.State, _ rune) {
	if !c.Ends() {
		fmt.Fprintf(f, "credentials %s (no expiration)", c.AccessKeyID)
		return
	}
	fmt.Fprintf(f, "credentials %s (expire %s)", c.AccessKeyID, c.Expiration.UTC().Format(time.RFC3339))
}

// String shows the access key id, which is no secret, and the expiration.
func (c Credentials) String() string { return fmt.Sprintf("%v", c) }

// MarshalText keeps secrets out of JSON and structured logs. What is written on
// purpose is written field by field.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
