package awsconfig

import (
	"fmt"
	"slices"
	"strings"
)

// A Change is what one profile's section of a config file is to say.
type Change struct {
	Profile string
	Set     []Pair   // in this order where they are new
	Drop    []string // keys that cannot stand beside them
}

// A Pair is a key and its value.
type Pair struct{ Key, Value string }

// An Edit is a config file before and after a change, line by line.
type Edit struct{ lines []editedLine }

// editedLine is a line with its end. op is ' ' for one that stays, '-' for one
// that goes, '+' for one that comes.
type editedLine struct {
	op   byte
	text string
}

// Apply makes the changes in the text of a config file, which path names in
// errors, and leaves every other byte alone. What SDKs would read differently
// after it, it refuses: a file that one of them cannot read, a profile that is
// written in a way that not all understand, a value that is not on one line.
func Apply(path string, text []byte, changes ...Change) (Edit, error) {
	e := editor{path: path}
	if err := e.read(text); err != nil {
		return Edit{}, err
	}
	for _, c := range changes {
		if err := e.change(c); err != nil {
			return Edit{}, err
		}
	}
	edit := e.edit()
	return edit, e.verify(edit, changes)
}

// Text is the file after the change.
func (e Edit) Text() []byte { return e.without('-') }

// Changed reports whether there is a difference.
func (e Edit) Changed() bool {
	return slices.ContainsFunc(e.lines, func(l editedLine) bool { return l.op != ' ' })
}

func (e Edit) without(op byte) []byte {
	var b strings.Builder
	for _, l := range e.lines {
		if l.op != op {
			b.WriteString(l.text)
		}
	}
	return []byte(b.String())
}

// written is a section as it stands in the file.
type written struct {
	header string
	line   int // from 1
	keys   keys
}

// An editor is in the middle of a change.
type editor struct {
	path     string
	lines    []string // with their ends
	sections []written
	end      string // of a line

	replaced map[int]string   // by line, from 1; empty: it goes
	inserted map[int][]string // after that line, without ends
	appended []string         // after the last one
}

func (e *editor) read(text []byte) error {
	file, sections, err := parseWritten(e.path, text)
	if err != nil {
		return err
	}
	if len(file.Skipped) > 0 {
		return e.errorf(file.Skipped[0], "is neither section nor key, and SDKs refuse the file")
	}
	e.sections = sections
	e.end = "\n"
	e.replaced, e.inserted = make(map[int]string), make(map[int][]string)
	for line := range strings.Lines(string(text)) {
		body := strings.TrimSuffix(line, "\n")
		if body = strings.TrimSuffix(body, "\r"); strings.Contains(body, "\r") {
			return e.errorf(len(e.lines)+1, "has a carriage return inside, which SDKs do not agree on")
		}
		e.lines = append(e.lines, line)
	}
	if n := len(e.lines); n > 0 && strings.HasSuffix(e.lines[n-1], "\r") {
		return e.errorf(n, "ends in half a line end")
	}
	if len(e.lines) > 0 && strings.HasSuffix(e.lines[0], "\r\n") {
		e.end = "\r\n"
	}
	for _, s := range e.sections {
		if s.header == "DEFAULT" && len(s.keys) > 0 {
			return e.errorf(s.line, "begins a section that reaches into every profile for some SDKs only")
		}
	}
	return nil
}

// parseWritten is parse, and gives all sections as they are written.
func parseWritten(path string, text []byte) (*File, []written, error) {
	data, err := decode(path, text)
	if err != nil {
		return nil, nil, err
	}
	p := &parser{headers: make(map[string]int), defaults: make(keys), file: &File{Path: path}}
	var sections []written
	p.classify = func(f *File, header string, s Section) {
		sections = append(sections, written{header, s.Line, s.keys})
		configFile(f, header, s)
	}
	number := 0
	for line := range strings.SplitSeq(data, "\n") {
		number++
		if err := p.line(number, line); err != nil {
			return nil, nil, err
		}
	}
	p.flush()
	if line, ok := p.headers["DEFAULT"]; ok {
		sections = append(sections, written{"DEFAULT", line, p.defaults})
	}
	slices.SortFunc(sections, func(a, b written) int { return a.line - b.line })
	return p.file, sections, nil
}

