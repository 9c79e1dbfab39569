package rig

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"sync"
	"testing"
	"time"
)

// A Front stands between one client and MinIO's S3, and writes down with which
// access keys it is asked.
type Front struct {
	URL string

	mu       sync.Mutex
	requests []Request
	pause    time.Duration
}

// A Request is one that MinIO has answered.
type Request struct {
	Answered    time.Time
	AccessKeyID string // of its signature; empty for a request without one
	Status      int
}

// Front returns a new front that ends with the test.
func (r *Rig) Front(t testing.TB) *Front {
	t.Helper()
	target, err := url.Parse(r.MinIO.URL)
	if err != nil {
		t.Fatal(err)
	}
	f := &Front{}
	proxy := &httputil.ReverseProxy{
		// The host is signed.
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = p.In.Host
		},
		Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8, ExpectContinueTimeout: time.Second},
	}
	proxy.ModifyResponse = func(answer *http.Response) error {
		f.note(answer)
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	f.URL = server.URL
	return f
}

// SetPause makes every answer from now on come d later than MinIO gave it:
// a client that does one thing after another then takes its time.
func (f *Front) SetPause(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pause = d
}

// Requests are all requests that MinIO has answered, in that order.
func (f *Front) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Request(nil), f.requests...)
}

func (f *Front) note(answer *http.Response) {
	request := Request{Answered: time.Now(), Status: answer.StatusCode}
	request.AccessKeyID = signer(answer.Request)
	f.mu.Lock()
	f.requests = append(f.requests, request)
	pause := f.pause
	f.mu.Unlock()
	select {
	case <-time.After(pause):
	case <-answer.Request.Context().Done():
	}
}

var credential = regexp.MustCompile(`Credential=([^/,]+)/`)

// signer is the access key that the request was signed with: in its header, or
// in the query of a presigned URL.
func signer(r *http.Request) string {
	if found := credential.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
		return found[1]
	}
	if found := credential.FindStringSubmatch("Credential=" + r.URL.Query().Get("X-Amz-Credential")); found != nil {
		return found[1]
	}
	return ""
}
