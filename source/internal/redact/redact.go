// Package redact makes text from elsewhere fit for an error: what a server
// answered, what a command wrote to its stderr.
package redact

import (
	"strings"
	"unicode"
)

// removed stands where a secret was.
const removed = "[removed]"

const (
	// room is how much text is looked at for each byte that is shown.
	room = 8

	// fragment is how many characters of a given secret in a row are a part of
	// it: fewer say nothing.
	fragment = 16

	// shortest is the length of a given secret, in bytes, below which it is
	// taken for an ordinary word.
	shortest = 4
)

// Line returns text as one line of at most limit bytes and a sign that it was
// cut, without control characters, without the given secrets and their parts,
// and without what looks like a secret: values that are called one, tokens of
// known kinds, passwords in URLs, words of no language.
func Line(text string, limit int, secrets ...string) string {
	cut := len(text) > room*limit
	if cut {
		text = text[:room*limit]
	}
	line := clean(text, secrets)
	if cut || len(line) > limit {
		line = strings.ToValidUTF8(line[:min(limit, len(line))], "") + " …"
	}
	return line
}

// Tail is Line for the end of text.
func Tail(text string, limit int, secrets ...string) string {
	cut := len(text) > room*limit
	if cut {
		text = text[len(text)-room*limit:]
		// The rest of a word is recognised by nothing.
		text = text[max(0, strings.IndexAny(text, " \t\r\n")):]
	}
	line := clean(text, secrets)
	if over := len(line) - limit; over > 0 {
		line, cut = line[over:], true
	}
	if cut {
		line = "… " + strings.ToValidUTF8(line, "")
	}
	return line
}

func clean(text string, secrets []string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	for _, s := range secrets {
		if s = strings.TrimSpace(s); len(s) >= shortest {
			text = strings.ReplaceAll(text, s, removed)
		}
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	var next expectation
	for i, word := range words {
		if at := strings.Index(word, removed); at >= 0 {
			word = word[:at+len(removed)]
		}
		if at := partOf(word, secrets); at >= 0 {
			word = word[:at] + removed
		}
		words[i], next = next.read(word)
	}
	return strings.ToValidUTF8(strings.Join(words, " "), "")
}

// partOf is where in word a part of a secret begins, or -1. What follows in that
// word goes with it.
func partOf(word string, secrets []string) int {
	for i := range len(word) - fragment + 1 {
		for _, secret := range secrets {
			if strings.Contains(secret, word[i:i+fragment]) {
				return i
			}
		}
	}
	return -1
}
