package cache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/credproc/credproc/source"
)

// origin is a source that a test steers.
type origin struct {
	key   source.Key
	calls atomic.Int32

	mu       sync.Mutex
	retrieve func(ctx context.Context) (source.Credentials, error)
}

func (o *origin) Key() source.Key { return o.key }

func (o *origin) Retrieve(ctx context.Context) (source.Credentials, error) {
	o.calls.Add(1)
	o.mu.Lock()
	f := o.retrieve
	o.mu.Unlock()
	return f(ctx)
}

func (o *origin) does(f func(ctx context.Context) (source.Credentials, error)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.retrieve = f
}

// scene is a cache folder, a source, and a clock.
type scene struct {
	*testing.T
	*origin
	dir string
	now atomic.Pointer[time.Time]
}

func newScene(t *testing.T) *scene {
	s := &scene{T: t, dir: filepath.Join(t.TempDir(), "cache"),
		origin: &origin{key: source.Key{Settings: "5e775e775e775e775e775e775e775e77", Identity: "1de71de71de71de71de71de71de71de7", Role: "arn:aws:iam::111122223333:role/r", Subject: "me"}}}
	s.at(noon)
	s.gives("FIRST", time.Hour)
	return s
}

func (s *scene) at(now time.Time) { s.now.Store(&now) }

// cache is another process, as far as the folder can tell.
func (s *scene) cache() *Cache {
	return &Cache{Dir: s.dir, now: func() time.Time { return *s.now.Load() }}
}

// gives makes the source answer with credentials that live for total from now.
func (s *scene) gives(id string, total time.Duration) {
	s.does(func(context.Context) (source.Credentials, error) { return s.credentials(id, total), nil })
}

func (s *scene) credentials(id string, total time.Duration) source.Credentials {
	c := with(total, total)
	now := *s.now.Load()
	c.AccessKeyID, c.Issued, c.Expiration, c.Identity = id, now, now.Add(total), s.key.Identity
	return c
}

func (s *scene) fails(kind source.Kind) {
	s.does(func(context.Context) (source.Credentials, error) {
		return source.Credentials{}, &source.Error{Kind: kind, Code: "Code", Text: "it failed"}
	})
}

// gets wants credentials with that id, and calls of the source so far.
func (s *scene) gets(id string, calls int32) {
	s.Helper()
	c, err := s.cache().Get(s.Context(), s)
	if err != nil || c.AccessKeyID != id {
		s.Errorf("got %v, %v; want %s", c, err, id)
	}
	if n := s.calls.Load(); n != calls {
		s.Errorf("the source was asked %d times, want %d", n, calls)
	}
}

func (s *scene) getsError(kind source.Kind, calls int32) {
	s.Helper()
	c, err := s.cache().Get(s.Context(), s)
	var why *source.Error
	if !errors.As(err, &why) || why.Kind != kind || c != (source.Credentials{}) {
		s.Errorf("got %v, %v; want an error of kind %s", c, err, kind)
	}
	if n := s.calls.Load(); n != calls {
		s.Errorf("the source was asked %d times, want %d", n, calls)
	}
}

func (s *scene) files(suffix string) []string {
	s.Helper()
	names, err := filepath.Glob(filepath.Join(s.dir, "*"+suffix))
	if err != nil {
		s.Fatal(err)
	}
	return names
}

func TestHitTakesNoLockAndAsksNobody(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	for _, lock := range s.files(lockSuffix) {
		os.Remove(lock)
	}
	s.at(noon.Add(30 * time.Minute))
	s.gets("FIRST", 1)
	if locks := s.files(lockSuffix); len(locks) != 0 {
		t.Errorf("a hit touched %v", locks)
	}
}

func TestSoftRenews(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	s.gives("SECOND", time.Hour)
	s.at(noon.Add(45 * time.Minute))
	s.gets("SECOND", 2)
	s.gets("SECOND", 2)
}

