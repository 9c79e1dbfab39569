package cache

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/credproc/credproc/source"
)

// A Listing is what a cache folder holds.
type Listing struct {
	// Folder is its path, or where it would be as far as that is known.
	Folder string

	// Entries, the most urgent first: those with the least life left; where there
	// is none, what went wrong last.
	Entries []Entry

	// Unusable are entries that are misses, by file name.
	Unusable []Unusable
}

// An Entry is what people may know of an entry, or of the failure that stands
// where none is. It holds no secret, but text of others: a role, a subject and a
// failure may contain any character.
type Entry struct {
	Role    string // ARN, or whatever gives the credentials
	Subject string // the token's sub claim, or empty

	AccountID   string // twelve digits, or empty where it is not known
	AccessKeyID string // empty where there are no credentials

	// Issued and Expiration bound the real life. Both are zero where there are no
	// credentials.
	Issued, Expiration time.Time

	// State is how much life is left, as Get sees it.
	State State

	// Renewal is when Get will next renew, if asked then. It is not after the
	// time of the listing where the next Get will.
	Renewal time.Time

	// Failure is the last renewal if it failed, or nil.
	Failure *Failure
}

// Remaining is how long the credentials live at now. It is zero where there are
// none, negative once they have expired.
func (e Entry) Remaining(now time.Time) time.Duration {
	if e.AccessKeyID == "" {
		return 0
	}
	return e.Expiration.Round(0).Sub(now.Round(0))
}

// A State is what an entry is good for.
type State string

const (
	Fresh   State = "fresh"   // it is used
	Soft    State = "soft"    // it is used, and renewal is due
	Hard    State = "hard"    // hardly any life is left: who asks waits for a renewal
	Expired State = "expired" // no life is left
	Missing State = "missing" // there never were credentials: all tries failed
)

// A Failure is how the last renewal failed.
type Failure struct {
	Kind  source.Kind
	Code  string // AWS's error code, or that of a token's problem, or empty
	Text  string
	At    time.Time
	Tries int // in a row

	// Next is before when nobody tries again who has credentials.
	Next time.Time
}

// An Unusable is a file that should be an entry and counts as none.
type Unusable struct {
	File   string // its name in the folder
	Reason string
}

// List tells what the cache folder holds. It changes nothing, makes nothing and
// takes no lock. Where there is no folder there are no entries.
func (c *Cache) List() (Listing, error) {
	f, err := findFolder(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		folder := c.Dir
		if home := cacheHome(os.Getenv); folder == "" && home != "" {
			folder = filepath.Join(home, "credproc")
		} else if folder == "" {
			folder = filepath.Join(os.TempDir(), private())
		}
		return Listing{Folder: folder}, nil
	}
	if err != nil {
		return Listing{}, err
	}
	defer f.root.Close()
	return f.listing(c.time())
}

// listing reads all entries and failures.
func (f *folder) listing(now time.Time) (Listing, error) {
	all, err := f.list("", "")
	if err != nil {
		return Listing{}, err
	}
	slices.Sort(all)
	l := Listing{Folder: f.path}
	for _, file := range all {
		if !isName(file) {
			continue
		}
		if name, ok := strings.CutSuffix(file, entrySuffix); ok {
			e, err := f.describe(name, now)
			if err == nil {
				l.Entries = append(l.Entries, e)
			} else if !errors.Is(err, errGone) {
				l.Unusable = append(l.Unusable, Unusable{file, err.Error()})
			}
		}
		if name, ok := strings.CutSuffix(file, failureSuffix); ok {
			_, beside := slices.BinarySearch(all, name+entrySuffix)
			if x := f.lastFailure(name); !beside && x.Version != 0 {
				l.Entries = append(l.Entries, Entry{Role: x.Role, Subject: x.Subject, State: Missing, Renewal: now, Failure: x.describe()})
			}
		}
	}
	sortEntries(l.Entries, now)
	return l, nil
}

// sortEntries puts the most urgent first.
func sortEntries(all []Entry, now time.Time) {
	slices.SortStableFunc(all, func(a, b Entry) int {
		return cmp.Or(
			cmp.Compare(max(a.Remaining(now), 0), max(b.Remaining(now), 0)),
			b.changed().Compare(a.changed()),
			cmp.Compare(a.Role, b.Role), cmp.Compare(a.Subject, b.Subject))
	})
}

// changed is when things last became worse.
func (e Entry) changed() time.Time {
	if e.Failure != nil && e.Failure.At.After(e.Expiration) {
		return e.Failure.At
	}
	return e.Expiration
}

// errGone says that an entry went while we were looking.
var errGone = errors.New("it is gone")

func (f *folder) describe(name string, now time.Time) (Entry, error) {
	e, c, err := f.load(name)
	if err != nil {
		if _, gone := f.root.Lstat(name + entrySuffix); errors.Is(gone, fs.ErrNotExist) {
			err = errGone
		}
		return Entry{}, err
	}
	l := lifeOf(c, now)
	d := Entry{
		Role:        e.Role,
		Subject:     e.Subject,
		AccountID:   c.AccountID,
		AccessKeyID: c.AccessKeyID,
		Issued:      c.Issued,
		Expiration:  c.Expiration,
		State:       l.state(),
		Renewal:     renewal(c, l, now),
	}
	if x := f.lastFailure(name); x.Version != 0 && x.At.After(c.Issued) {
		d.Failure = x.describe()
		if x := f.failure(name, now); l.alive() && x.Next.After(d.Renewal) {
			d.Renewal = x.Next
		}
	}
	return d, nil
}

func (x failure) describe() *Failure {
	return &Failure{Kind: x.Kind, Code: x.Code, Text: x.Text, At: x.At, Tries: x.Tries, Next: x.Next}
}

func (l life) state() State {
	switch {
	case !l.alive():
		return Expired
	case l.phase() == hard:
		return Hard
	case l.phase() == soft:
		return Soft
	default:
		return Fresh
	}
}

// renewal is when credentials become soft, now if they are no longer fresh.
func renewal(c source.Credentials, l life, now time.Time) time.Time {
	if l.phase() != fresh {
		return now
	}
	at := c.Expiration.Add(-l.softBelow())
	if c.RenewAt.After(now) && c.RenewAt.Before(at) {
		at = c.RenewAt
	}
	return at
}
