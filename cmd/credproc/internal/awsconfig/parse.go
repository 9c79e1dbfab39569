package awsconfig

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxKeys bounds a section's keys: ini.v1's time grows with their square. AWS
// knows fewer than a hundred.
const maxKeys = 1000

// A normalizer brings a file into a form that ini.v1 reads as configparser reads
// the original. ini.v1 alone takes an indented line for a key of its own, keeps
// comments inside blocks, joins duplicates in silence, lets a backquote swallow
// lines, and counts no lines.
//
// In that form a line is "[header]", "key=value", or, indented, one more line of
// the key above: a value of several lines, or one that ini.v1 would unquote,
// stands whole in such lines. The first of them is empty where configparser's
// value begins with a newline, which is how botocore knows a block.
type normalizer struct {
	path    string
	out     []byte
	headers []header
	skipped []int

	sections map[string]int // header to line
	keys     map[string]int // lower-case key of the current section to line

	key    string   // the key being read; empty: none
	lines  []string // its value so far
	lost   bool     // the key being read is a skipped line
	indent int      // of that key, in characters
}

// normalize follows RawConfigParser._read in Python's configparser. Its errors
// name path and line and quote nothing.
func normalize(path string, data []byte) (*normalizer, error) {
	text, err := decode(path, data)
	if err != nil {
		return nil, err
	}
	n := &normalizer{
		path:     path,
		out:      make([]byte, 0, len(text)+64),
		sections: make(map[string]int),
		keys:     make(map[string]int),
	}
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if err := n.line(number, line); err != nil {
			return nil, err
		}
	}
	n.flush()
	n.endSection()
	return n, nil
}

// decode gives the text with Unix line ends and without a byte order mark.
func decode(path string, data []byte) (string, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return "", fmt.Errorf("%s: is UTF-16, AWS config files are UTF-8", path)
	}
	text := string(data)
	if strings.Contains(text, "\r") {
		text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	}
	// A NUL is valid UTF-8, but no text; ini.v1 would see a child section in it.
	if i := strings.IndexByte(text, 0); i >= 0 {
		return "", fmt.Errorf("%s:%d: contains a NUL byte", path, 1+strings.Count(text[:i], "\n"))
	}
	if !utf8.ValidString(text) {
		i := strings.IndexFunc(text, func(r rune) bool { return r == utf8.RuneError })
		return "", fmt.Errorf("%s:%d: is not UTF-8", path, 1+strings.Count(text[:i], "\n"))
	}
	return text, nil
}

func (n *normalizer) line(number int, line string) error {
	value := strings.TrimSpace(line)
	if value == "" {
		if n.key != "" {
			n.lines = append(n.lines, "")
		}
		return nil
	}
	if value[0] == '#' || value[0] == ';' {
		return nil
	}
	indent := utf8.RuneCountInString(line[:strings.Index(line, value)])
	if (n.key != "" || n.lost) && indent > n.indent {
		n.more(number, value)
		return nil
	}
	n.flush()
	n.indent = indent
	if value[0] == '[' {
		return n.header(number, value)
	}
	if len(n.headers) == 0 {
		return n.errorf(number, "comes before the first [section]")
	}
	return n.option(number, value)
}

// more takes a line that belongs to the key above it.
func (n *normalizer) more(number int, value string) {
	if n.lost || n.lines[0] == "" && !strings.Contains(value, "=") {
		n.skipped = append(n.skipped, number)
		return
	}
	n.lines = append(n.lines, value)
}

func (n *normalizer) header(number int, value string) error {
	end := strings.LastIndexByte(value, ']')
	if i := strings.IndexByte(value, ']'); i != end {
		// More brackets in a comment are no part of the name.
		if rest := strings.TrimSpace(value[i+1:]); rest[0] == '#' || rest[0] == ';' {
			end = i
		}
	}
	if end < 2 {
		return n.errorf(number, "is not a complete [section] header")
	}
	name := value[1:end]
	if first, ok := n.sections[name]; ok {
		return n.errorf(number, "begins a section that line %d has begun already", first)
	}
	n.sections[name] = number
	clear(n.keys)
	n.endSection()
	n.headers = append(n.headers, header{name: name, line: number, start: len(n.out)})
	n.out = append(append(append(n.out, '['), name...), "]\n"...)
	return nil
}

func (n *normalizer) endSection() {
	if i := len(n.headers) - 1; i >= 0 {
		n.headers[i].end = len(n.out)
	}
}

func (n *normalizer) option(number int, value string) error {
	i := strings.IndexAny(value, "=:")
	if i <= 0 {
		n.skipped = append(n.skipped, number)
		n.lost = true
		return nil
	}
	key := strings.ToLower(strings.TrimSpace(value[:i]))
	if first, ok := n.keys[key]; ok {
		return n.errorf(number, "sets a key that line %d has set already", first)
	}
	if len(n.keys) == maxKeys {
		return n.errorf(number, "is one key too many, a section may have %d", maxKeys)
	}
	n.keys[key] = number
	n.key = key
	n.lines = append(n.lines[:0], withoutComment(strings.TrimSpace(value[i+1:])))
	return nil
}

// withoutComment cuts a value at the first # or ; that follows a space or tab.
func withoutComment(value string) string {
	for i := 1; i < len(value); i++ {
		if (value[i] == '#' || value[i] == ';') && (value[i-1] == ' ' || value[i-1] == '\t') {
			return strings.TrimSpace(value[:i])
		}
	}
	return value
}

// flush writes the key being read.
func (n *normalizer) flush() {
	key, lines := n.key, n.lines
	n.key, n.lost = "", false
	// ini.v1 unquotes such keys and numbers keys named "-". AWS has none of them.
	if key == "" || key[0] == '"' || key[0] == '`' || key == "-" {
		return
	}
	for len(lines) > 1 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	n.out = append(append(n.out, key...), '=')
	if len(lines) == 1 && !strings.HasPrefix(lines[0], "`") && !strings.HasPrefix(lines[0], `"""`) {
		n.out = append(append(n.out, lines[0]...), '\n')
		return
	}
	n.out = append(n.out, '\n')
	for _, line := range lines {
		n.out = append(append(append(n.out, '\t'), line...), '\n')
	}
}

func (n *normalizer) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: this line %s", n.path, line, fmt.Sprintf(format, args...))
}
