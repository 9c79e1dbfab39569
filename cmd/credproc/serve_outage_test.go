//go:build unix

package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// metric is the value of the first sample in /metrics that begins so.
func (s *server) metric(t *testing.T, begins string) float64 {
	t.Helper()
	_, page := open200(t, s.metrics)
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, begins) {
			fields := strings.Fields(line)
			v, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	return 0
}

// ready asks both addresses for /readyz, which must agree.
func (s *server) ready(t *testing.T) bool {
	t.Helper()
	public, body := open200(t, strings.Replace(s.metrics, "metrics", "readyz", 1))
	own, _ := open200(t, s.url+"readyz")
	if public != own || strings.Contains(body, "ASIA") {
		t.Logf("/readyz: %d and %d: %s", public, own, body) // a moment may lie between
	}
	return own == http.StatusOK
}

// STS refuses from just after a renewal until a quarter of the life is left:
// callers see nothing, /readyz and the metrics tell the story.
func TestServeOutage(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	const life = 32 * time.Second
	w.sts.SetLifetime(life)
	s := w.serving(t, "--min-ttl", "12s")
	was := s.gives(t, "/").AccessKeyId
	soon(t, "a renewal", func() bool { return s.gives(t, "/").AccessKeyId != was })
	was = s.gives(t, "/").AccessKeyId
	w.sts.SetFault(refused())
	if !s.ready(t) {
		t.Error("not ready though life is left")
	}
	remaining := func() float64 { return s.metric(t, "credproc_credentials_remaining_seconds") }
	unready := false
	soon(t, "a quarter of the life", func() bool {
		s.gives(t, "/") // at every moment
		unready = unready || !s.ready(t)
		return remaining() <= life.Seconds()/4
	})
	w.sts.SetFault(nil)
	if !unready {
		t.Error("/readyz did not say no below --min-ttl")
	}
	if n := s.metric(t, `credproc_renewal_failures_total{path="/",role_arn="`+role+`",kind="refused",code="IDPRejectedClaim"}`); n < 1 {
		t.Errorf("%v failures in the metrics", n)
	}
	if s.metric(t, "credproc_ready") != 0 {
		t.Error("credproc_ready does not tell")
	}
	renewals := s.metric(t, "credproc_renewals_total")
	soon(t, "a renewal", func() bool { return s.gives(t, "/").AccessKeyId != was })
	soon(t, "readiness", func() bool { return s.ready(t) })
	if n := s.metric(t, "credproc_renewals_total"); n <= renewals {
		t.Errorf("%v renewals in the metrics", n)
	}
	if n := strings.Count(s.logged(), `"msg":"renewal failed"`); n < 1 || n > 10 {
		t.Errorf("the log has %d failures", n)
	}
}

// When the outage outlasts the credentials, callers are told why, and served
// again as soon as STS is back.
func TestServeOutageBeyondTheEnd(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetLifetime(10 * time.Second)
	s := w.serving(t)
	s.gives(t, "/")
	w.sts.SetFault(refused())
	entry, err := onlyEntry(w.cache)
	if err != nil {
		t.Fatal(err)
	}
	e, err := readEntry(entry)
	if err != nil {
		t.Fatal(err)
	}
	end, err := time.Parse(time.RFC3339, e.Expiration)
	if err != nil {
		t.Fatal(err)
	}
	var first time.Time
	soon(t, "the end, and the reason", func() bool {
		status, body := s.asks(t, "/")
		if status == http.StatusOK {
			return false
		}
		if first.IsZero() {
			first = time.Now()
		}
		var why struct{ Code, Message string }
		if err := json.Unmarshal([]byte(body), &why); err != nil || status != http.StatusServiceUnavailable ||
			why.Code == "" || !strings.HasPrefix(why.Message, "no credentials are left: ") {
			t.Fatalf("%d %s", status, body)
		}
		return why.Code == "IDPRejectedClaim" && strings.Contains(why.Message, role)
	})
	// Two seconds before the end nothing can be counted on any more.
	if early := end.Sub(first); early > 2*time.Second {
		t.Errorf("nothing was served though %v were left", early)
	}
	if s.ready(t) || s.metric(t, "credproc_credentials_remaining_seconds") > 2 {
		t.Error("still ready")
	}
	if status, _ := open200(t, s.url+"healthz"); status != http.StatusOK {
		t.Errorf("not alive: %d", status)
	}
	w.sts.SetFault(nil)
	began := time.Now()
	soon(t, "recovery", func() bool { status, _ := s.asks(t, "/"); return status == http.StatusOK })
	t.Logf("served %v after STS was back", time.Since(began).Round(time.Millisecond))
	s.gives(t, "/")
}

// STS may be out of reach when a machine starts: serve waits, and says so.
func TestServeStartsInAnOutage(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetFault(refused())
	s := w.serving(t)
	soon(t, "a reason", func() bool { _, body := s.asks(t, "/"); return strings.Contains(body, "IDPRejectedClaim") })
	if s.ready(t) {
		t.Error("ready")
	}
	w.sts.SetFault(nil)
	soon(t, "credentials", func() bool { status, _ := s.asks(t, "/"); return status == http.StatusOK })
	if !s.ready(t) {
		t.Error("not ready")
	}
}
