package cache

import "time"

const (
	noteSuffix = ".note"
	noteFor    = 24 * time.Hour
)

// Remember keeps a short text, no secret, under a name for a day. Nothing
// happens where it cannot be kept.
func (c *Cache) Remember(name, text string) {
	if f, err := c.open(); err == nil {
		defer f.root.Close()
		_ = f.writeFile(name+noteSuffix, []byte(text))
	}
}

// Recall returns what Remember has kept under the name within the last day, or
// an empty text.
func (c *Cache) Recall(name string) string {
	f, err := c.open()
	if err != nil {
		return ""
	}
	defer f.root.Close()
	info, err := f.root.Lstat(name + noteSuffix)
	if err != nil || c.time().Sub(info.ModTime()) > noteFor {
		return ""
	}
	text, err := f.readFile(name + noteSuffix)
	if err != nil {
		return ""
	}
	return string(text)
}
