package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/credproc/credproc/source"
)

// version is the format of entries. An entry of any other version is a miss, in
// both directions: an old and a new program may share a folder.
const version = 1

// file is what stands in an entry's file.
type file struct {
	Version int `json:"version"`

	// Checksum is the SHA-256 of the bytes of Entry, in hex. It finds what a
	// power cut leaves; it is no protection against who may write the folder.
	Checksum string          `json:"checksum"`
	Entry    json.RawMessage `json:"entry"`
}

// entry is one set of credentials and what people may want to know about it.
type entry struct {
	// Name is the file name without its ending; a copy under another name is
	// nobody's credentials.
	Name string `json:"name"`

	Role    string `json:"role,omitempty"`
	Subject string `json:"subject,omitempty"`

	AccessKeyID     string    `json:"accessKeyId"`
	SecretAccessKey string    `json:"secretAccessKey"`
	SessionToken    string    `json:"sessionToken"`
	AccountID       string    `json:"accountId,omitempty"`
	Issued          time.Time `json:"issued"`
	Expiration      time.Time `json:"expiration"`
}

func (e entry) credentials(identity string) source.Credentials {
	return source.Credentials{
		AccessKeyID:     e.AccessKeyID,
		SecretAccessKey: e.SecretAccessKey,
		SessionToken:    e.SessionToken,
		AccountID:       e.AccountID,
		Issued:          e.Issued,
		Expiration:      e.Expiration,
		Identity:        identity,
	}
}

// nobody stands for the identity in a name while it is not known.
const nobody = "unknown"

// name is the stem of all files that belong to a key.
func name(settings, identity string) string {
	if identity == "" {
		identity = nobody
	}
	return settings + "." + identity
}

const (
	entrySuffix   = ".json"
	failureSuffix = ".failure"
	lockSuffix    = ".lock"
)

// read finds the credentials of a key. A defect of any kind is a miss with a
// reason, never a failure.
func (f *folder) read(key source.Key, now time.Time) (c source.Credentials, missing error) {
	if key.Identity != "" {
		return f.readEntry(name(key.Settings, key.Identity))
	}
	// The token cannot be read just now. If one identity only has used these
	// settings, it is that one.
	names, err := f.list(key.Settings+".", entrySuffix)
	if err != nil {
		return source.Credentials{}, err
	}
	missing = errors.New("there is no entry")
	found := 0
	for _, n := range names {
		if one, err := f.readEntry(n); err == nil {
			if now.Before(one.Expiration) {
				c = one
				found++
			}
		} else {
			missing = err
		}
	}
	switch found {
	case 0:
		return source.Credentials{}, missing
	case 1:
		return c, nil
	default:
		return source.Credentials{}, errors.New("there are entries of several identities")
	}
}

func (f *folder) readEntry(name string) (source.Credentials, error) {
	missing := func(reason string) (source.Credentials, error) {
		return source.Credentials{}, errors.New(reason)
	}
	text, err := f.readFile(name + entrySuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return missing("there is no entry")
	}
	if err != nil {
		return source.Credentials{}, err
	}
	var outer file
	if json.Unmarshal(text, &outer) != nil {
		return missing("the entry is damaged: it is not JSON")
	}
	if outer.Version != version {
		return missing(fmt.Sprintf("the entry has version %d, not %d", outer.Version, version))
	}
	if outer.Checksum != checksum(outer.Entry) {
		return missing("the entry is damaged: its checksum does not match")
	}
	var e entry
	if json.Unmarshal(outer.Entry, &e) != nil {
		return missing("the entry is damaged: its fields have other types")
	}
	_, identity, _ := strings.Cut(name, ".")
	c := e.credentials(identity)
	switch {
	case e.Name != name:
		return missing("the entry belongs to another name")
	case !c.Complete() || !c.Issued.Before(c.Expiration):
		return missing("the entry is incomplete")
	}
	return c, nil
}

// write stores c as the entry of key.
func (f *folder) write(key source.Key, c source.Credentials) error {
	n := name(key.Settings, c.Identity)
	inner, err := json.Marshal(entry{
		Name:            n,
		Role:            key.Role,
		Subject:         key.Subject,
		AccessKeyID:     c.AccessKeyID,
		SecretAccessKey: c.SecretAccessKey,
		SessionToken:    c.SessionToken,
		AccountID:       c.AccountID,
		Issued:          c.Issued.UTC(),
		Expiration:      c.Expiration.UTC(),
	})
	if err != nil {
		return err
	}
	text, err := json.Marshal(file{Version: version, Checksum: checksum(inner), Entry: inner})
	if err != nil {
		return err
	}
	return f.writeFile(n+entrySuffix, text)
}

func checksum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
