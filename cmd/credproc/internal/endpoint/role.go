package endpoint

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/source"
)

// A Role is what one path gives. One goroutine fills it, any number read it.
type Role struct {
	// Name is the profile in /role/NAME, empty for the role at /.
	Name string

	// ARN is for people to read.
	ARN string

	// Renewals counts for /metrics.
	Renewals Renewals

	held  atomic.Pointer[held]
	tried chan struct{} // closed when there is something to say
	once  sync.Once

	tokenExpiry atomic.Int64 // in seconds since 1970, 0 for not known
}

// NewRole is a Role that holds nothing yet.
func NewRole(name, arn string) *Role {
	r := &Role{Name: name, ARN: arn, tried: make(chan struct{})}
	r.held.Store(&held{})
	return r
}

// String names the role in messages.
func (r *Role) String() string {
	if r.Name == "" {
		return "the default role"
	}
	return "role " + r.Name
}

func (r *Role) path() string {
	if r.Name == "" {
		return "/"
	}
	return "/role/" + r.Name
}

// held is what a role has at one time.
type held struct {
	creds  source.Credentials
	failed *source.Error // why there are no newer ones, or nil
	ready  atomic.Pointer[answer]
}

// An answer is ready to be sent.
type answer struct {
	expiration time.Time
	body       []byte
}

// Hold puts new credentials in place.
func (r *Role) Hold(c source.Credentials) { r.put(&held{creds: c}) }

// Fail says why there are no newer credentials; those that are there stay.
func (r *Role) Fail(err *source.Error) { r.put(&held{creds: r.held.Load().creds, failed: err}) }

func (r *Role) put(h *held) {
	r.held.Store(h)
	r.once.Do(func() { close(r.tried) })
}

// SetTokenExpiry notes when the web identity token ends, for /metrics.
func (r *Role) SetTokenExpiry(at time.Time) { r.tokenExpiry.Store(at.Unix()) }

// firstWait is how long a caller waits who comes before the first credentials
// have come or failed to. The SDKs for JavaScript and PHP wait a second.
const firstWait = 900 * time.Millisecond

// wait waits for the first credentials.
func (r *Role) wait(ctx context.Context) *Role {
	select {
	case <-r.tried:
		return r
	default:
	}
	patience := time.NewTimer(firstWait)
	defer patience.Stop()
	select {
	case <-r.tried:
	case <-patience.C:
	case <-ctx.Done():
	}
	return r
}

// left is how long the credentials really live; ok is false if there are none.
func (r *Role) left(now time.Time) (left time.Duration, ok bool) {
	c := r.held.Load().creds
	if cache.Printed(c, now).IsZero() || c.AccessKeyID == "" {
		return 0, false
	}
	if !c.Ends() {
		return math.MaxInt64, true
	}
	return c.Remaining(now), true
}

// answer is the role's credentials as SDKs read them.
// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
func (r *Role) answer(now time.Time) ([]byte, *refusal) {
	h := r.held.Load()
	c := h.creds
	expiration := cache.Printed(c, now)
	if c.AccessKeyID == "" || c.SecretAccessKey == "" || expiration.IsZero() {
		return nil, h.none()
	}
	// Toward the end the printed Expiration moves, see cache.Printed.
	if a := h.ready.Load(); a != nil && a.expiration.Equal(expiration) {
		return a.body, nil
	}
	body, err := json.Marshal(struct {
		AccessKeyId     string
		SecretAccessKey string
		Token           string
		Expiration      string
		AccountId       string `json:",omitempty"`
	}{c.AccessKeyID, c.SecretAccessKey, c.SessionToken, expiration.Format("2006-01-02T15:04:05Z"), c.AccountID})
	if err != nil {
		return nil, &refusal{http.StatusInternalServerError, "InternalError", "the credentials cannot be written", ""}
	}
	h.ready.Store(&answer{expiration, body})
	return body, nil
}

// none says why there are no credentials.
func (h *held) none() *refusal {
	no := &refusal{http.StatusServiceUnavailable, "NoCredentials", "no credentials yet", "no credentials yet"}
	if h.failed != nil {
		no.message, no.detail = "no credentials are left: "+h.failed.Text, "no credentials are left"
		if h.failed.Code != "" {
			no.code = h.failed.Code
		}
	}
	return no
}
