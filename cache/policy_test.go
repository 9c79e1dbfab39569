package cache

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/credproc/credproc/source"
)

var noon = time.Date(2026, 11, 12, 12, 0, 0, 0, time.UTC)

// with makes credentials of a lifetime with left of it remaining at noon.
func with(total, left time.Duration) source.Credentials {
	return source.Credentials{
		AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "secret", SessionToken: "session",
		Issued: noon.Add(left - total), Expiration: noon.Add(left),
	}
}

// keyWithJitter finds an access key id whose jitter is about j.
func keyWithJitter(t *testing.T, j float64) string {
	t.Helper()
	for i := range 100000 {
		id := fmt.Sprintf("ASIA%016d", i)
		if math.Abs(jitter(id)-j) < 0.001 {
			return id
		}
	}
	t.Fatalf("no access key id has a jitter of %v", j)
	return ""
}

func TestPhase(t *testing.T) {
	const s, m, h = time.Second, time.Minute, time.Hour
	tests := []struct {
		total, left time.Duration
		jitter      float64
		want        phase
	}{
		// An hour: soft from 22 minutes, with jitter from 24.2; hard from 45 seconds.
		{1 * h, 1 * h, 0, fresh},
		{1 * h, 22*m + 5*s, 0, fresh},
		{1 * h, 22*m - 1*s, 0, soft},
		{1 * h, 24 * m, 0.99, soft},
		{1 * h, 24*m + 15*s, 0.99, fresh},
		{1 * h, 46 * s, 0, soft},
		{1 * h, 45 * s, 0, hard},
		{1 * h, 0, 0, hard},
		{1 * h, -1 * h, 0, hard},
		// Twelve hours: the same minutes.
		{12 * h, 23 * m, 0, fresh},
		{12 * h, 21 * m, 0, soft},
		// A quarter of an hour: half of it.
		{15 * m, 7*m + 35*s, 0, fresh},
		{15 * m, 7*m + 29*s, 0, soft},
		{15 * m, 45 * s, 0, hard},
		// Half a minute, as MinIO gives to a short token: a quarter is hard.
		{30 * s, 15*s + 100*time.Millisecond, 0, fresh},
		{30 * s, 15 * s, 0, soft},
		{30 * s, 7*s + 600*time.Millisecond, 0, soft},
		{30 * s, 7 * s, 0, hard},
		// Issued in the future: a clock was set back. Nobody knows what is left.
		{1 * h, 25 * h, 0, soft},
		{1 * h, 1*h + 1*s, 0, fresh}, // no more than rounding
	}
	for _, tt := range tests {
		c := with(tt.total, tt.left)
		c.AccessKeyID = keyWithJitter(t, tt.jitter)
		if got := lifeOf(c, noon).phase(); got != tt.want {
			t.Errorf("life of %v with %v left, jitter %v: %v, want %v", tt.total, tt.left, tt.jitter, got, tt.want)
		}
	}
}

// RenewalDue names the very moments at which the phase turns.
func TestRenewalDue(t *testing.T) {
	for _, total := range []time.Duration{30 * time.Second, 15 * time.Minute, time.Hour, 12 * time.Hour} {
		for _, j := range []float64{0, 0.5, 0.99} {
			c := with(total, total)
			c.AccessKeyID = keyWithJitter(t, j)
			early, due := RenewalDue(c)
			for _, at := range []time.Duration{-time.Millisecond, 0} {
				if got := lifeOf(c, early.Add(at)).pastHalf(); got != (at == 0) {
					t.Errorf("life of %v, jitter %v: %v from early, past half: %v", total, j, at, got)
				}
				if got := lifeOf(c, due.Add(at)).phase() == soft; got != (at == 0) {
					t.Errorf("life of %v, jitter %v: %v from due, soft: %v", total, j, at, got)
				}
			}
		}
	}
}

func TestPrinted(t *testing.T) {
	const s, m, h = time.Second, time.Minute, time.Hour
	tests := []struct {
		total, left time.Duration
		jitter      float64
		want        time.Duration // after noon; negative: nothing to print
	}{
		// Five minutes are kept back of an hour, six with full jitter.
		{1 * h, 1 * h, 0, 55 * m},
		{1 * h, 1 * h, 0.5, 54*m + 30*s},
		{12 * h, 12 * h, 0, 11*h + 55*m},
		// A twelfth of less.
		{15 * m, 15 * m, 0, 13*m + 45*s},
		{30 * s, 30 * s, 0, 27 * s},
		// Late in life half of what is left, or a minute, two with full jitter.
		{1 * h, 6 * m, 0, 1 * m},
		{1 * h, 6 * m, 0.5, 90 * s},
		{1 * h, 4 * m, 0, 1 * m},
		{1 * h, 90 * s, 0, 45 * s},
		{1 * h, 3 * s, 0, 1 * s},
		{1 * h, 2 * s, 0, 1 * s},
		// Below two seconds there is nothing.
		{1 * h, 1900 * time.Millisecond, 0, -1},
		{1 * h, 0, 0, -1},
		{1 * h, -10 * m, 0, -1},
		// A clock set back: the SDK must come again soon.
		{1 * h, 25 * h, 0, 1 * m},
	}
	for _, tt := range tests {
		c := with(tt.total, tt.left)
		c.AccessKeyID = keyWithJitter(t, tt.jitter)
		got := Printed(c, noon)
		want := noon.Add(tt.want)
		switch {
		case tt.want < 0 && !got.IsZero():
			t.Errorf("life of %v with %v left: printed %v, want nothing", tt.total, tt.left, got.Sub(noon))
		case tt.want >= 0 && (got.Sub(want).Abs() > time.Second):
			t.Errorf("life of %v with %v left, jitter %v: printed %v, want %v", tt.total, tt.left, tt.jitter, got.Sub(noon), tt.want)
		}
	}
}

