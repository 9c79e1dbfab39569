// Package redact makes text from elsewhere fit for an error: what a server
// answered, what a command wrote to its stderr.
package redact

import (
	"strings"
	"unicode"
)

// removed stands where a secret was.
const removed = "[removed]"

// Line returns text as one line of at most limit bytes, without control
// characters, without the given secrets, and without what looks like one: JWTs
// and their parts, words too long for people, and whatever follows the word
// bearer.
func Line(text string, limit int, secrets ...string) string {
	line := clean(text, secrets)
	if len(line) > limit {
		line = strings.ToValidUTF8(line[:limit], "") + " …"
	}
	return line
}

// Tail is Line for the end of text.
func Tail(text string, limit int, secrets ...string) string {
	line := clean(text, secrets)
	if over := len(line) - limit; over > 0 {
		line = "… " + strings.ToValidUTF8(line[over:], "")
	}
	return line
}

// longest is the length of a word, in bytes, above which letters and digits
// alone are taken for a secret: for a token that was broken into lines.
const longest = 60

func clean(text string, secrets []string) string {
	for _, s := range secrets {
		if s = strings.TrimSpace(s); s != "" {
			text = strings.ReplaceAll(text, s, removed)
		}
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	bearer := false
	for i, word := range words {
		// A JWT and its readable parts begin with the base64 of `{"`.
		if at := strings.Index(word, "eyJ"); at >= 0 && len(word)-at > 16 {
			words[i] = word[:at] + removed
		}
		if bearer || len(word) > longest && strings.IndexFunc(word, foreign) < 0 {
			words[i] = removed
		}
		bearer = strings.EqualFold(strings.Trim(word, `"':=`), "bearer")
	}
	return strings.Join(words, " ")
}

// foreign reports whether base64 has no such character, in either alphabet
// less the slash, which is in every path.
func foreign(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_+=.", r))
}
