package token

import (
	"errors"
	"runtime"
	"strings"
)

// words splits a command line as a POSIX shell does: at white space, with
// quotes and backslashes. There is no shell, so what only a shell can do is an
// error instead of a word that nobody meant. On Windows a backslash is part of
// a path and quotes nothing.
// Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting.
func words(line string) ([]string, error) {
	var (
		all     []string
		word    strings.Builder
		within  bool // inside a word, which may be empty: ''
		quote   rune // the open one, or 0
		escaped bool
	)
	for _, r := range line {
		switch {
		case escaped:
			// Within double quotes a backslash only quotes these.
			if quote == '"' && !strings.ContainsRune("\"\\$`\n", r) {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'' && runtime.GOOS != "windows":
			escaped, within = true, true
		case quote == 0 && (r == '\'' || r == '"'):
			quote, within = r, true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && strings.ContainsRune(" \t\n\r", r):
			if within {
				all = append(all, word.String())
				word.Reset()
				within = false
			}
		case quote == 0 && strings.ContainsRune("|&;<>()$`", r), quote == '"' && strings.ContainsRune("$`", r):
			return nil, errors.New("it has a " + string(r) + " that only a shell understands: quote it, or say exec:sh -c '…'")
		default:
			word.WriteRune(r)
			within = true
		}
	}
	switch {
	case quote != 0:
		return nil, errors.New("it has a " + string(quote) + " without its partner")
	case escaped:
		return nil, errors.New("it ends with a backslash")
	case within:
		all = append(all, word.String())
	}
	if len(all) == 0 || all[0] == "" {
		return nil, errors.New("it names no command")
	}
	return all, nil
}
