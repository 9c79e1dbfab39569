package settings

import (
	"fmt"
	"hash/fnv"
	"os"
	"strings"
)

// STS's limits on a role session name, and its alphabet besides letters and
// digits. Source: AWS STS API Reference, AssumeRoleWithWebIdentity.
const (
	minSession, maxSession = 2, 64
	sessionMarks           = "_=,.@-+"
)

// sessionName checks the name that was set, or makes one that is the same at
// every call of a user on a machine, because it is part of the cache key. It
// tells whoever reads CloudTrail which pod or host it was.
func sessionName(s setting) (string, error) {
	if s.text == "" {
		host, _ := os.Hostname()
		return defaultSession(user(), host), nil
	}
	if n := len(s.text); n < minSession || n > maxSession || valid(s.text) != s.text {
		return "", &Error{Text: fmt.Sprintf("%s is %.70q; STS takes %d to %d letters, digits and %s", s.origin, s.text, minSession, maxSession, sessionMarks),
			Hint: "leave it out for one that names the user and the host"}
	}
	return s.text, nil
}

func defaultSession(user, host string) string {
	whole := fmt.Sprintf("credproc-%s@%s", user, host)
	name := valid(whole)
	if name == whole && len(name) <= maxSession {
		return name
	}
	// What was cut or replaced must not make two machines one.
	h := fnv.New32a()
	h.Write([]byte(whole))
	return fmt.Sprintf("%.*s-%08x", maxSession-9, name, h.Sum32())
}

// valid replaces what STS does not take in a session name.
func valid(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune(sessionMarks, r):
			return r
		default:
			return '-'
		}
	}, name)
}
