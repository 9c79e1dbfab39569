package sourcetest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"strings"
	"time"
)

// An identity is whose access key signs calls: a user or a role session.
type identity struct {
	accessKeyID, secretAccessKey, sessionToken string

	arn, userID, account string

	// role is the ARN of the session's role, and expires its end; both are
	// zero for a user.
	role    string
	expires time.Time
}

const defaultLifetime = time.Hour

// issue starts a session of role. duration is 0 where the call sent none.
func (x *exchange) issue(role Role, session string, duration time.Duration) *result {
	partition, account, name := splitRoleARN(role.ARN)
	id := newKey("ASIA")
	id.sessionToken = random(600)
	id.arn = "arn:" + partition + ":sts::" + account + ":assumed-role/" + name + "/" + session
	id.userID = uniqueID("AROA", role.ARN) + ":" + session
	id.account = account
	id.role = role.ARN

	now := x.now()
	s := x.sts
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case duration != 0:
	case s.lifetime != 0:
		duration = s.lifetime
	default:
		duration = defaultLifetime
	}
	id.expires = now.Add(duration).Truncate(time.Second)
	s.keys[id.accessKeyID] = id
	return &result{
		AssumedRoleUser: &assumedRoleUser{AssumedRoleID: id.userID, Arn: id.arn},
		Credentials: &credentials{
			AccessKeyID:     id.accessKeyID,
			SecretAccessKey: id.secretAccessKey,
			SessionToken:    id.sessionToken,
			Expiration:      id.expires.UTC().Format(timeFormat),
		},
	}
}

// newKey makes an access key of AWS's shape: four letters that tell its kind,
// sixteen of A–Z and 2–7, and a secret of forty characters.
func newKey(kind string) identity {
	return identity{accessKeyID: kind + rand.Text()[:16], secretAccessKey: random(30)}
}

// random returns n random bytes in base64.
func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// uniqueID is the stable id that IAM gives to the owner of an ARN.
func uniqueID(kind, arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return kind + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// splitRoleARN returns what a session's ARN keeps of a role's: its name comes
// without the path.
func splitRoleARN(arn string) (partition, account, name string) {
	parts := strings.SplitN(arn, ":", 6)
	return parts[1], parts[4], arn[strings.LastIndexByte(arn, '/')+1:]
}
