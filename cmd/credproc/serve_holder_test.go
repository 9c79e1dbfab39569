package main

import (
	"testing"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/endpoint"
	"github.com/credproc/credproc/source"
)

// With nothing to give, an outage is looked at every 2 s, a refusal less and less.
func TestHolderWaits(t *testing.T) {
	for _, test := range []struct {
		kind source.Kind
		want []time.Duration
	}{
		{source.KindUnreachable, []time.Duration{2 * time.Second, 2 * time.Second, 2 * time.Second}},
		{source.KindRefused, []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second}},
	} {
		h := &holder{role: endpoint.NewRole("", "arn")}
		for i, want := range test.want {
			before := time.Now()
			h.fail(&source.Error{Kind: test.kind, Text: "no"})
			// The holder's clock is between ours before and after.
			if least, most := time.Until(h.next), h.next.Sub(before); least > want || most < want {
				t.Errorf("%s, failure %d: the next try is due in %v, not %v", test.kind, i+1, most, want)
			}
		}
	}
}
