package cache

import (
	"os"
	"testing"
	"time"

	"github.com/credproc/credproc/source"
)

func TestPeekAsksNobody(t *testing.T) {
	s := newScene(t)
	if got, ok := s.cache().Peek(s); ok || s.calls.Load() > 0 {
		t.Errorf("of nothing: %v", got)
	}
	s.warms("FIRST", 1, false)
	s.at(noon.Add(2 * time.Hour))
	if got, ok := s.cache().Peek(s); !ok || got.AccessKeyID != "FIRST" || s.calls.Load() > 1 {
		t.Errorf("got %v, %v after %d calls", got, ok, s.calls.Load())
	}
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	if got, ok := s.cache().Peek(s); ok {
		t.Errorf("after a purge: %v", got)
	}
}

func TestDue(t *testing.T) {
	c := source.Credentials{AccessKeyID: "FIRST", Issued: noon, Expiration: noon.Add(time.Hour)}
	for age, want := range map[time.Duration]bool{
		0: false, 25 * time.Minute: false, 31 * time.Minute: true, 59 * time.Minute: true, 2 * time.Hour: true,
		-time.Hour: true, // a clock was set back
	} {
		if got := Due(c, noon.Add(age)); got != want {
			t.Errorf("after %v: %v", age, got)
		}
	}
	c.RenewAt = noon.Add(10 * time.Minute)
	if !Due(c, noon.Add(10*time.Minute+time.Second)) {
		t.Error("not due at the last chance")
	}
}
