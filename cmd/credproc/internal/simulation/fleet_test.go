package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/source"
)

// A fleet is pods that start in the same second. Each has a cache of its own,
// and its renewals fall when the policy says (cache.RenewalDue, cache.Printed);
// TestDay shows that the cache keeps to it. Files and HTTP are left out.
type fleet struct {
	pods    int
	session time.Duration
	exec    bool // renewals come from the keeper, else from the program's requests
	alike   bool // all access key ids are the same, and so is their jitter
}

// second counts STS calls, by second since the start.
func (f fleet) seconds(lasts time.Duration) []int {
	calls := make([]int, int(lasts/time.Second)+1)
	for pod := range f.pods {
		random := rand.New(rand.NewPCG(7, uint64(pod)))
		start := time.Duration(random.Int64N(int64(time.Second)))
		phase := time.Duration(random.Int64N(int64(boto3.every))) // programs make requests when they like
		for at := start; at < lasts; {
			calls[at/time.Second]++
			// An answer takes a while.
			issued := noon.Add(at + 20*time.Millisecond + time.Duration(random.Int64N(int64(80*time.Millisecond))))
			c := source.Credentials{AccessKeyID: "ASIAALIKE", Issued: issued, Expiration: issued.Add(f.session).Truncate(time.Second)}
			if !f.alike {
				c.AccessKeyID = fmt.Sprintf("ASIA%016X", random.Uint64())
			}
			early, due := cache.RenewalDue(c)
			if f.exec { // no tick passes that moment
				at = early.Sub(noon)
				continue
			}
			if asks := cache.Printed(c, issued).Add(-boto3.early); asks.After(due) {
				due = asks
			}
			requests := (due.Sub(noon) - phase + boto3.every - 1) / boto3.every
			at = phase + requests*boto3.every
		}
	}
	return calls
}

// A fleet's renewals are spread, from the first on.
func TestFleet(t *testing.T) {
	lasts := 24 * time.Hour
	if !whole() {
		lasts = 3 * time.Hour
	}
	var table strings.Builder
	table.WriteString("| 10,000 pods, started in one second | STS calls a second, mean | at peak | without jitter, at peak | least possible calls | calls |\n|---|--:|--:|--:|--:|--:|\n")
	for _, f := range []fleet{
		{pods: 10000, session: time.Hour},
		{pods: 10000, session: time.Hour, exec: true},
		{pods: 10000, session: 15 * time.Minute, exec: true},
	} {
		spread := f.seconds(lasts)
		f.alike = true
		alike := f.seconds(lasts)
		// The first two seconds are the cold start.
		peak, worst, sum := slices.Max(spread[2:]), slices.Max(alike[2:]), 0
		for _, n := range spread {
			sum += n
		}
		name := scenario{exec: f.exec}.how() + ", sessions of " + short(f.session)
		at := slices.Index(spread[2:], peak) + 2
		t.Logf("%s: peak of %d after %d s, %d without jitter", name, peak, at, worst)
		fmt.Fprintf(&table, "| %s | %.1f | %d | %d | %d | %d |\n", name, float64(sum)/lasts.Seconds(), peak, worst,
			f.pods*int(lasts/f.session), sum)
		spreads := 5
		if f.exec {
			spreads = 30
		}
		if peak*spreads > worst {
			t.Errorf("%s: %d calls in one second, more than a %dth of the %d without jitter", name, peak, spreads, worst)
		}
	}
	publish(t, "fleet", table.String())
}
