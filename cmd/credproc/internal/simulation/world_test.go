package simulation

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/source"
	"github.com/credproc/credproc/source/sourcetest"
	"github.com/credproc/credproc/source/token"
)

const roleARN = "arn:aws:iam::111122223333:role/migrator"

// noon is when every simulation begins, in true time.
var noon = time.Date(2026, 11, 12, 12, 0, 0, 0, time.UTC)

// A scenario is a time on one machine.
type scenario struct {
	lasts   time.Duration
	session time.Duration
	exec    bool // a keeper renews in the background, as under `credproc exec`
	sdks    []sdk
	idle    time.Duration // the programs make no request before, but another one did at noon
	outages []*outage
	steps   []step
}

// A step of the machine's clock, or a time in which the machine sleeps.
type step struct {
	at     time.Duration // since noon
	by     time.Duration
	asleep time.Duration
}

// A world is a machine, STS, and what truly holds.
type world struct {
	scenario
	cache     *cache.Cache
	src       *line
	iss       *sourcetest.Issuer
	sts       *sourcetest.STS
	tokenFile string
	consumers []*consumer

	ahead  time.Duration        // how far the machine's clock is ahead of the true time
	stsNow atomic.Int64         // STS's clock, which is right; it ticks outside of the bubble
	ends   map[string]time.Time // the true end of each access key id
	latest source.Credentials
	saw    []point
	silent int // calls that got no answer
	hasty  int // calls before renewal was due
	tardy  int // calls of a keeper long after, without an outage to blame

	// renewed is how long it took until there were new credentials after an outage.
	renewed time.Duration
}

// A point of the chart: what was really left at a time since noon.
type point struct{ at, left time.Duration }

func newWorld(t *testing.T, s scenario) *world {
	dir := t.TempDir()
	w := &world{
		scenario:  s,
		iss:       sourcetest.NewIssuer(),
		sts:       sourcetest.NewSTS(),
		tokenFile: filepath.Join(dir, "token"),
		ends:      make(map[string]time.Time),
		cache:     &cache.Cache{Dir: filepath.Join(dir, "cache")},
	}
	t.Cleanup(w.iss.Close)
	t.Cleanup(w.sts.Close)
	w.sts.Trust(w.iss.URL)
	w.sts.AddRole(sourcetest.Role{ARN: roleARN})
	w.sts.SetClock(func() time.Time { return time.Unix(0, w.stsNow.Load()) })
	// A connection that is kept alive is waited for, and holds the virtual clock.
	target, err := url.Parse(w.sts.URL)
	if err != nil {
		t.Fatal(err)
	}
	door := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(target))
	door.Config.SetKeepAlivesEnabled(false)
	door.Start()
	t.Cleanup(door.Close)
	w.src = &line{w, &source.WebIdentity{
		Token: token.File(w.tokenFile), RoleARN: roleARN, SessionName: "simulation",
		STS: source.STS{URL: door.URL},
	}}
	if s.session != time.Hour {
		w.src.Duration = s.session
	}
	for _, s := range s.sdks {
		w.consumers = append(w.consumers, &consumer{sdk: s})
	}
	return w
}

// now is the true time.
func (w *world) now() time.Time { return time.Now().Round(0).Add(-w.ahead) }

// left is what is really left of what is in the cache.
func (w *world) left() time.Duration { return w.ends[w.latest.AccessKeyID].Sub(w.now()) }

// due is from when on what is in the cache is renewed.
func (w *world) due() time.Time {
	early, due := cache.RenewalDue(w.latest)
	if w.exec {
		return early
	}
	return due
}

// pace is that of a keeper: cmd/credproc/exec_keeper.go, tick.
func (s scenario) pace() time.Duration { return min(15*time.Second, s.session/20) }

// A line to STS, on which the weather changes.
type line struct {
	world *world
	*source.WebIdentity
}

