package command

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Words splits a line at white space outside quotes, and takes the quotes away.
// Unlike a shell it does no more than that, and nothing is an error.
func Words(line string) []string {
	var all []string
	var word strings.Builder
	var quote rune // the open one, or 0
	within := false
	for _, r := range line {
		switch {
		case quote == 0 && (r == '\'' || r == '"'):
			quote, within = r, true
		case r == quote:
			quote = 0
		case quote != 0 || !unicode.IsSpace(r):
			word.WriteRune(r)
			within = true
		case within:
			all = append(all, word.String())
			word.Reset()
			within = false
		}
	}
	if within {
		all = append(all, word.String())
	}
	return all
}

// Folder is the working folder where the command may be another one elsewhere,
// and empty where it is the same everywhere: it is for keys of caches. In doubt
// it is the folder: then a command runs once more, instead of one's credentials
// for another's.
func (c Command) Folder() string {
	words, dir := c.Program, c.Dir
	if c.Shell != "" {
		words = Words(c.Shell)
	}
	if dir == "" {
		dir, _ = os.Getwd()
	}
	if f := folder(dir); slices.ContainsFunc(words, f.relative) || slices.ContainsFunc(words, f.found) {
		return dir
	}
	return ""
}

// A folder is where a command may look for what its words name.
type folder string

func (f folder) has(name string) bool {
	if name == "" {
		return false
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(string(f), name)
	}
	_, err := os.Lstat(name)
	return err == nil
}

// found reports whether PATH leads to a program in the folder.
func (f folder) found(word string) bool {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if !filepath.IsAbs(dir) && f.has(filepath.Join(dir, word)) {
			return true
		}
	}
	return false
}

// project are programs that look for a file of their own in the folder they are
// run in.
var project = []string{
	"make", "just", "task", "rake", "npm", "npx", "yarn", "pnpm", "poetry", "pipenv", "uv", "bundle",
	"direnv", "mise", "docker", "git", "terraform", "tofu", "terragrunt", "pulumi",
}

// relative reports whether a word, or a part of it where it is itself a line for
// a shell, may name something in the working folder.
func (f folder) relative(word string) bool {
	if filepath.IsAbs(word) && !strings.ContainsAny(word, "'\"`$;&|<>()") {
		if f.has(word) {
			return false // whatever white space is in it
		}
	}
	return slices.ContainsFunc(strings.FieldsFunc(word, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("'\"`;&|<>()", r)
	}), f.relativePart)
}

func (f folder) relativePart(word string) bool {
	if slices.Contains(project, strings.TrimSuffix(filepath.Base(word), ".exe")) {
		return true
	}
	if strings.Contains(word, "://") {
		return false
	}
	// An option's or a variable's value counts alone.
	if _, value, ok := strings.Cut(word, "="); ok {
		word = value
	}
	word = strings.TrimLeft(word, "@")
	for _, everywhere := range []string{"~", "$HOME/", "${HOME}/", "arn:"} {
		if strings.HasPrefix(word, everywhere) {
			return strings.Contains(word, "..") // no matter where that leads
		}
	}
	switch {
	case word == "", word == "$HOME":
		return false
	case strings.Contains(word, "$"):
		return true // $PWD, or a variable with a path in it
	case filepath.IsAbs(word):
		return false
	case word[0] == '.', strings.ContainsFunc(word, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) }):
		return true
	}
	// What is left may be a file's name, or end with one: -fFILE, file:FILE; or
	// that of a module of Python's.
	return slices.ContainsFunc([]string{
		word, strings.TrimLeft(word, "-"), afterOption(word), word[strings.LastIndexByte(word, ':')+1:], word + ".py",
	}, f.has)
}

// afterOption is what follows an option of one letter: -fFILE.
func afterOption(word string) string {
	if len(word) > 2 && word[0] == '-' && word[1] != '-' {
		return word[2:]
	}
	return ""
}
