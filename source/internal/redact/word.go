package redact

import (
	"slices"
	"strings"
)

// An expectation is what the words before let one expect of the next.
type expectation struct {
	value  strictness
	closes byte // the quote that ends the value, or 0
}

// A strictness says which next word is a secret.
type strictness int

const (
	anything strictness = iota // only what looks like one
	odd                        // what is no plain word, after "token"
	unusual                    // what no sentence goes on with, after "password" or "token:"
	all                        // whatever it is
)

// read gives a word without what is secret in it, and what to expect next.
func (e expectation) read(word string) (string, expectation) {
	if e.closes != 0 { // within a quoted secret
		if strings.IndexByte(word, e.closes) >= 0 {
			return removed, expectation{}
		}
		return removed, e
	}
	bare := strings.Trim(word, "\"'`()[]{},;")
	switch {
	case e.value == anything, bare == "", bare == "=", bare == ":", word == removed, e.value < all && isKeyID(bare):
	case isScheme(bare):
		return word, expectation{value: all}
	case named(bare) != anything: // "secret access key", "--password --token"
	case slices.Contains([]string{"is", "was", "to"}, bare):
		return word, expectation{value: odd}
	case e.value == all, e.value == unusual && !goesOn(bare), e.value == odd && !plain(bare):
		return removed, expectation{closes: opened(word)}
	}
	if bare == "" || bare == "=" || bare == ":" {
		if e.value == odd && bare == ":" {
			e.value = unusual
		}
		if e.value != anything && bare == "=" {
			e.value = all
		}
		return word, e
	}
	return within(word)
}

// within removes what is secret in a word by itself.
func within(word string) (string, expectation) {
	if at := strings.Index(word, "://"); at >= 0 {
		word = withoutUser(word, at+len("://"))
	}
	if at := known(word); at >= 0 {
		return word[:at] + removed, expectation{}
	}
	for i := 0; i < len(word); i++ {
		if word[i] != '=' && word[i] != ':' || strings.HasPrefix(word[i:], "://") {
			continue
		}
		name := word[:i]
		// A name in braces, or behind another value: {"token":…, ?a=b&token=…
		name = name[strings.LastIndexAny(name, "{[(,;&?=/:")+1:]
		how := named(strings.Trim(name, "\"'`"))
		if how == anything && word[i] == '=' && holds(name) {
			how = all
		}
		value := word[i+1:]
		switch {
		case how == anything:
		case value == "" && word[i] == '=':
			return word, expectation{value: all}
		case value == "":
			return word, expectation{value: unusual}
		default:
			return word[:i+1] + removed, expectation{closes: opened(value)}
		}
	}
	if at := noise(word); at >= 0 {
		return word[:at] + removed, expectation{}
	}
	return word, expectation{value: named(strings.Trim(word, "\"'`()[]{},"))}
}

// opened is the quote that begins word and does not end in it, or 0.
func opened(word string) byte {
	word = strings.TrimPrefix(word, "$") // a shell's $'…'
	if word == "" || !strings.Contains("\"'`", word[:1]) || strings.IndexByte(word[1:], word[0]) >= 0 {
		return 0
	}
	return word[0]
}

// withoutUser removes the user and password of a URL whose host begins at at. A
// password may have a slash in it, though no URL may.
func withoutUser(word string, at int) string {
	end := strings.LastIndexByte(word, '@')
	if end < at {
		return word
	}
	if host := strings.IndexByte(word[at:end], '/'); host >= 0 && strings.IndexByte(word[at:end], ':') < 0 {
		return word // https://example/@scope
	}
	return word[:at] + removed + word[end:]
}

// named says what follows when a word is, or ends with, one for a secret.
func named(word string) strictness {
	word = strings.TrimRight(strings.ToLower(word), "=:")
	flag := strings.HasPrefix(word, "-")
	how := anything
	for _, end := range []struct {
		text string
		how  strictness
	}{
		{"bearer", all}, {"password", unusual}, {"passwd", unusual}, {"passphrase", unusual}, {"authorization", unusual},
		{"secret_id", unusual}, {"secretid", unusual}, {"secret-id", unusual}, {"pwd", unusual}, {"_pass", unusual}, {"cookie", odd},
		{"secret", odd}, {"token", odd}, {"key", odd}, {"apikey", odd}, {"jwt", odd}, {"assertion", odd}, {"credential", odd},
		{"signature", odd}, {"passcode", odd}, {"otp", odd},
	} {
		if strings.HasSuffix(word, end.text) {
			how = max(how, end.how)
		}
	}
	if flag && how != anything {
		return all // --password VALUE
	}
	return how
}

// holds reports whether a variable of that name holds a secret, wherever the
// word for it stands: SECRET_OF_JANE, TOKEN2.
func holds(name string) bool {
	name = strings.ToLower(name)
	for _, end := range []string{"file", "path", "type", "url", "uri", "endpoint"} {
		if strings.HasSuffix(name, end) {
			return false
		}
	}
	return slices.ContainsFunc([]string{"secret", "token", "passw", "pass_", "private", "credential", "auth", "apikey", "api_key"},
		func(part string) bool { return strings.Contains(name, part) })
}

func isScheme(word string) bool {
	word = strings.ToLower(strings.Trim(word, "\"'`:="))
	return slices.Contains([]string{"bearer", "basic", "digest", "negotiate"}, word)
}

// goesOn reports whether a sentence may go on with word after "password" or
// "token:".
func goesOn(word string) bool {
	word = strings.ToLower(strings.TrimRight(word, ".,:;!?"))
	return slices.Contains([]string{
		"a", "an", "and", "are", "as", "at", "audience", "by", "can", "cannot", "can't", "command", "could", "couldn't", "current", "denied", "did",
		"does", "doesn't", "error", "exchange", "expired", "expiry", "failed", "failure", "file", "for", "from", "had", "has", "have", "http", "https",
		"id", "in", "incorrect", "included", "invalid", "is", "isn't", "issuer", "it", "its", "log", "login", "malformed", "manager", "may", "mismatch", "missing", "must", "no",
		"none", "not", "of", "on", "or", "permission", "prompt", "provided", "provider", "read", "refused", "rejected", "request", "requested", "required", "requires", "service",
		"should", "source", "still", "the", "this", "to", "unable", "unauthorized", "unexpected", "unknown", "unsupported", "use", "user", "verification", "was",
		"we", "were", "will", "with", "without", "wrong", "you", "your",
	}, word)
}

// plain reports whether word is one of a language: letters alone, in small
// letters but for the first, and no more of them than words have.
func plain(word string) bool {
	word = strings.TrimRight(strings.TrimSuffix(word, "'s"), ".,:;!?")
	if word == "" || len(word) > 16 {
		return word == ""
	}
	return strings.IndexFunc(word[1:], func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' && r != '\'' }) < 0
}

// isKeyID reports whether word is the id of an access key, which is no secret.
// Source: IAM User Guide, "IAM identifiers", unique ID prefixes.
func isKeyID(word string) bool {
	word = strings.TrimRight(word, ".,:;!?")
	return len(word) == 20 && (strings.HasPrefix(word, "AKIA") || strings.HasPrefix(word, "ASIA")) && strings.ToUpper(word) == word
}