// TestPrintedPromises checks, over many lives and moments, what SDKs rely on.
func TestPrintedPromises(t *testing.T) {
	for _, total := range []time.Duration{5 * time.Second, 30 * time.Second, 15 * time.Minute, time.Hour, 12 * time.Hour} {
		for i := range 400 {
			left := total * time.Duration(i) / 400
			for _, fraction := range []time.Duration{0, 1, 500 * time.Millisecond, 999999999} {
				now := noon.Add(fraction)
				c := with(total, left)
				p := Printed(c, now)
				alive := lifeOf(c, now).alive()
				switch {
				case !alive && !p.IsZero():
					t.Fatalf("%v left of %v: printed although nothing is left", left, total)
				case alive && !p.After(now):
					t.Fatalf("%v left of %v: printed %v, which is not in the future", left, total, p.Sub(now))
				case alive && !p.Before(c.Expiration):
					t.Fatalf("%v left of %v: printed beyond the real end", left, total)
				case p.Nanosecond() != 0:
					t.Fatalf("%v left of %v: printed a fraction of a second", left, total)
				case lifeOf(c, now).phase() == fresh && total >= 45*time.Minute && p.Sub(now) < 15*time.Minute:
					t.Fatalf("%v left of %v: fresh, but botocore sees %v and would ask at every request", left, total, p.Sub(now))
				}
			}
		}
	}
}

func TestJitterIsSpreadAndStable(t *testing.T) {
	const n = 1000
	var buckets [10]int
	for i := range n {
		id := fmt.Sprintf("ASIA%016d", i)
		j := jitter(id)
		if j < 0 || j >= 1 || j != jitter(id) {
			t.Fatalf("jitter of %s is %v", id, j)
		}
		buckets[int(j*10)]++
	}
	for i, b := range buckets {
		if b < n/20 || b > n/5 {
			t.Errorf("%d of %d jitters lie in tenth %d", b, n, i)
		}
	}
}

func TestBackOff(t *testing.T) {
	tests := []struct {
		left     time.Duration
		failures int
		want     time.Duration
	}{
		{time.Hour, 1, 5 * time.Second},
		{time.Hour, 2, 10 * time.Second},
		{time.Hour, 4, 40 * time.Second},
		{time.Hour, 5, time.Minute},
		{time.Hour, 5000, time.Minute},
		{40 * time.Second, 5, 10 * time.Second}, // a quarter of what is left
		{8 * time.Second, 1, 2 * time.Second},
		{0, 1, 0},
	}
	for _, tt := range tests {
		if got := backOff(tt.left, tt.failures); got != tt.want {
			t.Errorf("backOff(%v, %d) = %v, want %v", tt.left, tt.failures, got, tt.want)
		}
	}
}

func TestTryLimit(t *testing.T) {
	tests := []struct {
		left    time.Duration
		cut     int
		timeout time.Duration
		want    time.Duration
	}{
		{20 * time.Minute, 0, 25 * time.Second, 4 * time.Second},
		{20 * time.Minute, 1, 25 * time.Second, 8 * time.Second},
		{20 * time.Minute, 2, 25 * time.Second, 16 * time.Second},
		{20 * time.Minute, 3, 25 * time.Second, 25 * time.Second},
		{20 * time.Minute, 70, 25 * time.Second, 25 * time.Second},
		{6 * time.Second, 0, 25 * time.Second, 3 * time.Second},
		{4 * time.Second, 0, 25 * time.Second, 1500 * time.Millisecond}, // two seconds must stay
		{1 * time.Second, 0, 25 * time.Second, 0},
		{20 * time.Minute, 0, 2 * time.Second, 2 * time.Second},
	}
	for _, tt := range tests {
		if got := tryLimit(life{total: time.Hour, left: tt.left}, tt.cut, tt.timeout); got != tt.want {
			t.Errorf("tryLimit(%v left, %d cut, %v) = %v, want %v", tt.left, tt.cut, tt.timeout, got, tt.want)
		}
	}
}
