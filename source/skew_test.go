package source

import (
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

func TestSkew(t *testing.T) {
	for _, ahead := range []time.Duration{0, 7 * time.Minute, -7 * time.Minute} {
		iss, s, w := start(t)
		now := time.Now()
		writeToken(t, iss, w, sourcetest.Claims{IssuedAt: now.Add(-time.Hour), Expiry: now.Add(time.Hour)})
		s.SetFault(sourcetest.Skew(-ahead))
		before := time.Now()
		c, err := w.Retrieve(minute(t))
		if err != nil {
			t.Fatal(err)
		}
		// The Date is a second wide, and the answer takes as long as it takes.
		if off := (c.Skew - ahead).Abs(); off > time.Since(before)+2*time.Second || ahead == 0 && c.Skew != 0 {
			t.Errorf("%v ahead: the skew is %v", ahead, c.Skew)
		}
	}
}
