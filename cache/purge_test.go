package cache

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/source"
)

// stem is what files of the scene's key begin with.
func (s *scene) stem() string { return name(s.key.Settings, s.key.Identity) }

func (s *scene) put(name string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte("x"), 0o600); err != nil {
		s.Fatal(err)
	}
}

// holds wants the folder to hold these files and no others.
func (s *scene) holds(want ...string) {
	s.Helper()
	all, err := os.ReadDir(s.dir)
	if err != nil {
		s.Fatal(err)
	}
	var got []string
	for _, e := range all {
		if e.Name() != "README" {
			got = append(got, e.Name())
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		s.Errorf("the folder holds %v, want %v", got, want)
	}
}

func TestPurge(t *testing.T) {
	s := newScene(t)
	other := newScene(t)
	other.dir, other.key.Settings = s.dir, "0000000000000000000000000000aaaa"
	other.gets("FIRST", 1)
	s.gets("FIRST", 1)
	s.put(s.stem() + ".failure")
	s.put(s.stem() + ".note")
	s.put(s.key.Settings + ".note")
	s.put(s.key.Settings + ".2222222222222222222222222222bbbb.json") // of another identity, and damaged
	p, err := s.cache().Purge(t.Context(), s)
	if err != nil || len(p.Entries) != 1 || p.Entries[0].Role != s.key.Role || p.Files != 5 {
		t.Errorf("got %+v, %v", p, err)
	}
	s.holds(other.stem()+".json", other.stem()+".lock",
		s.stem()+".lock", s.key.Settings+".2222222222222222222222222222bbbb.lock")
	s.gives("SECOND", time.Hour)
	s.gets("SECOND", 2)
}

// A process that stays has a miss at its next look, and asks anew.
func TestWarmAfterPurge(t *testing.T) {
	s := newScene(t)
	s.warms("FIRST", 1, false)
	if _, err := s.cache().Purge(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	s.gives("SECOND", time.Hour)
	s.warms("SECOND", 2, false)
}

func TestPurgeOfAChain(t *testing.T) {
	s := newScene(t)
	hub := s.cache().Through(s)
	link := &source.AssumeRole{Base: hub, RoleARN: "arn:aws:iam::111122223333:role/link", SessionName: "me"}
	last := &source.AssumeRole{Base: s.cache().Through(link), RoleARN: "arn:aws:iam::111122223333:role/last", SessionName: "me"}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, src := range []source.Source{s, link, last} {
		s.put(src.Key().Settings + ".note")
	}
	if p, err := s.cache().Purge(t.Context(), last); err != nil || p.Files != 3 {
		t.Errorf("got %+v, %v", p, err)
	}
	s.holds()
}

func TestPurgeAll(t *testing.T) {
	s := newScene(t)
	now := time.Now()
	s.at(now)
	s.gets("FIRST", 1)
	kept := "config-0123456789abcdef0123456789abcdef.ini"
	young, old := "tmp-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "tmp-ZYXWVUTSRQPONMLKJIHGFEDCBA"
	link := s.key.Settings + ".1111111111111111111111111111aaaa.json"
	for _, name := range []string{kept, young, old, "notes.txt", "target", "a.json"} {
		s.put(name)
	}
	if err := os.Symlink("target", filepath.Join(s.dir, link)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(s.dir, old), now, now.Add(-2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	p, err := s.cache().PurgeAll(t.Context())
	if err != nil || len(p.Entries) != 1 || p.Files != 2 || fmt.Sprint(p.Kept) != fmt.Sprint([]string{link}) {
		t.Errorf("got %+v, %v", p, err)
	}
	s.holds(link, strings.TrimSuffix(link, ".json")+".lock", s.stem()+".lock", "a.json", kept, "notes.txt", "target", young)
	for _, name := range []string{kept, "target"} {
		if text, _ := os.ReadFile(filepath.Join(s.dir, name)); string(text) != "x" {
			t.Errorf("%s was changed", name)
		}
	}
}

func TestPurgeMakesNoFolder(t *testing.T) {
	s := newScene(t)
	if p, err := s.cache().PurgeAll(t.Context()); err != nil || p.Files != 0 {
		t.Errorf("got %+v, %v", p, err)
	}
	if _, err := os.Lstat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the folder was made: %v", err)
	}
}

// What a renewal that is going on writes is forgotten too.
func TestPurgeWaitsForTheLock(t *testing.T) {
	s := newScene(t)
	asked, answer := make(chan bool), make(chan bool)
	s.does(func(ctx context.Context) (source.Credentials, error) {
		close(asked)
		<-answer
		return s.credentials("FIRST", time.Hour), nil
	})
	got := make(chan error, 1)
	go func() {
		_, err := s.cache().Get(t.Context(), s)
		got <- err
	}()
	<-asked
	done := make(chan Purged, 1)
	go func() {
		p, _ := s.cache().Purge(t.Context(), s)
		done <- p
	}()
	select {
	case p := <-done:
		t.Errorf("it did not wait: %+v", p)
	case <-time.After(50 * time.Millisecond):
	}
	close(answer)
	if err := <-got; err != nil {
		t.Error(err)
	}
	if p := <-done; len(p.Entries) != 1 {
		t.Errorf("got %+v", p)
	}
	s.holds(s.stem() + ".lock")
}

// A holder that is stopped costs the time-out, and no other entry.
func TestPurgeBehindAHolderThatHangs(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	f, err := openFolder(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.root.Close()
	unlock, err := f.lock(s.stem()).try(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	var said []string
	c := s.cache()
	c.Timeout = 200 * time.Millisecond
	c.Logf = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	began := time.Now()
	p, err := c.PurgeAll(t.Context())
	if err != nil || len(p.Entries) != 1 {
		t.Errorf("got %+v, %v", p, err)
	}
	if took := time.Since(began); took < c.Timeout/2 || took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if len(said) != 1 || !strings.Contains(said[0], "may write new credentials") {
		t.Errorf("it said %q", said)
	}
	s.holds(s.stem() + ".lock")
}