func (l *line) Retrieve(ctx context.Context) (source.Credentials, error) {
	w := l.world
	asked := w.now()
	w.stsNow.Store(asked.UnixNano())
	w.sts.SetFault(nil)
	for _, o := range w.outages {
		switch {
		case !o.on(asked):
		case o.silent:
			w.silent++
			<-ctx.Done()
			return source.Credentials{}, &source.Error{Kind: source.KindDeadline, Text: "no answer in time"}
		default:
			w.sts.SetFault(sourcetest.Refuse(503, "ServiceUnavailable", "Service is unavailable"))
		}
	}
	if w.latest.AccessKeyID != "" {
		after := time.Since(w.due())
		switch {
		case after < 0:
			w.hasty++
		case w.exec && after > 2*w.pace() && !w.troubled(asked.Add(-after)):
			w.tardy++
		}
	}
	had := w.left()
	creds, err := l.WebIdentity.Retrieve(ctx)
	if err != nil {
		return creds, err
	}
	if w.latest.AccessKeyID != "" {
		if had < 0 {
			w.saw = append(w.saw, point{asked.Add(had).Sub(noon), 0})
		}
		w.saw = append(w.saw, point{asked.Sub(noon), max(had, 0)})
	}
	for _, o := range w.outages {
		if !o.began.IsZero() && !o.over {
			o.over = true
			w.renewed = max(w.renewed, asked.Sub(o.ends()))
		}
	}
	w.latest = creds
	w.ends[creds.AccessKeyID] = asked.Add(w.session).Truncate(time.Second)
	w.saw = append(w.saw, point{asked.Sub(noon), w.left()})
	return creds, nil
}

// helper is one run of the helper, as cmd/credproc/get.go has it.
func (w *world) helper() (source.Credentials, time.Time, error) {
	creds, err := w.cache.Get(context.Background(), w.src)
	if err != nil {
		return creds, time.Time{}, err
	}
	printed := cache.Printed(creds, time.Now())
	if printed.IsZero() {
		return creds, printed, errors.New("nothing is left to print")
	}
	return creds, printed, nil
}

// An actor does something every now and then.
type actor struct {
	next  time.Time
	every time.Duration
	act   func()
}

func (w *world) actors() []*actor {
	// Kubelet renews a token after four fifths of its life (kubernetes,
	// pkg/kubelet/token/token_manager.go, requiresRefresh).
	kubelet := func() {
		if err := w.iss.WriteToken(w.tokenFile, sourcetest.Claims{IssuedAt: w.now()}); err != nil {
			panic(err)
		}
	}
	all := []*actor{{noon, 48 * time.Minute, kubelet}}
	if w.exec {
		all = append(all, &actor{noon, w.pace(), func() {
			_, _, _ = w.cache.Warm(context.Background(), w.src)
		}})
	}
	if w.idle > 0 {
		all = append(all, &actor{noon, w.lasts, func() { _, _, _ = w.helper() }})
	}
	for i, c := range w.consumers {
		all = append(all, &actor{noon.Add(w.idle + time.Duration(i)*time.Second), c.every, func() { c.request(w) }})
	}
	return all
}

// run lets the time pass. Within a bubble its clock only runs on, so every step of
// the machine's clock begins another one; nothing but files and what SDKs keep
// in memory is carried over.
func (w *world) run(t *testing.T) {
	actors := w.actors()
	from := noon
	for _, s := range append(w.steps, step{at: w.lasts}) {
		synctest.Test(t, func(*testing.T) {
			time.Sleep(time.Until(from.Add(w.ahead)))
			w.until(noon.Add(s.at), actors)
			from = noon.Add(s.at)
			if now := w.now(); now.After(from) {
				from = now
			}
		})
		w.ahead += s.by
		from = from.Add(s.asleep)
	}
	if end := w.ends[w.latest.AccessKeyID]; !end.IsZero() {
		w.saw = append(w.saw, point{w.lasts, max(0, end.Sub(noon.Add(w.lasts)))})
	}
}

func (w *world) until(end time.Time, actors []*actor) {
	// What a sleeping machine has missed comes once, and kubelet's turn first.
	for _, a := range actors {
		if now := w.now(); a.next.Before(now) {
			a.next = now
		}
	}
	for {
		a := actors[0]
		for _, other := range actors {
			if other.next.Before(a.next) {
				a = other
			}
		}
		if !a.next.Before(end) {
			return
		}
		if wait := a.next.Sub(w.now()); wait > 0 {
			time.Sleep(wait)
		}
		w.weather()
		a.act()
		w.weather() // before the next, however long that is
		a.next = a.next.Add(a.every)
		if now := w.now(); a.next.Before(now) {
			a.next = now
		}
	}
}

func (s scenario) String() string {
	text := fmt.Sprintf("sessions of %v, %s", s.session, s.how())
	for _, o := range s.outages {
		text += fmt.Sprintf(", outage of %v with %v left (silent: %v)", o.lasts, o.had.Round(time.Second), o.silent)
	}
	return text
}

func (s scenario) how() string {
	if s.exec {
		return "`exec`"
	}
	return "helper alone"
}
