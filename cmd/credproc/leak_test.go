package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

// longWord is what a secret looks like that no test knows, because it got lost
// on its way: no other word of ours is that long but the names of entries.
var longWord = regexp.MustCompile(`[A-Za-z0-9+=_-]{36,}`)

// Whatever goes wrong, and whatever STS repeats of what it was sent, no secret
// is seen where others look: stderr, the log, what is kept beside an entry.
func TestSecretsStaySecret(t *testing.T) {
	w := testWorld(t)
	logFile := filepath.Join(w.home, "log")
	text, err := os.ReadFile(w.token)
	if err != nil {
		t.Fatal(err)
	}
	jwt := strings.TrimSpace(string(text))
	parts := strings.Split(jwt, ".")
	refuse := func(message string) sourcetest.Fault {
		return sourcetest.Refuse(http.StatusBadRequest, "IDPRejectedClaim", message)
	}
	// What a test knows of: the token, whatever becomes of its file.
	known := parts

	check := func(t *testing.T, p *process) {
		t.Helper()
		secrets, err := w.secrets()
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, known...)
		if out, err := checkForm(p.stdout.String()); err == nil {
			secrets = append(secrets, out.SecretAccessKey, out.SessionToken)
		}
		seen := map[string]string{"stderr": p.stderr.String()}
		beside, err := filepath.Glob(filepath.Join(w.cache, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range append(beside, logFile) {
			if text, err := os.ReadFile(path); err == nil && filepath.Ext(path) != ".json" {
				seen[path] = string(text)
			}
		}
		for where, text := range seen {
			if s := leak(text, secrets); s != "" {
				t.Errorf("%s holds a piece of a secret, %s:\n%s", where, s, text)
			}
			if s := longWord.FindString(text); s != "" {
				t.Errorf("%s holds a word that may be a secret, %s:\n%s", where, s, text)
			}
		}
	}
	// call runs credproc in the way in which it says most.
	call := func(t *testing.T, args ...string) {
		t.Helper()
		p := w.start(t, append([]string{"--verbose", "--log-file", logFile, "--timeout", "1s"}, args...)...)
		_ = p.status()
		check(t, p)
	}

	// forget takes failures away too, which would answer the next caller.
	forget := func(t *testing.T) {
		t.Helper()
		if err := os.RemoveAll(w.cache); err != nil {
			t.Fatal(err)
		}
	}

	for name, fault := range map[string]sourcetest.Fault{
		"granted":                   nil,
		"denied":                    sourcetest.Refuse(http.StatusForbidden, "AccessDenied", "no"),
		"token repeated":            refuse(jwt),
		"request repeated":          refuse("Action=AssumeRoleWithWebIdentity&WebIdentityToken=" + jwt + "&Version=2011-06-15"),
		"token repeated in quotes":  refuse(`the token "` + jwt + `" is bad`),
		"token repeated as code":    sourcetest.Refuse(http.StatusBadRequest, jwt, "no"),
		"token repeated in parts":   refuse(strings.Join(parts, " ")),
		"token repeated by line":    refuse(jwt[:64] + "\n" + jwt[64:128] + "\n" + jwt[128:]),
		"claims repeated":           refuse("bad claims: " + parts[1]),
		"signature repeated":        refuse("bad signature: " + parts[2]),
		"end of the token repeated": refuse("…" + jwt[20:]),
		"middle of it repeated":     refuse("…" + jwt[20:len(jwt)-20] + "…"),
		"throttled with the token":  sourcetest.Refuse(http.StatusBadRequest, "Throttling", jwt),
		"fault with the token":      sourcetest.Refuse(http.StatusInternalServerError, "InternalFailure", jwt),
		"half an answer":            sourcetest.Half(),
		"a huge answer":             sourcetest.Huge(),
		"no expiration":             sourcetest.Without("Expiration"),
		"no session token":          sourcetest.Without("SessionToken"),
		"no access key id":          sourcetest.Without("AccessKeyId"),
		"page":                      sourcetest.HTML(http.StatusOK),
		"nothing":                   sourcetest.Drop(),
	} {
		t.Run(name, func(t *testing.T) {
			w.sts.SetFault(fault)
			forget(t)
			call(t)
			w.sts.SetFault(nil)
			forget(t)
			w.run(t)
			w.grow(t, 50*time.Minute)
			w.sts.SetFault(fault)
			call(t)
		})
	}
	w.sts.SetFault(nil)

	const other = "hunter2hunter2hunter2hunter2"
	known = append(known, other)
	for name, content := range map[string]string{
		"not a JWT":              other,
		"two tokens":             jwt + "\n" + jwt,
		"no signature":           parts[0] + "." + parts[1],
		"parts that are nothing": other + "." + other + "." + other,
		"claims that are not":    parts[0] + "." + other + "." + parts[2],
		"token as JSON":          `{"value":"` + jwt + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			forget(t)
			if err := os.WriteFile(w.token, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			call(t)
			call(t, "--no-cache")
		})
	}
}
