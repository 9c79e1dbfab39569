package cache

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/source"
)

// lists gives the listing of the scene's folder.
func (s *scene) lists() Listing {
	s.Helper()
	l, err := s.cache().List()
	if err != nil {
		s.Fatal(err)
	}
	return l
}

func TestListMakesNothing(t *testing.T) {
	s := newScene(t)
	l := s.lists()
	if len(l.Entries) != 0 || l.Folder != s.dir {
		t.Errorf("got %+v", l)
	}
	if _, err := os.Lstat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the folder was made: %v", err)
	}
}

func TestListChangesNothing(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	if err := os.Chmod(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, s.dir)
	if l := s.lists(); len(l.Entries) != 1 {
		t.Errorf("got %+v", l)
	}
	if after := snapshot(t, s.dir); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// snapshot is the name, mode and time of all that is in a folder.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err == nil {
			b.WriteString(path + " " + info.Mode().String() + " " + info.ModTime().String() + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestListStates(t *testing.T) {
	for _, test := range []struct {
		after time.Duration
		want  State
	}{
		{0, Fresh},
		{35 * time.Minute, Fresh},
		{40 * time.Minute, Soft},
		{59*time.Minute + 30*time.Second, Hard},
		{59*time.Minute + 59*time.Second, Expired},
		{2 * time.Hour, Expired},
	} {
		s := newScene(t)
		s.gets("FIRST", 1)
		s.at(noon.Add(test.after))
		e := s.lists().Entries[0]
		if e.State != test.want {
			t.Errorf("after %v it is %s, not %s", test.after, e.State, test.want)
		}
		if e.Role != s.key.Role || e.Subject != "me" || e.AccessKeyID != "FIRST" || !e.Expiration.Equal(noon.Add(time.Hour)) {
			t.Errorf("after %v: %+v", test.after, e)
		}
	}
}

// What is said of the next renewal is what Get does.
func TestListedRenewal(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	at := s.lists().Entries[0].Renewal
	s.gives("SECOND", time.Hour)
	s.at(at.Add(-time.Second))
	s.gets("FIRST", 1)
	s.at(at.Add(time.Second))
	if next := s.lists().Entries[0].Renewal; !next.Equal(at.Add(time.Second)) {
		t.Errorf("when it is due the next renewal is at %v", next)
	}
	s.fails(source.KindUnreachable)
	s.gets("FIRST", 2)
	x := s.lists().Entries[0]
	if x.Failure == nil || x.Failure.Kind != source.KindUnreachable || x.Failure.Tries != 1 || !x.Renewal.Equal(at.Add(6*time.Second)) {
		t.Errorf("after a failure: %+v, %+v", x, x.Failure)
	}
	s.gives("SECOND", time.Hour)
	s.at(x.Renewal.Add(time.Second))
	s.gets("SECOND", 3)
	if x := s.lists().Entries[0]; x.Failure != nil {
		t.Errorf("after a success: %+v", x.Failure)
	}
}

// A moment after which renewal is no longer possible comes first.
func TestListedLastChance(t *testing.T) {
	s := newScene(t)
	c := s.credentials("FIRST", time.Hour)
	c.RenewAt = noon.Add(10 * time.Minute)
	f, err := openFolder(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.root.Close()
	c.Identity = s.key.Identity
	if err := f.write(s.key, c); err != nil {
		t.Fatal(err)
	}
	if e := s.lists().Entries[0]; !e.Renewal.Equal(c.RenewAt) {
		t.Errorf("the next renewal is at %v", e.Renewal)
	}
}

// Where there never were credentials the failure says whose they would be.
func TestListOfAFailureAlone(t *testing.T) {
	s := newScene(t)
	s.fails(source.KindRefused)
	s.getsError(source.KindRefused, 1)
	s.at(noon.Add(time.Hour))
	l := s.lists()
	if len(l.Entries) != 1 {
		t.Fatalf("got %+v", l)
	}
	e := l.Entries[0]
	if e.State != Missing || e.Role != s.key.Role || e.Subject != "me" || e.Failure == nil || e.Remaining(noon) != 0 {
		t.Errorf("got %+v", e)
	}
}

func TestListCountsWhatIsUnusable(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	bad := s.key.Settings + ".00000000000000000000000000000000.json"
	link := s.key.Settings + ".11111111111111111111111111111111.json"
	for name, err := range map[string]error{
		bad:     os.WriteFile(filepath.Join(s.dir, bad), []byte("{"), 0o600),
		link:    os.Symlink(filepath.Join(s.dir, s.files(".json")[0]), filepath.Join(s.dir, link)),
		"other": os.WriteFile(filepath.Join(s.dir, "other.json"), []byte("{"), 0o600),
	} {
		if err != nil {
			t.Fatal(name, err)
		}
	}
	l := s.lists()
	if len(l.Entries) != 1 || len(l.Unusable) != 2 || l.Unusable[0].File != bad || l.Unusable[1].File != link {
		t.Errorf("got %+v", l)
	}
}

func TestListIsSortedByUrgency(t *testing.T) {
	var all []Entry
	for _, left := range []time.Duration{time.Hour, -20 * time.Hour, time.Minute, -time.Minute} {
		all = append(all, Entry{Role: left.String(), AccessKeyID: "A", Expiration: noon.Add(left)})
	}
	all = append(all, Entry{Role: "missing", Failure: &Failure{At: noon}})
	sortEntries(all, noon)
	var got []string
	for _, e := range all {
		got = append(got, e.Role)
	}
	if want := "missing -1m0s -20h0m0s 1m0s 1h0m0s"; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, " "), want)
	}
}
