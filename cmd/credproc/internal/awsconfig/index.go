package awsconfig

import "strings"

// An index finds sections by the name a user knows them by.
type index struct {
	order    []string
	sections map[string]Section
}

func (x *index) section(name string) (Section, bool) {
	s, ok := x.sections[name]
	return s, ok
}

// set files a section under name. The later one replaces the earlier one whole,
// as in botocore: [profile a] and [profile "a"] are two sections of one profile.
func (x *index) set(name string, s Section) {
	if x.sections == nil {
		x.sections = make(map[string]Section)
	}
	if _, ok := x.sections[name]; !ok {
		x.order = append(x.order, name)
	}
	s.Name = name
	x.sections[name] = s
}

// A classifier files a section under what its header means in one kind of file.
// It is never shown [DEFAULT].
type classifier func(f *File, header string, s Section)

// configFile follows build_profile_map in botocore/configloader.py, down to
// taking [profiles x] for a profile; sso-session, plugins and the like are of no
// use here.
func configFile(f *File, header string, s Section) {
	if header == "default" {
		if _, ok := f.profiles.sections["default"]; !ok {
			f.profiles.set("default", s)
		}
		return
	}
	isProfile := strings.HasPrefix(header, "profile")
	if !isProfile && !strings.HasPrefix(header, "services") {
		f.others.set(header, s)
		return
	}
	words, ok := Split(header)
	if !ok || len(words) != 2 {
		return
	}
	if isProfile {
		f.profiles.set(words[1], s)
	} else {
		f.services.set(words[1], s)
	}
}

func credentialsFile(f *File, header string, s Section) { f.profiles.set(header, s) }

// Split cuts a header or a command into words as Python's shlex.split does. It
// is false where a quote is left open or a backslash comes last.
func Split(s string) (words []string, ok bool) {
	word := make([]byte, 0, len(s))
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
