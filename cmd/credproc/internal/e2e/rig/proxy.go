package rig

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Proxy stands between one machine and MinIO's STS. It writes down every
// call and can be told to be slow and to refuse.
type Proxy struct {
	URL string

	server *httptest.Server
	target string

	mu     sync.Mutex
	calls  []Call
	delay  time.Duration
	armed  float64 // the share of a session that the next call starts refusing for
	outage Outage
}

// A Call is one that reached the proxy.
type Call struct {
	Start, End time.Time
	Outcome    Outcome
	Token      string // the web identity token it came with

	// Of an answer with credentials.
	AccessKeyID string
	Expiration  time.Time
}

// An Outcome is what became of a call.
type Outcome string

const (
	Granted   Outcome = "granted"   // MinIO gave credentials
	Denied    Outcome = "denied"    // MinIO did not, or was not asked for DeniedRole
	Refused   Outcome = "refused"   // the proxy was told to, and did not ask MinIO
	Abandoned Outcome = "abandoned" // the caller went away before it was answered
)

// An Outage is a time in which the proxy refused.
type Outage struct {
	Start, End time.Time

	// Session is the life of the last credentials granted before it, Left what
	// remained of it at Start.
	Session, Left time.Duration
}

func newProxy(target string) *Proxy {
	p := &Proxy{target: target}
	p.server = httptest.NewServer(p)
	p.URL = p.server.URL
	return p
}

// SetDelay makes every call from now on take d longer.
func (p *Proxy) SetDelay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// RefuseFromNextCall has the next call begin an outage of share of the life
// that the credentials granted last have in all. When others ask for
// credentials all the time, the next call comes when those turn soft.
func (p *Proxy) RefuseFromNextCall(share float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = share
}

// Refuse begins an outage now, of share of the life that the credentials
// granted last have in all.
func (p *Proxy) Refuse(share float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin(share, time.Now())
}

// Outage is the last outage; its Start is zero before there was one.
func (p *Proxy) Outage() Outage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outage
}

// Calls are all calls that have ended, in that order.
func (p *Proxy) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Call(nil), p.calls...)
}

// Counts are numbers of calls by outcome.
type Counts map[Outcome]int

func (c Counts) String() string {
	var words []string
	for _, outcome := range slices.Sorted(maps.Keys(c)) {
		words = append(words, fmt.Sprintf("%d %s", c[outcome], outcome))
	}
	return strings.Join(words, ", ")
}

// Count counts the calls that have ended.
func (p *Proxy) Count() Counts {
	counts := make(Counts)
	for _, call := range p.Calls() {
		counts[call.Outcome]++
	}
	return counts
}

// LastGranted is the last call that was given credentials.
func (p *Proxy) LastGranted() (Call, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lastGranted()
}

func (p *Proxy) lastGranted() (Call, bool) {
	for i := len(p.calls) - 1; i >= 0; i-- {
		if p.calls[i].Outcome == Granted {
			return p.calls[i], true
		}
	}
	return Call{}, false
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := Call{Start: time.Now()}
	defer func() {
		call.End = time.Now()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.calls = append(p.calls, call)
	}()

	body, err := io.ReadAll(r.Body)
	if err != nil {
		call.Outcome = Abandoned
		return
	}
	form, _ := url.ParseQuery(string(body)) // of what is no form, nothing
	call.Token = form.Get("WebIdentityToken")
	if form.Get("RoleArn") == DeniedRole {
		call.Outcome = Denied
		deny(w)
		return
	}
	refuse, nth, delay := p.admit(call.Start)
	if refuse {
		call.Outcome = Refused
		if nth%2 == 0 {
			http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
			return
		}
		panic(http.ErrAbortHandler) // drops the connection
	}
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		call.Outcome = Abandoned
		return
	}
	p.forward(w, r, body, &call)
}

// DeniedRole is a role that nobody may assume. MinIO knows of no trust
// policies, so that the proxy answers for it as AWS does.
const DeniedRole = "arn:aws:iam::123456789012:role/denied"

func deny(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusForbidden)
	io.WriteString(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>AccessDenied</Code>
    <Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message>
  </Error>
  <RequestId>6bd1f7a3-0d3c-4f5e-9d0b-0c5d3b6f1e2a</RequestId>
</ErrorResponse>
`)
}

// admit decides about a call that starts now; nth counts the calls before it.
func (p *Proxy) admit(now time.Time) (refuse bool, nth int, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.armed > 0 && p.begin(p.armed, now) {
		p.armed = 0
	}
	return now.Before(p.outage.End), len(p.calls), p.delay
}

// begin begins an outage, if credentials have been granted.
func (p *Proxy) begin(share float64, now time.Time) bool {
	last, ok := p.lastGranted()
	if !ok {
		return false
	}
	session := last.Expiration.Sub(last.End)
	p.outage = Outage{
		Start:   now,
		End:     now.Add(time.Duration(share * float64(session))),
		Session: session,
		Left:    last.Expiration.Sub(now),
	}
	return true
}

func (p *Proxy) forward(w http.ResponseWriter, r *http.Request, body []byte, call *Call) {
	call.Outcome = Denied
	request, err := http.NewRequestWithContext(r.Context(), r.Method, p.target+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	request.Header = r.Header.Clone()
	request.Header.Del("Accept-Encoding") // the answer is read on its way
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		if r.Context().Err() != nil {
			call.Outcome = Abandoned
			return
		}
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if response.StatusCode == http.StatusOK {
		var result struct {
			Credentials struct {
				AccessKeyID string    `xml:"AccessKeyId"`
				Expiration  time.Time `xml:"Expiration"`
			} `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
		}
		if xml.Unmarshal(answer, &result) == nil && result.Credentials.AccessKeyID != "" {
			call.Outcome = Granted
			call.AccessKeyID = result.Credentials.AccessKeyID
			call.Expiration = result.Credentials.Expiration
		}
	}
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	w.Write(answer)
}
