package awsconfig

import "strings"

// A header is what stands between a section's brackets, and where.
type header struct {
	name       string
	line       int
	start, end int // the section, header and all, in the normalized text
}

// An index finds sections by the name a user knows them by.
type index struct {
	order   []string
	headers map[string]header
}

// set files a header under name. The later one replaces the earlier one whole,
// as in botocore: [profile a] and [profile "a"] are two sections of one profile.
func (x *index) set(name string, h header) {
	if x.headers == nil {
		x.headers = make(map[string]header)
	}
	if _, ok := x.headers[name]; !ok {
		x.order = append(x.order, name)
	}
	x.headers[name] = h
}

// A classifier files a header under what it means in one kind of file. It is
// never shown [DEFAULT].
type classifier func(*File, header)

// configFile follows build_profile_map in botocore/configloader.py, down to
// taking [profiles x] for a profile; sso-session, plugins and the like are of no
// use here.
func configFile(f *File, h header) {
	if h.name == "default" {
		if _, ok := f.profiles.headers["default"]; !ok {
			f.profiles.set("default", h)
		}
		return
	}
	isProfile := strings.HasPrefix(h.name, "profile")
	if !isProfile && !strings.HasPrefix(h.name, "services") {
		return
	}
	words, ok := split(h.name)
	if !ok || len(words) != 2 {
		return
	}
	if isProfile {
		f.profiles.set(words[1], h)
	} else {
		f.services.set(words[1], h)
	}
}

func credentialsFile(f *File, h header) { f.profiles.set(h.name, h) }

// split cuts a header into words as Python's shlex.split does. It is false where
// a quote is left open or a backslash comes last.
func split(s string) (words []string, ok bool) {
	var word []byte
	var quote byte
	inWord := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && quote != '\'':
			i++
			if i == len(s) {
				return nil, false
			}
			if quote == '"' && s[i] != '"' && s[i] != '\\' {
				word = append(word, '\\')
			}
			word, inWord = append(word, s[i]), true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word = append(word, c)
		case c == '"' || c == '\'':
			quote, inWord = c, true
		case c == ' ' || c == '\t':
			if inWord {
				words, word, inWord = append(words, string(word)), word[:0], false
			}
		default:
			word, inWord = append(word, c), true
		}
	}
	if inWord {
		words = append(words, string(word))
	}
	return words, quote == 0
}
