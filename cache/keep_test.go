package cache

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/credproc/credproc/source"
)

func TestKeep(t *testing.T) {
	s := newScene(t)
	keep := func(text string) string {
		t.Helper()
		path, err := s.cache().Keep([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text {
			t.Errorf("%s holds %q, %v", path, got, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is open: %v, %v", path, info.Mode(), err)
		}
		if filepath.Dir(path) != s.dir {
			t.Errorf("%s is not in %s", path, s.dir)
		}
		return path
	}
	one, two := keep("one"), keep("two")
	if one == two || keep("one") != one {
		t.Errorf("the name does not come from the content: %s, %s", one, two)
	}

	for path, at := range map[string]time.Time{one: noon, two: noon.Add(time.Hour)} {
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	s.at(noon.Add(keptFor + time.Minute))
	keep("three")
	if _, err := os.Stat(one); !os.IsNotExist(err) {
		t.Errorf("a file of seven days ago is still there: %v", err)
	}
	if _, err := os.Stat(two); err != nil {
		t.Errorf("a younger file is gone: %v", err)
	}
}

func TestAtLeast(t *testing.T) {
	s := newScene(t)
	wants := func(least time.Duration, id string, calls int32) {
		t.Helper()
		c, err := s.cache().AtLeast(s.Context(), s, least)
		if err != nil || c.AccessKeyID != id {
			t.Errorf("got %v, %v; want %s", c, err, id)
		}
		if n := s.calls.Load(); n != calls {
			t.Errorf("the source was asked %d times, want %d", n, calls)
		}
	}
	wants(30*time.Minute, "FIRST", 1)
	s.at(noon.Add(10 * time.Minute))
	wants(50*time.Minute, "FIRST", 1)
	s.gives("SECOND", time.Hour)
	wants(51*time.Minute, "SECOND", 2)
	s.gets("SECOND", 2)

	s.fails(source.KindRefused)
	s.at(noon.Add(20 * time.Minute))
	if c, err := s.cache().AtLeast(s.Context(), s, time.Hour); err == nil {
		t.Errorf("got %v although there was no renewing", c)
	}
	s.gets("SECOND", 3)
}
