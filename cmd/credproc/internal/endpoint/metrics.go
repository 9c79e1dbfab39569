package endpoint

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/credproc/credproc/source"
)

// statuses are all that we answer; net/http refuses what is no request by
// itself.
var statuses = [...]int{
	http.StatusOK, http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed,
	http.StatusRequestEntityTooLarge, http.StatusMisdirectedRequest, http.StatusInternalServerError, http.StatusServiceUnavailable,
}

// bounds are the upper bounds of the latency histogram, in microseconds.
var bounds = [...]int64{25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 100_000, 1_000_000}

// Requests counts answers, and how long they took.
type Requests struct {
	byStatus [len(statuses)]atomic.Int64
	within   [len(bounds) + 1]atomic.Int64
	sum      atomic.Int64 // nanoseconds
}

func (q *Requests) count(status int, took time.Duration) {
	if i := slices.Index(statuses[:], status); i >= 0 {
		q.byStatus[i].Add(1)
	}
	i := 0
	for i < len(bounds) && took.Microseconds() > bounds[i] {
		i++
	}
	q.within[i].Add(1)
	q.sum.Add(int64(took))
}

// Renewals counts how renewing went.
type Renewals struct {
	mu     sync.Mutex
	done   int64
	failed map[cause]int64
}

// A cause is why a renewal failed.
type cause struct{ kind, code string }

func (c cause) compare(other cause) int {
	return cmp.Or(strings.Compare(c.kind, other.kind), strings.Compare(c.code, other.code))
}

// maxCauses bounds what a server that makes up codes can do to us.
const maxCauses = 50

// Succeeded counts a renewal.
func (n *Renewals) Succeeded() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.done++
}

// Failed counts a renewal that failed.
func (n *Renewals) Failed(err *source.Error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.failed == nil {
		n.failed = map[cause]int64{}
	}
	why := cause{string(err.Kind), err.Code}
	if _, ok := n.failed[why]; !ok && len(n.failed) >= maxCauses {
		why.code = "other"
	}
	n.failed[why]++
}

// snapshot is what was counted so far.
func (n *Renewals) snapshot() (done int64, failed map[cause]int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.done, maps.Clone(n.failed)
}

// metrics is what Prometheus reads. There is no secret in it.
// Source: Prometheus documentation, "Exposition formats", text format 0.0.4.
func (e *Endpoint) metrics(now time.Time) []byte {
	var b bytes.Buffer
	metric := func(name, kind, help string) { fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	seconds := func(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

	metric("credproc_ready", "gauge", "Whether the role has more life left than --min-ttl.")
	for _, r := range e.Roles {
		left, ok := r.left(now)
		fmt.Fprintf(&b, "credproc_ready{%s} %d\n", r.labels(), digit(ok && left >= e.MinTTL))
	}
	metric("credproc_credentials_expiration_timestamp_seconds", "gauge", "When the credentials held end.")
	for _, r := range e.Roles {
		if c := r.held.Load().creds; c.Ends() {
			fmt.Fprintf(&b, "credproc_credentials_expiration_timestamp_seconds{%s} %s\n", r.labels(), seconds(c.Expiration))
		}
	}
	metric("credproc_credentials_remaining_seconds", "gauge", "How long the credentials held still live, 0 without any.")
	for _, r := range e.Roles {
		if c := r.held.Load().creds; c.Ends() || c.AccessKeyID == "" {
			left := max(c.Remaining(now).Seconds(), 0)
			fmt.Fprintf(&b, "credproc_credentials_remaining_seconds{%s} %.3f\n", r.labels(), left)
		}
	}
	metric("credproc_renewals_total", "counter", "Credentials that replaced others, whoever on this machine renewed them.")
	for _, r := range e.Roles {
		done, _ := r.Renewals.snapshot()
		fmt.Fprintf(&b, "credproc_renewals_total{%s} %d\n", r.labels(), done)
	}
	metric("credproc_renewal_failures_total", "counter", "Renewals of this process that failed, by kind (token, refused, unreachable, deadline, settings) and AWS's code.")
	for _, r := range e.Roles {
		_, failed := r.Renewals.snapshot()
		for _, why := range slices.SortedFunc(maps.Keys(failed), cause.compare) {
			fmt.Fprintf(&b, "credproc_renewal_failures_total{%s,kind=%s,code=%s} %d\n", r.labels(), label(why.kind), label(why.code), failed[why])
		}
	}
	metric("credproc_web_identity_token_expiration_timestamp_seconds", "gauge", "When the web identity token ends, where it is in a file or a variable.")
	for _, r := range e.Roles {
		if at := r.tokenExpiry.Load(); at != 0 {
			fmt.Fprintf(&b, "credproc_web_identity_token_expiration_timestamp_seconds{%s} %d\n", r.labels(), at)
		}
	}
	metric("credproc_http_requests_total", "counter", "Requests for credentials, by the answer's status.")
	for i, status := range statuses {
		fmt.Fprintf(&b, "credproc_http_requests_total{code=\"%d\"} %d\n", status, e.Requests.byStatus[i].Load())
	}
	e.Requests.write(&b, metric)
	return b.Bytes()
}

func (q *Requests) write(b *bytes.Buffer, metric func(name, kind, help string)) {
	const name = "credproc_http_request_duration_seconds"
	metric(name, "histogram", "How long answers took to make.")
	total := int64(0)
	for i := range q.within {
		total += q.within[i].Load()
		bound := "+Inf"
		if i < len(bounds) {
			bound = strconv.FormatFloat(float64(bounds[i])/1e6, 'f', -1, 64)
		}
		fmt.Fprintf(b, "%s_bucket{le=%q} %d\n", name, bound, total)
	}
	fmt.Fprintf(b, "%s_sum %s\n%s_count %d\n", name, strconv.FormatFloat(time.Duration(q.sum.Load()).Seconds(), 'g', -1, 64), name, total)
}

// labels tell roles apart.
func (r *Role) labels() string {
	return fmt.Sprintf("path=%s,role_arn=%s", label(r.path()), label(r.ARN))
}

// label is a label's value, escaped.
func label(text string) string {
	escapes := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	return `"` + escapes.Replace(strings.ToValidUTF8(text, "\ufffd")) + `"`
}

func digit(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
