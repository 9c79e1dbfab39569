package redact

import "strings"

// prefixes begin tokens of well-known kinds: JWTs and their readable parts (the
// base64 of `{"`), session tokens of STS, tokens of GitHub, GitLab, Vault,
// Slack, npm, PyPI, Google, Atlassian.
var prefixes = []string{
	"eyJ", "FwoG", "FQoG", "IQoJ", "AQoD",
	"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gloas-", "glcbt-", "hvs.", "hvb.", "hvr.", "xoxb-", "xoxp-", "xapp-",
	"npm_", "pypi-", "ya29.", "AIza", "ATATT", "sk-", "sk_live_", "rk_live_", "dop_v1_", "-----BEGIN",
}

// leastToken is how long a word with such a prefix is at least, in bytes.
const leastToken = 16

// known is where in word a token of a known kind begins, or -1. What follows
// goes with it: it is part of the token, or of no interest.
func known(word string) int {
	first := -1
	for _, prefix := range prefixes {
		for from := 0; ; {
			at := strings.Index(word[from:], prefix)
			if at < 0 {
				break
			}
			at += from
			if len(word)-at >= leastToken && (prefix == "eyJ" || at == 0 || !alphanumeric(word[at-1])) && (first < 0 || at < first) {
				first = at
			}
			from = at + 1
		}
	}
	return first
}

const (
	// longest is the length of a run of letters and digits, in bytes, above
	// which it is no name any more.
	longest = 60

	// leastNoise is the length, in bytes, from which letters and digits of all
	// kinds in no order are taken for base64.
	leastNoise = 20

	// leastHex is the length of a secret in hexadecimal.
	leastHex = 32
)

// noise is where in word base64 or hexadecimal begins that nobody can read, or
// -1.
func noise(word string) int {
	for start := 0; start < len(word); {
		end := start
		for end < len(word) && (alphanumeric(word[end]) || strings.IndexByte("+/=_-", word[end]) >= 0) {
			end++
		}
		if run := word[start:end]; isNoise(run) {
			return start
		}
		start = end + 1
	}
	if len(word) > longest && strings.IndexFunc(word, foreign) < 0 {
		return 0 // a token that was broken into lines
	}
	return -1
}

// isNoise tells base64 from paths and names: there the case changes at the
// beginnings of words, and digits stand together.
func isNoise(run string) bool {
	if len(run) >= leastHex && strings.Trim(run, "0123456789abcdefABCDEF") == "" {
		return true
	}
	if len(run) < leastNoise {
		return false
	}
	var kinds [4]int
	changes, last := 0, 0
	for i := range len(run) {
		now := kind(run[i])
		kinds[now]++
		if last != 0 && now != 0 && now != last && !(last == upper && now == lower) {
			changes++
		}
		last = now
	}
	mixed := kinds[upper] > 0 && kinds[lower] > 0 && (kinds[digit] > 0 || len(run) == 40)
	return mixed && changes > len(run)/6
}

// Kinds of characters; zero is what stands between words.
const (
	lower = iota + 1
	upper
	digit
)

func kind(c byte) int {
	switch {
	case 'a' <= c && c <= 'z':
		return lower
	case 'A' <= c && c <= 'Z':
		return upper
	case '0' <= c && c <= '9':
		return digit
	}
	return 0
}

func alphanumeric(c byte) bool { return kind(c) != 0 }

// foreign reports whether base64 has no such character, in either alphabet
// less the slash, which is in every path.
func foreign(r rune) bool {
	return r >= 0x80 || !alphanumeric(byte(r)) && !strings.ContainsRune("-_+=.", r)
}
