package source

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

func TestOnOurClock(t *testing.T) {
	at := func(text string) time.Time {
		tm, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return tm
	}
	var (
		sent     = at("2026-11-12T14:00:00.2Z")
		received = at("2026-11-12T14:00:00.7Z")
		none     time.Time
	)
	for _, test := range []struct {
		name                       string
		sent, received, date       time.Time
		expiration, wantExpiration time.Time
	}{
		{"same clock", sent, received, at("2026-11-12T14:00:00Z"), at("2026-11-12T15:00:00Z"), at("2026-11-12T15:00:00Z")},
		{"no date", sent, received, none, at("2026-11-12T15:00:00Z"), at("2026-11-12T15:00:00Z")},
		{"no date and a wrong clock", sent, received, none, at("2026-11-12T15:07:00Z"), at("2026-11-12T15:07:00Z")},
		{"date at the answer", sent, at("2026-11-12T14:00:05Z"), at("2026-11-12T14:00:05Z"), at("2026-11-12T15:00:05Z"), at("2026-11-12T15:00:05Z")},
		{"slow answer", sent, at("2026-11-12T14:00:30Z"), at("2026-11-12T14:00:20Z"), at("2026-11-12T15:00:20Z"), at("2026-11-12T15:00:20Z")},
		{"end of the date's second", sent, received, at("2026-11-12T13:59:59.201Z"), at("2026-11-12T14:59:59Z"), at("2026-11-12T14:59:59Z")},
		{"just past the date's second", sent, received, at("2026-11-12T13:59:59.2Z"), at("2026-11-12T14:59:59.2Z"), at("2026-11-12T15:00:00.2Z")},
		{"a second ahead", sent, received, at("2026-11-12T14:00:01Z"), at("2026-11-12T15:00:01Z"), at("2026-11-12T15:00:00.2Z")},
		{"five minutes ahead", sent, received, at("2026-11-12T14:05:00Z"), at("2026-11-12T15:05:00Z"), at("2026-11-12T15:00:00.2Z")},
		{"five minutes behind", sent, received, at("2026-11-12T13:55:00Z"), at("2026-11-12T14:55:00Z"), at("2026-11-12T15:00:00.2Z")},
		{"a day ahead", sent, received, at("2026-11-13T14:00:00Z"), at("2026-11-13T14:00:30Z"), at("2026-11-12T14:00:30.2Z")},
		{"a day behind", sent, received, at("2026-11-11T14:00:00Z"), at("2026-11-11T14:00:30Z"), at("2026-11-12T14:00:30.2Z")},
		{"since 1970", sent, received, at("1970-01-01T00:00:07Z"), at("1970-01-01T12:00:07Z"), at("2026-11-13T02:00:00.2Z")},
	} {
		t.Run(test.name, func(t *testing.T) {
			issued, expires := onOurClock(test.expiration, test.sent, test.received, test.date)
			if !issued.Equal(test.received) || !expires.Equal(test.wantExpiration) {
				t.Errorf("issued %v, expires %v\nwant   %v,         %v", issued, expires, test.received, test.wantExpiration)
			}
		})
	}
}

// Whatever the server's clock, the expiration is off by no more than the time
// that the request took and a second.
func TestOnOurClockIsClose(t *testing.T) {
	base := time.Date(2026, 11, 12, 14, 0, 0, 0, time.UTC)
	rng := rand.New(rand.NewPCG(1, 2))
	span := func(d time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(d))) }
	for range 20000 {
		sent := base.Add(span(time.Minute))
		took := span([]time.Duration{time.Second, time.Minute}[rng.IntN(2)])
		skew := span([]time.Duration{4 * time.Second, 100 * time.Hour}[rng.IntN(2)])
		if rng.IntN(2) == 0 {
			skew = -skew
		}
		server := sent.Add(span(took + 1)).Add(skew)
		expiration := server.Add(time.Hour).Truncate(time.Second)
		_, got := onOurClock(expiration, sent, sent.Add(took), server.Truncate(time.Second))
		if off := got.Sub(expiration.Add(-skew)).Abs(); off > took+time.Second {
			t.Fatalf("server off by %v, request took %v: expiration off by %v", skew, took, off)
		}
	}
}

// Times that are stored and compared with those of other processes must hold
// no monotonic reading.
func TestOnOurClockIsWallClock(t *testing.T) {
	now := time.Now()
	for _, date := range []time.Time{{}, now.Truncate(time.Second), now.Add(time.Hour)} {
		issued, expires := onOurClock(now.Round(0).Add(time.Hour), now, now.Add(time.Second), date)
		if issued != issued.Round(0) || expires != expires.Round(0) {
			t.Errorf("date %v: issued %v, expires %v", date, issued, expires)
		}
	}
}

// The life that STS grants counts from now, on our clock, whatever its own says.
func TestRetrieveSkewed(t *testing.T) {
	for _, life := range []time.Duration{30 * time.Second, time.Hour} {
		for _, skew := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute, 24 * time.Hour, -24 * time.Hour} {
			t.Run(life.String()+" "+skew.String(), func(t *testing.T) {
				iss, s, w := start(t)
				now := time.Now()
				writeToken(t, iss, w, sourcetest.Claims{IssuedAt: now.Add(-48 * time.Hour), Expiry: now.Add(48 * time.Hour)})
				s.SetLifetime(life)
				s.SetFault(sourcetest.Skew(skew))
				before := time.Now()
				creds, err := w.Retrieve(minute(t))
				after := time.Now()
				if err != nil {
					t.Fatal(err)
				}
				wantExpiration(t, creds, before.Add(life), after.Add(life))
				if got := creds.Lifetime(); got > life+2*time.Second || got < life-2*time.Second-after.Sub(before) {
					t.Errorf("lives for %v, want %v", got, life)
				}
				wantCalls(t, s, 1)
			})
		}
	}
}

// Without a Date there is nothing to correct by: the server's word stands.
func TestRetrieveUndated(t *testing.T) {
	for _, skew := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute} {
		iss, s, w := start(t)
		now := time.Now()
		writeToken(t, iss, w, sourcetest.Claims{IssuedAt: now.Add(-time.Hour), Expiry: now.Add(time.Hour)})
		s.SetFault(sourcetest.Together(sourcetest.Skew(skew), sourcetest.NoDate()))
		before := time.Now()
		creds, err := w.Retrieve(minute(t))
		if err != nil {
			t.Fatal(err)
		}
		wantExpiration(t, creds, before.Add(time.Hour+skew), time.Now().Add(time.Hour+skew))
	}
}