func TestSoftWaitsForNobody(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	s.at(noon.Add(45 * time.Minute))
	inside, release := make(chan struct{}), make(chan struct{})
	s.does(func(context.Context) (source.Credentials, error) {
		close(inside)
		<-release
		return s.credentials("SECOND", time.Hour), nil
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.gets("SECOND", 2)
	}()
	<-inside
	s.gets("FIRST", 2) // at once: the renewer is still inside
	close(release)
	<-done
}

func TestSoftServesWhileRenewalFails(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	s.fails(source.KindUnreachable)
	s.at(noon.Add(45 * time.Minute))
	s.gets("FIRST", 2)
	s.gets("FIRST", 2) // the back-off leaves the source alone
	s.at(noon.Add(45*time.Minute + 6*time.Second))
	s.gets("FIRST", 3)
	s.at(noon.Add(45*time.Minute + 13*time.Second))
	s.gets("FIRST", 3) // the back-off has doubled
	s.at(noon.Add(45*time.Minute + 17*time.Second))
	s.gives("SECOND", time.Hour)
	s.gets("SECOND", 4)
	if left := s.files(failureSuffix); len(left) != 0 {
		t.Errorf("a success left %v", left)
	}
}

func TestTryCutShortGetsMoreTime(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	var limit time.Duration
	s.does(func(ctx context.Context) (source.Credentials, error) {
		deadline, _ := ctx.Deadline()
		limit = time.Until(deadline)
		return source.Credentials{}, &source.Error{Kind: source.KindDeadline, Text: "no answer in time"}
	})
	now := noon.Add(45 * time.Minute)
	for i, want := range []time.Duration{4 * time.Second, 8 * time.Second, 16 * time.Second, 24 * time.Second} {
		s.at(now)
		s.gets("FIRST", int32(2+i))
		if (limit - want).Abs() > time.Second {
			t.Errorf("try %d had %v, want %v", i+1, limit, want)
		}
		now = now.Add(61 * time.Second)
	}
}

func TestHardServesTheLastOfLife(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	s.at(noon.Add(time.Hour - 20*time.Second))
	s.does(func(ctx context.Context) (source.Credentials, error) {
		deadline, _ := ctx.Deadline()
		if left := time.Until(deadline); left > 10*time.Second {
			t.Errorf("a try with 20 s of life left may take %v", left)
		}
		return source.Credentials{}, &source.Error{Kind: source.KindRefused, Text: "no"}
	})
	s.gets("FIRST", 2)
	s.gets("FIRST", 2) // backs off
	s.fails(source.KindRefused)
	s.at(noon.Add(time.Hour - time.Second))
	s.getsError(source.KindRefused, 3) // below two seconds there is nothing left
}

// TestLastSeconds: a try never takes so long that nothing is left to print.
func TestLastSeconds(t *testing.T) {
	for _, tt := range []struct{ left, limit time.Duration }{
		{20 * time.Second, 10 * time.Second},
		{4 * time.Second, 1500 * time.Millisecond},
		{3 * time.Second, 500 * time.Millisecond},
		{2300 * time.Millisecond, 0}, // nobody is asked
	} {
		t.Run(tt.left.String(), func(t *testing.T) {
			s := newScene(t)
			s.gets("FIRST", 1)
			s.at(noon.Add(time.Hour - tt.left))
			var limit time.Duration
			s.does(func(ctx context.Context) (source.Credentials, error) {
				deadline, _ := ctx.Deadline()
				limit = time.Until(deadline)
				return source.Credentials{}, &source.Error{Kind: source.KindDeadline, Text: "no answer in time"}
			})
			calls := int32(2)
			if tt.limit == 0 {
				calls = 1
			}
			s.gets("FIRST", calls)
			if limit > tt.limit || limit < tt.limit-200*time.Millisecond {
				t.Errorf("the try had %v, want %v", limit, tt.limit)
			}
		})
	}
}

// TestBriefTryAnswersNobody: it was short because others had life left.
func TestBriefTryAnswersNobody(t *testing.T) {
	brief := failure{Version: version, Kind: source.KindUnreachable, At: noon, Brief: true}
	if brief.answers(noon, noon) {
		t.Error("a brief try answers one who has nothing left")
	}
	brief.Brief = false
	if !brief.answers(noon, noon) {
		t.Error("a whole try does not answer one who waited for it")
	}
}

func TestHardRenews(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)
	s.at(noon.Add(time.Hour - 20*time.Second))
	s.gives("SECOND", time.Hour)
	s.gets("SECOND", 2)
}

// TestColdHerd starts many at once on nothing: one asks, all get his answer.
func TestColdHerd(t *testing.T) {
	s := newScene(t)
	s.does(func(context.Context) (source.Credentials, error) {
		// Long enough for the others to be waiting; that they are is not needed
		// for the test to pass, only for it to be worth something.
		time.Sleep(50 * time.Millisecond)
		return s.credentials("FIRST", time.Hour), nil
	})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { s.gets("FIRST", 1) })
	}
	wg.Wait()
}

