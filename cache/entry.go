package cache

import (
	"bytes"
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

// entry is one set of credentials and what people may want to know about it.
// All fields are texts, so that the checksum has one form of each.
type entry struct {
	Version int `json:"version"`

	// Checksum is that of all other fields. It finds what a power cut leaves; it
	// is no protection against those who may write the folder.
	Checksum string `json:"checksum"`

	// Name is the file name without its ending; a copy under another name is
	// nobody's credentials.
	Name string `json:"name"`

	Role            string `json:"role"`
	Subject         string `json:"subject"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	SessionToken    string `json:"sessionToken"`
	AccountID       string `json:"accountId"`
	Issued          string `json:"issued"`     // RFC 3339, UTC, to the nanosecond
	Expiration      string `json:"expiration"` // the same

	// RenewAt is empty where there is no such moment.
	RenewAt string `json:"renewAt,omitempty"`
}

// sum is the SHA-256 of the fields, in hex.
func (e entry) sum() string {
	h := sha256.New()
	for _, field := range []string{e.Name, e.Role, e.Subject, e.AccessKeyID, e.SecretAccessKey,
		e.SessionToken, e.AccountID, e.Issued, e.Expiration, e.RenewAt} {
		fmt.Fprintf(h, "%d:%s", len(field), field)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// decodeEntry reads an entry by way of a map and without floating point: the
// first uses of a struct in encoding/json and of strconv's tables are slow, and
// every hit would pay for them.
func decodeEntry(text []byte) (e entry, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return entry{}, false
	}
	fields, ok := v.(map[string]any)
	if !ok {
		return entry{}, false
	}
	get := func(name string) string {
		text, _ := fields[name].(string)
		return text
	}
	number, _ := fields["version"].(json.Number)
	version, _ := number.Int64()
	return entry{
		Version:         int(version),
		Checksum:        get("checksum"),
		Name:            get("name"),
		Role:            get("role"),
		Subject:         get("subject"),
		AccessKeyID:     get("accessKeyId"),
		SecretAccessKey: get("secretAccessKey"),
		SessionToken:    get("sessionToken"),
		AccountID:       get("accountId"),
		Issued:          get("issued"),
		Expiration:      get("expiration"),
		RenewAt:         get("renewAt"),
	}, true
}

func (e entry) credentials(identity string) (source.Credentials, error) {
	issued, err := time.Parse(time.RFC3339Nano, e.Issued)
	if err != nil {
		return source.Credentials{}, err
	}
	expiration, err := time.Parse(time.RFC3339Nano, e.Expiration)
	if err != nil {
		return source.Credentials{}, err
	}
	var renewAt time.Time
	if e.RenewAt != "" {
		renewAt, err = time.Parse(time.RFC3339Nano, e.RenewAt)
	}
	return source.Credentials{
		AccessKeyID:     e.AccessKeyID,
		SecretAccessKey: e.SecretAccessKey,
		SessionToken:    e.SessionToken,
		AccountID:       e.AccountID,
		Issued:          issued,
		Expiration:      expiration,
		RenewAt:         renewAt,
		Identity:        identity,
	}, err
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
	lateSuffix    = ".late" // before lockSuffix
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
	_, c, missing := f.load(name)
	return c, missing
}

// load reads an entry with what people may want to know about it.
func (f *folder) load(name string) (entry, source.Credentials, error) {
	missing := func(reason string) (entry, source.Credentials, error) {
		return entry{}, source.Credentials{}, errors.New(reason)
	}
	text, err := f.readFile(name + entrySuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return missing("there is no entry")
	}
	if err != nil {
		return entry{}, source.Credentials{}, err
	}
	e, ok := decodeEntry(text)
	switch {
	case !ok:
		return missing("the entry is damaged: it is not JSON")
	case e.Version != version:
		return missing(fmt.Sprintf("the entry has version %d, not %d", e.Version, version))
	case e.Checksum != e.sum():
		return missing("the entry is damaged: its checksum does not match")
	case e.Name != name:
		return missing("the entry belongs to another name")
	}
	_, identity, _ := strings.Cut(name, ".")
	c, err := e.credentials(identity)
	if err != nil || c.AccessKeyID == "" || c.SecretAccessKey == "" || !c.Issued.Before(c.Expiration) {
		return missing("the entry is incomplete")
	}
	return e, c, nil
}

// write stores c as the entry of key.
func (f *folder) write(key source.Key, c source.Credentials) error {
	n := name(key.Settings, c.Identity)
	e := entry{
		Version:         version,
		Name:            n,
		Role:            key.Role,
		Subject:         key.Subject,
		AccessKeyID:     c.AccessKeyID,
		SecretAccessKey: c.SecretAccessKey,
		SessionToken:    c.SessionToken,
		AccountID:       c.AccountID,
		Issued:          c.Issued.UTC().Format(time.RFC3339Nano),
		Expiration:      c.Expiration.UTC().Format(time.RFC3339Nano),
	}
	if !c.RenewAt.IsZero() {
		e.RenewAt = c.RenewAt.UTC().Format(time.RFC3339Nano)
	}
	e.Checksum = e.sum()
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return f.writeFile(n+entrySuffix, text)
}
