package screen

import "strings"

// Width is how many columns a printable text takes. It is rather too great than
// too small, since a line that is too long breaks the screen: combining marks
// count, and so does all that some terminals draw wide.
func Width(text string) int {
	n := 0
	for _, r := range text {
		n += runeWidth(r)
	}
	return n
}

// runeWidth follows Unicode's East Asian Width (UAX #11) in blocks.
func runeWidth(r rune) int {
	switch {
	case r < 0x1100:
		return 1
	case r <= 0x115f, // Hangul Jamo
		r >= 0x2600 && r <= 0x27bf,   // symbols, some of them drawn as emoji
		r >= 0x2b00 && r <= 0x2bff,   // more of them
		r >= 0x2e80 && r <= 0xa4cf,   // CJK
		r >= 0xa960 && r <= 0xa97f,   // Hangul Jamo
		r >= 0xac00 && r <= 0xd7a3,   // Hangul
		r >= 0xf900 && r <= 0xfaff,   // CJK
		r >= 0xfe30 && r <= 0xfe6f,   // CJK forms
		r >= 0xff00 && r <= 0xff60,   // full width forms
		r >= 0xffe0 && r <= 0xffe6,   // the same
		r >= 0x16fe0 && r <= 0x1b2ff, // Tangut, Kana
		r >= 0x1f000 && r <= 0x1faff, // emoji
		r >= 0x20000 && r <= 0x3fffd: // CJK
		return 2
	default:
		return 1
	}
}

const ellipsis = "…"

// Cut is as much of the beginning of text as n columns hold.
func Cut(text string, n int) string {
	if Width(text) <= n {
		return text
	}
	return head(text, n-1) + ellipsis
}

// Middle is text in n columns, without its middle if need be.
func Middle(text string, n int) string {
	if Width(text) <= n {
		return text
	}
	first := head(text, n/2)
	return first + ellipsis + tail(text, n-Width(first)-1)
}

func head(text string, n int) string {
	for i, r := range text {
		if n -= runeWidth(r); n < 0 {
			return text[:i]
		}
	}
	return text
}

func tail(text string, n int) string {
	runes := []rune(text)
	i := len(runes)
	for i > 0 && n >= runeWidth(runes[i-1]) {
		i--
		n -= runeWidth(runes[i])
	}
	return string(runes[i:])
}

// Wrap breaks text between words into at most lines lines of at most n columns.
// A word that is longer is broken, and what does not fit is cut off.
func Wrap(text string, n, lines int) []string {
	n = max(n, 2) // a wide character has to fit
	var all []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && Width(line)+1+Width(word) <= n {
			line += " " + word
			continue
		}
		if line != "" {
			all = append(all, line)
		}
		for line = word; Width(line) > n; {
			first := head(line, n)
			all, line = append(all, first), line[len(first):]
		}
	}
	if line != "" {
		all = append(all, line)
	}
	if len(all) > lines {
		all = all[:lines]
		last := &all[lines-1]
		*last = head(*last, n-1) + ellipsis
	}
	return all
}