// TestWaitersShareAFailure: who waits while a try fails is told, and does not
// try himself.
func TestWaitersShareAFailure(t *testing.T) {
	for _, kind := range []source.Kind{source.KindUnreachable, source.KindDeadline, source.KindToken, source.KindRefused} {
		t.Run(string(kind), func(t *testing.T) {
			s := newScene(t)
			inside, release := make(chan struct{}), make(chan struct{})
			var once sync.Once
			s.does(func(context.Context) (source.Credentials, error) {
				once.Do(func() { close(inside) })
				<-release
				return source.Credentials{}, &source.Error{Kind: kind, Text: "it failed"}
			})
			var wg sync.WaitGroup
			wg.Go(func() { s.getsError(kind, 1) })
			<-inside
			for range 20 {
				wg.Go(func() {
					c := s.cache()
					c.Debugf = func(string, ...any) {}
					_, err := c.Get(s.Context(), s)
					var why *source.Error
					if !errors.As(err, &why) || why.Kind != kind || why.Text != "it failed" {
						t.Errorf("a waiter got %v", err)
					}
				})
			}
			// The clock of the test stands still, so all of them began before the
			// failure whenever they come.
			close(release)
			wg.Wait()
			if n := s.calls.Load(); n != 1 {
				t.Errorf("the source was asked %d times, want once", n)
			}
		})
	}
}

// TestLaterCallers: a refusal answers those who come right after it, an outage
// answers nobody who was not waiting.
func TestLaterCallers(t *testing.T) {
	s := newScene(t)
	s.fails(source.KindRefused)
	s.getsError(source.KindRefused, 1)
	s.at(noon.Add(time.Second))
	s.getsError(source.KindRefused, 1)
	s.at(noon.Add(3 * time.Second))
	s.getsError(source.KindRefused, 2)

	s = newScene(t)
	s.fails(source.KindUnreachable)
	s.getsError(source.KindUnreachable, 1)
	s.at(noon.Add(time.Millisecond))
	s.getsError(source.KindUnreachable, 2)
	s.at(noon.Add(2 * time.Millisecond))
	s.gives("FIRST", time.Hour)
	s.gets("FIRST", 3)
}

// TestHerdBehindAHolderThatHangs: those who give the lock up go one by one.
func TestHerdBehindAHolderThatHangs(t *testing.T) {
	s := newScene(t)
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	other := flock.New(filepath.Join(s.dir, name("5e775e775e775e775e775e775e775e77", "1de71de71de71de71de71de71de71de7")+lockSuffix))
	if ok, err := other.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer other.Unlock()
	s.does(func(context.Context) (source.Credentials, error) {
		got, now := s.credentials("FIRST", time.Hour), time.Now()
		got.Issued, got.Expiration = now, now.Add(time.Hour)
		return got, nil
	})
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			c := s.cache()
			c.now, c.Timeout = nil, 3*time.Second
			if got, err := c.Get(t.Context(), s); err != nil || got.AccessKeyID != "FIRST" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := s.calls.Load(); n != 1 {
		t.Errorf("the source was asked %d times, want once", n)
	}
}

// TestHolderThatHangs: a waiter gives the lock up before his own time is over.
func TestHolderThatHangs(t *testing.T) {
	s := newScene(t)
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	other := flock.New(filepath.Join(s.dir, name("5e775e775e775e775e775e775e775e77", "1de71de71de71de71de71de71de71de7")+lockSuffix))
	if ok, err := other.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer other.Unlock()
	c := s.cache()
	c.now, c.Timeout = nil, 2*time.Second
	s.does(func(ctx context.Context) (source.Credentials, error) {
		if ctx.Err() != nil {
			t.Error("no time was left to ask without the lock")
		}
		now := time.Now()
		got := s.credentials("FIRST", time.Hour)
		got.Issued, got.Expiration = now, now.Add(time.Hour)
		return got, nil
	})
	got, err := c.Get(t.Context(), s)
	if err != nil || got.AccessKeyID != "FIRST" {
		t.Errorf("got %v, %v", got, err)
	}
	if again, err := c.Get(t.Context(), s); err != nil || again != got && s.calls.Load() != 1 {
		t.Errorf("what was got without the lock was not kept: %v, %v", again, err)
	}
}