// find is the section of a profile, or nil where there is none.
func (e *editor) find(profile string) (*written, error) {
	var found *written
	for i, s := range e.sections {
		words := strings.Fields(strings.NewReplacer(`"`, "", `'`, "", `\`, "").Replace(s.header))
		exact := s.header == "profile "+profile || profile == "default" && s.header == "default"
		mistakable := len(words) == 1 && words[0] == profile ||
			len(words) == 2 && words[1] == profile && strings.HasPrefix(words[0], "profile")
		switch {
		case exact && found != nil:
			return nil, e.errorf(s.line, "begins another section of the same profile as line %d", found.line)
		case exact:
			found = &e.sections[i]
		case mistakable:
			return nil, e.errorf(s.line, "begins a section that some SDKs, but not all, take for profile %q", profile)
		}
	}
	return found, nil
}

func (e *editor) change(c Change) error {
	s, err := e.find(c.Profile)
	if err != nil {
		return err
	}
	if s == nil {
		e.append(c)
		return nil
	}
	if line := e.indented(s); line > 0 {
		return e.errorf(line, "is indented, and some SDKs take it for a part of the line above")
	}
	for _, key := range c.Drop {
		if v, ok := s.keys[key]; ok {
			if _, _, err := e.value(v); err != nil {
				return err
			}
			e.replaced[v.line] = ""
		}
	}
	for _, pair := range c.Set {
		v, ok := s.keys[pair.Key]
		if !ok {
			line := e.last(s)
			e.inserted[line] = append(e.inserted[line], pair.Key+" = "+pair.Value)
			continue
		}
		before, plain, err := e.value(v)
		if err != nil {
			return err
		}
		if v.text != pair.Value || !plain {
			if !plain {
				before = strings.TrimRight(before, " \t:") + " = "
			}
			line := e.lines[v.line-1]
			e.replaced[v.line] = before + pair.Value + line[len(strings.TrimRight(line, "\r\n")):]
		}
	}
	return nil
}

// value gives what stands before a key's value on its line, and whether that is
// as all SDKs read it. Values on several lines, and those with a comment behind
// them, are refused: to keep the comment would be to keep what SDKs disagree on.
func (e *editor) value(v value) (before string, plain bool, err error) {
	line := strings.TrimRight(e.lines[v.line-1], "\r\n")
	i := strings.IndexAny(line, "=:")
	rest := strings.TrimSpace(line[i+1:])
	switch {
	case strings.Contains(v.text, "\n"):
		return "", false, e.errorf(v.line, "has a value that goes on in the next lines")
	case rest != v.text:
		return "", false, e.errorf(v.line, "has a comment behind its value, which some SDKs take for a part of it")
	}
	end := len(line)
	if rest != "" {
		end = strings.LastIndex(line, rest)
	}
	return line[:end], line[i] == '=', nil
}

// last is the line of a section after which a key may be added.
func (e *editor) last(s *written) int {
	line := len(e.lines)
	for _, other := range e.sections {
		if other.line > s.line {
			line = min(line, other.line-1)
		}
	}
	for ; line > s.line; line-- {
		text := strings.TrimSpace(e.lines[line-1])
		if text != "" && text[0] != '#' && text[0] != ';' {
			break
		}
	}
	return line
}

// indented is a line of the section, header or key, that does not begin at the
// margin, or 0 where there is none.
func (e *editor) indented(s *written) int {
	lines := []int{s.line}
	for _, v := range s.keys {
		lines = append(lines, v.line)
	}
	slices.Sort(lines)
	for _, line := range lines {
		if text := strings.TrimPrefix(e.lines[line-1], "\ufeff"); strings.TrimLeft(text, " \t") != text {
			return line
		}
	}
	return 0
}

// append adds a section at the end of the file.
func (e *editor) append(c Change) {
	blank := len(e.appended) > 0
	if n := len(e.lines); n > 0 && len(e.appended) == 0 {
		blank = strings.TrimSpace(e.lines[n-1]) != ""
	}
	if blank {
		e.appended = append(e.appended, "")
	}
	header := "[profile " + c.Profile + "]"
	if c.Profile == "default" {
		header = "[default]"
	}
	e.appended = append(e.appended, header)
	for _, pair := range c.Set {
		e.appended = append(e.appended, pair.Key+" = "+pair.Value)
	}
}

// edit puts the lines together. A file without a line end at its end stays so.
func (e *editor) edit() Edit {
	var edit Edit
	add := func(op byte, text string) { edit.lines = append(edit.lines, editedLine{op, text}) }
	more := slices.Clone(e.inserted[len(e.lines)])
	more = append(more, e.appended...)
	for i, line := range e.lines {
		number := i + 1
		after := e.inserted[number]
		if number == len(e.lines) {
			after = more
		}
		text, changed := e.replaced[number]
		if !changed {
			text = line
		}
		if len(after) > 0 && text != "" && !strings.HasSuffix(text, "\n") {
			text += e.end
		}
		if text == line {
			add(' ', line)
		} else {
			add('-', line)
			if text != "" {
				add('+', text)
			}
		}
		for _, new := range after {
			add('+', new+e.end)
		}
	}
	if len(e.lines) == 0 {
		for _, new := range more {
			add('+', new+e.end)
		}
		return edit
	}
	if last := &edit.lines[len(edit.lines)-1]; last.op == '+' && !strings.HasSuffix(e.lines[len(e.lines)-1], "\n") {
		last.text = strings.TrimSuffix(last.text, e.end)
	}
	return edit
}

func (e *editor) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: this line %s", e.path, line, fmt.Sprintf(format, args...))
}

// Parse reads the text of a config file as [Load] does, path being its name.
func Parse(path string, text []byte) (*File, error) { return parse(path, text, configFile) }
