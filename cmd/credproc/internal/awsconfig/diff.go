package awsconfig

import (
	"fmt"
	"slices"
	"strings"
)

// context is how many lines a diff shows around a change.
const context = 3

// Diff is the change as a unified diff, for people: of a secret that stands near
// by it shows the key alone. It is empty where nothing changes.
func (e Edit) Diff(path string) string {
	var b strings.Builder
	before, after := 0, 0 // lines so far
	for from := 0; from < len(e.lines); {
		next := slices.IndexFunc(e.lines[from:], func(l editedLine) bool { return l.op != ' ' })
		if next < 0 {
			break
		}
		begin := max(from, from+next-context)
		// The hunk ends where twice the context, or the file, follows unchanged.
		end := from + next + 1
		for quiet := 0; end < len(e.lines) && quiet < 2*context; end++ {
			if quiet++; e.lines[end].op != ' ' {
				quiet = 0
			}
		}
		for end > 0 && e.lines[end-1].op == ' ' && trailing(e.lines[:end]) > context {
			end--
		}
		before += begin - from
		after += begin - from
		removed, added := 0, 0
		for _, l := range e.lines[begin:end] {
			if l.op != '+' {
				removed++
			}
			if l.op != '-' {
				added++
			}
		}
		if b.Len() == 0 {
			fmt.Fprintf(&b, "--- %s\n+++ %s\n", path, path)
		}
		fmt.Fprintf(&b, "@@ -%s +%s @@\n", span(before, removed), span(after, added))
		for _, l := range e.lines[begin:end] {
			fmt.Fprintf(&b, "%c%s\n", l.op, withoutSecret(strings.TrimSuffix(l.text, "\n")))
			if !strings.HasSuffix(l.text, "\n") {
				b.WriteString("\\ No newline at end of file\n")
			}
		}
		before, after, from = before+removed, after+added, end
	}
	return b.String()
}

// trailing is how many lines at the end stay as they are.
func trailing(lines []editedLine) int {
	n := 0
	for n < len(lines) && lines[len(lines)-1-n].op == ' ' {
		n++
	}
	return n
}

func span(before, length int) string {
	if length == 0 {
		return fmt.Sprintf("%d,0", before)
	}
	return fmt.Sprintf("%d,%d", before+1, length)
}

// withoutSecret takes the value of a key that holds a secret.
func withoutSecret(line string) string {
	i := strings.IndexAny(line, "=:")
	if i < 0 {
		return line
	}
	for _, word := range []string{"secret", "token", "password"} {
		key := strings.ToLower(line[:i])
		if strings.Contains(key, word) && !strings.Contains(key, "token_file") && !strings.Contains(key, "token_source") {
			return line[:i+1] + " (not shown)"
		}
	}
	return line
}
