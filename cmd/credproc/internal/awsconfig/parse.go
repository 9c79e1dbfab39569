package awsconfig

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// keys are what one section sets, by lower-case key.
type keys map[string]value

// A value is what a key is set to, as configparser has it: lines joined by
// newlines, the first one empty where the key opens a block.
type value struct {
	text      string
	line      int  // the key's, from 1
	commented bool // a comment followed on that line
}

// A parser is in the middle of a file.
type parser struct {
	file     *File
	classify classifier
	headers  map[string]int // to line
	defaults keys
	keys     keys // of the current section; nil: none

	key       string   // the key being read; empty: none
	keyLine   int      // its line
	lines     []string // its value so far
	commented bool     // a comment followed on its line
	lost      bool     // the key being read is a skipped line
	indent    int      // of that key, in characters
}

// parse follows RawConfigParser._read in Python's configparser. Its errors name
// path and line and quote nothing.
func parse(path string, data []byte, classify classifier) (*File, error) {
	text, err := decode(path, data)
	if err != nil {
		return nil, err
	}
	p := &parser{
		file:     &File{Path: path, Marked: bytes.HasPrefix(data, []byte(byteOrderMark))},
		classify: classify,
		headers:  make(map[string]int),
		defaults: make(keys),
	}
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if err := p.line(number, line); err != nil {
			return nil, err
		}
	}
	p.flush()
	return p.file, nil
}

const byteOrderMark = "\xef\xbb\xbf"

// decode gives the text with Unix line ends and without a byte order mark.
func decode(path string, data []byte) (string, error) {
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return "", fmt.Errorf("%s: is UTF-16, AWS config files are UTF-8", path)
	}
	text := string(data)
	if strings.Contains(text, "\r") {
		text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	}
	// A NUL is valid UTF-8, but neither a variable nor an argument can hold it.
	if i := strings.IndexByte(text, 0); i >= 0 {
		return "", fmt.Errorf("%s:%d: contains a NUL byte", path, 1+strings.Count(text[:i], "\n"))
	}
	if !utf8.ValidString(text) {
		i := strings.IndexFunc(text, func(r rune) bool { return r == utf8.RuneError })
		return "", fmt.Errorf("%s:%d: is not UTF-8", path, 1+strings.Count(text[:i], "\n"))
	}
	return text, nil
}

func (p *parser) line(number int, line string) error {
	text := strings.TrimSpace(line)
	if text == "" {
		if p.key != "" {
			p.lines = append(p.lines, "")
		}
		return nil
	}
	if text[0] == '#' || text[0] == ';' {
		return nil
	}
	indent := utf8.RuneCountInString(line[:strings.Index(line, text)])
	if (p.key != "" || p.lost) && indent > p.indent {
		p.more(number, text)
		return nil
	}
	p.flush()
	p.indent = indent
	if text[0] == '[' {
		return p.header(number, text)
	}
	if p.keys == nil {
		return p.errorf(number, "comes before the first [section]")
	}
	return p.option(number, text)
}

// more takes a line that belongs to the key above it.
func (p *parser) more(number int, text string) {
	if p.lost || p.lines[0] == "" && !strings.Contains(text, "=") {
		p.file.Skipped = append(p.file.Skipped, number)
		return
	}
	p.lines = append(p.lines, text)
}

func (p *parser) header(number int, text string) error {
	end := strings.LastIndexByte(text, ']')
	if i := strings.IndexByte(text, ']'); i != end {
		// More brackets in a comment are no part of the name.
		if rest := strings.TrimSpace(text[i+1:]); rest[0] == '#' || rest[0] == ';' {
			end = i
		}
	}
	if end < 2 {
		return p.errorf(number, "is not a complete [section] header")
	}
	name := text[1:end]
	if first, ok := p.headers[name]; ok {
		return p.errorf(number, "begins a section that line %d has begun already", first)
	}
	p.headers[name] = number
	// What [DEFAULT] says holds in every section, a gift of Python's configparser.
	if name == "DEFAULT" {
		p.keys = p.defaults
		return nil
	}
	p.keys = make(keys)
	p.classify(p.file, name, Section{Path: p.file.Path, Line: number, keys: p.keys, defaults: p.defaults})
	return nil
}

func (p *parser) option(number int, text string) error {
	i := strings.IndexAny(text, "=:")
	if i <= 0 {
		p.file.Skipped = append(p.file.Skipped, number)
		p.lost = true
		return nil
	}
	key := strings.ToLower(strings.TrimSpace(text[:i]))
	if first, ok := p.keys[key]; ok {
		return p.errorf(number, "sets a key that line %d has set already", first.line)
	}
	p.key, p.keyLine = key, number
	written := strings.TrimSpace(text[i+1:])
	plain := withoutComment(written)
	p.lines, p.commented = append(p.lines[:0], plain), plain != written
	return nil
}

// withoutComment cuts a value at the first # or ; that follows a space or tab.
func withoutComment(text string) string {
	for i := 1; i < len(text); i++ {
		if (text[i] == '#' || text[i] == ';') && (text[i-1] == ' ' || text[i-1] == '\t') {
			return strings.TrimSpace(text[:i])
		}
	}
	return text
}

// flush keeps the key being read.
func (p *parser) flush() {
	if p.key != "" {
		lines := p.lines
		for len(lines) > 1 && lines[len(lines)-1] == "" {
			lines = lines[:len(lines)-1]
		}
		p.keys[p.key] = value{strings.Join(lines, "\n"), p.keyLine, p.commented}
	}
	p.key, p.lost = "", false
}

func (p *parser) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: this line %s", p.file.Path, line, fmt.Sprintf(format, args...))
}
