package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// entryFile is a cache entry as it stands on disk, written down once more: an older
// and a newer program that share a folder must agree on it.
type entryFile struct {
	Version         int    `json:"version"`
	Checksum        string `json:"checksum"`
	Name            string `json:"name"`
	Role            string `json:"role"`
	Subject         string `json:"subject"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	SessionToken    string `json:"sessionToken"`
	AccountID       string `json:"accountId"`
	Issued          string `json:"issued"`
	Expiration      string `json:"expiration"`
	RenewAt         string `json:"renewAt,omitempty"`
}

func (e *entryFile) sum() string {
	h := sha256.New()
	for _, field := range []string{e.Name, e.Role, e.Subject, e.AccessKeyID, e.SecretAccessKey,
		e.SessionToken, e.AccountID, e.Issued, e.Expiration, e.RenewAt} {
		fmt.Fprintf(h, "%d:%s", len(field), field)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// onlyEntry is the path of the one entry in a cache folder.
func onlyEntry(cache string) (string, error) {
	paths, err := filepath.Glob(filepath.Join(cache, "*.json"))
	if err == nil && len(paths) != 1 {
		err = fmt.Errorf("there are %d entries in %s", len(paths), cache)
	}
	if err != nil {
		return "", err
	}
	return paths[0], nil
}

// readEntry reads an entry if it is whole.
func readEntry(path string) (*entryFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	e := new(entryFile)
	if err := json.Unmarshal(text, e); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if e.Version != 1 || e.Checksum != e.sum() || e.SecretAccessKey == "" || e.SessionToken == "" {
		return nil, fmt.Errorf("%s: it is damaged", path)
	}
	return e, nil
}

// ageEntry makes an entry look as it will when d has passed.
func ageEntry(path string, d time.Duration) error {
	e, err := readEntry(path)
	if err != nil {
		return err
	}
	for _, field := range []*string{&e.Issued, &e.Expiration} {
		at, err := time.Parse(time.RFC3339, *field)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		*field = at.Add(-d).Format(time.RFC3339Nano)
	}
	e.Checksum = e.sum()
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	// Whole or not at all, as credproc itself does: others may be reading.
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