func TestIdentity(t *testing.T) {
	s := newScene(t)
	s.gets("FIRST", 1)

	// Another identity with the same settings has credentials of its own.
	s.key.Identity = "07e7"
	s.gives("OTHER", time.Hour)
	s.gets("OTHER", 2)

	// With two of them nobody can tell whose credentials a caller without a
	// token should have.
	s.key.Identity = ""
	s.fails(source.KindToken)
	s.getsError(source.KindToken, 3)

	// With one it is that one.
	s.at(noon.Add(10 * time.Minute))
	for _, f := range s.files("07e7" + entrySuffix) {
		os.Remove(f)
	}
	s.gets("FIRST", 3)

	// Soft, too: what cannot be renewed without a token is served while it lives.
	s.at(noon.Add(50 * time.Minute))
	s.gets("FIRST", 4)
}

// TestTokenReplacedBetweenKeyAndRetrieve: credentials are kept under the name of
// whom they were issued to.
func TestTokenReplacedBetweenKeyAndRetrieve(t *testing.T) {
	s := newScene(t)
	s.does(func(context.Context) (source.Credentials, error) {
		c := s.credentials("OTHER", time.Hour)
		c.Identity = "07e7"
		return c, nil
	})
	s.gets("OTHER", 1)
	s.gives("FIRST", time.Hour)
	s.gets("FIRST", 2)
	s.key.Identity = "07e7"
	s.gets("OTHER", 2)
}

func TestClockSteps(t *testing.T) {
	for _, step := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			s := newScene(t)
			s.gets("FIRST", 1)
			s.at(noon.Add(step))
			s.gives("SECOND", time.Hour)
			s.gets("SECOND", 2)
			s.gets("SECOND", 2)
		})
	}
	t.Run("back and STS is out", func(t *testing.T) {
		s := newScene(t)
		s.gets("FIRST", 1)
		s.at(noon.Add(-24 * time.Hour))
		s.fails(source.KindUnreachable)
		s.gets("FIRST", 2)
	})
}

func TestOffAndUnusableFolder(t *testing.T) {
	s := newScene(t)
	c := s.cache()
	c.Off = true
	if got, err := c.Get(t.Context(), s); err != nil || got.AccessKeyID != "FIRST" {
		t.Errorf("off: got %v, %v", got, err)
	}
	if _, err := os.Stat(s.dir); err == nil {
		t.Error("a cache that is off made its folder")
	}
	if err := os.WriteFile(s.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var said []string
	c = s.cache()
	c.Logf = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	if got, err := c.Get(t.Context(), s); err != nil || got.AccessKeyID != "FIRST" {
		t.Errorf("a file in place of the folder: got %v, %v", got, err)
	}
	if !strings.Contains(strings.Join(said, "\n"), "no cache: ") {
		t.Errorf("nothing was said of it: %q", said)
	}
}

// TestLastChance: where renewal will not be possible later it is due shortly
// before, once, however much life is left.
func TestLastChance(t *testing.T) {
	s := newScene(t)
	s.does(func(context.Context) (source.Credentials, error) {
		c := s.credentials("FIRST", 4*time.Hour)
		c.RenewAt = noon.Add(13 * time.Minute)
		return c, nil
	})
	s.gets("FIRST", 1)
	s.at(noon.Add(12 * time.Minute))
	s.gets("FIRST", 1)
	s.at(noon.Add(13*time.Minute + time.Second))
	s.gives("SECOND", 4*time.Hour)
	s.gets("SECOND", 2)
	s.gets("SECOND", 2)

	s = newScene(t)
	s.does(func(context.Context) (source.Credentials, error) {
		c := s.credentials("FIRST", 4*time.Hour)
		c.RenewAt = noon.Add(13 * time.Minute)
		return c, nil
	})
	s.gets("FIRST", 1)
	s.at(noon.Add(13*time.Minute + source.LastChance))
	s.gets("FIRST", 1) // too late: nobody asks in vain
}

func TestNote(t *testing.T) {
	s := newScene(t)
	c := s.cache()
	c.now = nil
	if got := c.Recall("x"); got != "" {
		t.Errorf("recalled %q of nothing", got)
	}
	c.Remember("x", "14400")
	if got := c.Recall("x"); got != "14400" {
		t.Errorf("recalled %q", got)
	}
	yesterday := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(filepath.Join(s.dir, "x"+noteSuffix), yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	if got := c.Recall("x"); got != "" {
		t.Errorf("recalled %q after a day", got)
	}
}
