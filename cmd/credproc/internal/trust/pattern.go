package trust

import (
	"strings"
	"unicode/utf8"
)

// A pattern is a value in a policy: characters, and where the operator reads
// them so, * for any number of characters and ? for one.
type pattern []element

type element struct {
	char rune
	wild rune // '*', '?' or 0
}

// compile reads a value. It is false where the value holds a policy variable,
// whose value only AWS knows.
// Source: IAM User Guide, "Policy variables": ${*}, ${?} and ${$} are the
// characters themselves; a document of the version before 2012 has no variables.
func compile(text string, wild, variables bool) (pattern, bool) {
	var p pattern
	for len(text) > 0 {
		if variables && strings.HasPrefix(text, "${") {
			if len(text) < 4 || text[3] != '}' || !strings.ContainsRune("*?$", rune(text[2])) {
				return nil, false
			}
			p, text = append(p, element{char: rune(text[2])}), text[4:]
			continue
		}
		char, size := utf8.DecodeRuneInString(text)
		if wild && (char == '*' || char == '?') {
			p = append(p, element{wild: char})
		} else {
			p = append(p, element{char: char})
		}
		text = text[size:]
	}
	return p, true
}

// matches reports whether text is what the pattern says, all of it. It takes
// time in the product of both lengths at most.
func (p pattern) matches(text string) bool {
	runes := []rune(text)
	i, j := 0, 0
	star, from := -1, 0 // where to go on from when the last * has to take more
	for j < len(runes) {
		switch {
		case i < len(p) && p[i].wild == '*':
			star, from = i, j
			i++
		case i < len(p) && (p[i].wild == '?' || p[i].wild == 0 && p[i].char == runes[j]):
			i, j = i+1, j+1
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i].wild == '*' {
		i++
	}
	return i == len(p)
}
