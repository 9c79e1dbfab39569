package command

import "bytes"

// output keeps what a command prints, up to max bytes.
type output struct {
	text []byte
	max  int
	over bool
	full func() // called at the first byte too many
}

func (o *output) Write(p []byte) (int, error) {
	if o.over || len(o.text)+len(p) > o.max {
		o.over = true
		o.full()
		return len(p), nil
	}
	o.text = append(o.text, p...)
	return len(p), nil
}

// tail keeps the end of what a command writes to stderr. It keeps more than an
// error shows, and no half of a word, so that a secret in it is recognised.
type tail struct {
	text []byte
	cut  bool
}

const tailRoom = 32 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if over := len(t.text) - tailRoom; over > 0 {
		t.text, t.cut = append(t.text[:0], t.text[over:]...), true
	}
	return len(p), nil
}

func (t *tail) String() string {
	if !t.cut {
		return string(t.text)
	}
	space := bytes.IndexAny(t.text, " \t\n")
	if space < 0 {
		return ""
	}
	return string(t.text[space:])
}
