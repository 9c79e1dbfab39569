package main

import (
	"fmt"
	"strings"
)

// A row is a measured value beside its limit.
type row struct {
	what            string
	measured, limit float64
	unit            string // one of the units below
	exact           bool   // the value must be the limit, not just stay within
	reason          error  // why there is no value
}

// Units, as formats of a number.
const (
	times     = "%.2f ×"
	parts     = "%.4f ×"
	count     = "%.0f"
	seconds   = "%.2f s"
	millis    = "%.2f ms"
	megabytes = "%.1f MB" // of 1,000,000 bytes
)

// ok: what was not measured is not kept.
func (r row) ok() bool {
	switch {
	case r.reason != nil:
		return false
	case r.exact:
		return r.measured == r.limit
	default:
		return r.measured <= r.limit
	}
}

type table []row

func (t table) ok() bool {
	for _, r := range t {
		if !r.ok() {
			return false
		}
	}
	return len(t) > 0
}

func (t table) String() string {
	var b strings.Builder
	line := func(what, measured, limit, verdict string) {
		fmt.Fprintf(&b, "%-58s %12s %14s  %s\n", what, measured, limit, verdict)
	}
	fmt.Fprintf(&b, "%-58s %12s %14s\n", "figure", "measured", "limit")
	for _, r := range t {
		if r.reason != nil {
			line(r.what, "-", "-", "NOT MEASURED")
			continue
		}
		bound, verdict := "at most ", "ok"
		if r.exact {
			bound = "exactly "
		}
		if !r.ok() {
			verdict = "MISSED"
		}
		line(r.what, fmt.Sprintf(r.unit, r.measured), bound+fmt.Sprintf(r.unit, r.limit), verdict)
	}
	return b.String()
}
