package main

import (
	"os"
	"path/filepath"
	"strings"
)

// piece is how much of a secret may stand somewhere by chance, in bytes.
const piece = 16

// secrets are all that must not be seen anywhere but in the entries and on
// stdout: the parts of the web identity token as it stands in its file, and the
// keys of each entry.
func (w *world) secrets() ([]string, error) {
	tok, err := os.ReadFile(w.token)
	if err != nil {
		return nil, err
	}
	all := strings.Split(strings.TrimSpace(string(tok)), ".")
	entries, err := filepath.Glob(filepath.Join(w.cache, "*.json"))
	for _, path := range entries {
		e, err := readEntry(path)
		if err != nil {
			return nil, err
		}
		all = append(all, e.SecretAccessKey, e.SessionToken)
	}
	return all, err
}

// leak is the first piece of a secret in text, or empty.
func leak(text string, secrets []string) string {
	for _, s := range secrets {
		for i := 0; i+piece <= len(s); i++ {
			if strings.Contains(text, s[i:i+piece]) {
				return s[i : i+piece]
			}
		}
	}
	return ""
}
