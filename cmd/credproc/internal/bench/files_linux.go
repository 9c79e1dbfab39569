package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// files counts what a hit opens and an empty program does not. What was looked
// for and not found counts too: it costs the same.
func files(ctx context.Context, p *programs, _ int) (finding, error) {
	strace, err := tool(ctx, "strace", "strace")
	if err != nil {
		return finding{}, err
	}
	s, printed, err := newWarmStage(p)
	if err != nil {
		return finding{}, err
	}
	defer s.close()
	runtimes, err := opened(strace, p.dir, call{path: p.empty, env: s.env()}, "")
	if err != nil {
		return finding{}, err
	}
	hit, err := opened(strace, p.dir, s.credproc(p), printed)
	if err != nil {
		return finding{}, err
	}
	if err := s.onlyHits(); err != nil {
		return finding{}, err
	}
	// An opening of a file that the runtime opens too counts the second time.
	allowed := map[string]int{}
	for _, o := range runtimes {
		allowed[o.path]++
	}
	var b strings.Builder
	n := 0
	for _, o := range hit {
		if allowed[o.path] > 0 {
			allowed[o.path]--
			continue
		}
		n++
		fmt.Fprintf(&b, "  %-8s %s\n", o.outcome, strings.ReplaceAll(o.path, s.home, "~"))
	}
	fmt.Fprintf(&b, "  and %d by the runtime, as in an empty program\n", len(runtimes))
	return finding{notes: b.String(), rows: table{
		{what: "files that a hit opens besides the runtime's", measured: float64(n), limit: 6, unit: count},
	}}, nil
}

// An opening is an attempt to open a file.
type opening struct{ path, outcome string }

// openLine is a whole call in strace's output, or one that another thread's
// interrupted. The path of an openat is relative to the folder that -y shows.
var openLine = regexp.MustCompile(`^\d+ +open(?:at2?)?\((?:AT_FDCWD(?:<[^>]*>)?|\d+<([^>]*)>)?,? ?"((?:[^"\\]|\\.)*)".*?(?:= (?:(\d+)|-1 (E\w+))|<unfinished)`)

// opened runs a program and returns what it opened, in order. Its stdout must
// be what the caller expects.
func opened(strace, dir string, c call, stdout string) ([]opening, error) {
	out, err := os.CreateTemp(dir, "trace-")
	if err != nil {
		return nil, err
	}
	out.Close()
	// A question mark lets strace pass where a system call does not exist.
	c.args = append([]string{"-f", "-y", "-s", "4096", "-e", "trace=?open,openat,?openat2,?creat", "-o", out.Name(), c.path}, c.args...)
	c.path = strace
	r, err := c.run()
	if err != nil {
		return nil, err
	}
	if r.status != 0 || r.stdout != stdout {
		return nil, fmt.Errorf("strace: exit %d: %s", r.status, r.stderr)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		return nil, err
	}
	var list []opening
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, "open") || strings.Contains(line, "resumed>") {
			continue
		}
		m := openLine.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("strace: a line that is not understood: %s", line)
		}
		o := opening{path: m[2], outcome: "opened"}
		if m[1] != "" && !filepath.IsAbs(o.path) {
			o.path = filepath.Join(m[1], o.path)
		}
		if m[4] != "" {
			o.outcome = m[4]
		}
		list = append(list, o)
	}
	if len(list) == 0 {
		return nil, errors.New("strace saw nothing opened: is tracing allowed here?")
	}
	return list, nil
}
