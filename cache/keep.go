package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"time"
)

// Kept files are config-DIGEST.ini.
const (
	keptPrefix = "config-"
	keptSuffix = ".ini"
	keptFor    = 7 * 24 * time.Hour
)

// Keep puts text into the cache folder, as a file that only its owner can read,
// and returns its path. Its name comes from its content: all who keep the same
// share one file. Whoever uses it keeps it again from time to time, since files
// that nobody has kept for seven days are swept.
func (c *Cache) Keep(text []byte) (path string, err error) {
	f, err := openFolder(c.Dir)
	if err != nil {
		return "", err
	}
	defer f.root.Close()
	digest := sha256.Sum256(text)
	name := keptPrefix + hex.EncodeToString(digest[:16]) + keptSuffix
	// Written even where it stands already: that makes it young, and mends it.
	if err := f.writeFile(name, text); err != nil {
		return "", err
	}
	f.sweepKept(c.time())
	return filepath.Join(f.path, name), nil
}

func (f *folder) sweepKept(now time.Time) {
	names, err := f.list(keptPrefix, keptSuffix)
	if err != nil {
		return
	}
	for _, n := range names {
		info, err := f.root.Lstat(n + keptSuffix)
		if err == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()) > keptFor {
			_ = f.root.Remove(n + keptSuffix)
		}
	}
}
