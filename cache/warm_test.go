package cache

import (
	"testing"
	"time"

	"github.com/credproc/credproc/source"
)

// warms wants Warm to return credentials with that id after calls of the
// source, and to report a failed renewal or none.
func (s *scene) warms(id string, calls int32, late bool) {
	s.Helper()
	c, why, err := s.cache().Warm(s.Context(), s)
	if err != nil || c.AccessKeyID != id || (why != nil) != late {
		s.Errorf("got %v, %v, %v; want %s, a failed renewal: %v", c, why, err, id, late)
	}
	if n := s.calls.Load(); n != calls {
		s.Errorf("the source was asked %d times, want %d", n, calls)
	}
}

func TestWarmRenewsFromHalfOfTheLife(t *testing.T) {
	s := newScene(t)
	s.warms("FIRST", 1, false)
	s.at(noon.Add(25 * time.Minute))
	s.warms("FIRST", 1, false)
	s.gives("SECOND", time.Hour)
	s.at(noon.Add(31 * time.Minute))
	s.gets("FIRST", 1) // for all others there is no hurry
	s.warms("SECOND", 2, false)
	s.gets("SECOND", 2)
}

func TestWarmReportsWhatGetEndures(t *testing.T) {
	s := newScene(t)
	s.warms("FIRST", 1, false)
	s.fails(source.KindUnreachable)
	s.at(noon.Add(31 * time.Minute))
	s.warms("FIRST", 2, true)
	s.warms("FIRST", 2, true) // nobody asks during the back-off, the report stays
	s.at(noon.Add(32 * time.Minute))
	s.gives("SECOND", time.Hour)
	s.warms("SECOND", 3, false)
}
