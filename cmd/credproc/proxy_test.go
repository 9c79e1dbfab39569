package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/credproc/credproc/source/sourcetest"
)

// proxy puts an HTTPS proxy between credproc and AWS, or asserts which host it
// was last asked for.
func proxy(ts *testscript.TestScript, neg bool, args []string) {
	const how = "proxy start | proxy asked HOST:PORT"
	usage(ts, !neg && len(args) >= 1, how)
	w := worldOf(ts)
	switch args[0] {
	case "start":
		w.proxy = newWrongWay()
		ts.Defer(w.proxy.close)
		ts.Setenv("HTTPS_PROXY", w.proxy.server.URL)
		ts.Setenv("AWS_ENDPOINT_URL_STS", "")
	case "asked":
		usage(ts, len(args) == 2 && w.proxy != nil, how)
		if last := w.proxy.last(); last != args[1] {
			ts.Fatalf("the proxy was last asked for %q, not %q", last, args[1])
		}
	default:
		usage(ts, false, how)
	}
}

// A wrongWay is an HTTPS proxy that leads everyone, whatever host he wants, to
// a server whose certificate nobody trusts: tests learn the host, and the client
// gives up at once.
type wrongWay struct {
	server *httptest.Server
	end    *sourcetest.STS

	mu   sync.Mutex
	host string
}

func newWrongWay() *wrongWay {
	p := &wrongWay{end: sourcetest.NewTLSSTS()}
	p.server = httptest.NewServer(p)
	return p
}

func (p *wrongWay) close() {
	p.end.Close()
	p.server.Close()
}

func (p *wrongWay) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.host
}

func (p *wrongWay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.host = r.Host
	p.mu.Unlock()
	end, err := url.Parse(p.end.URL)
	if err != nil {
		panic(err)
	}
	there, err := net.Dial("tcp", end.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer there.Close()
	w.WriteHeader(http.StatusOK)
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer here.Close()
	go func() {
		_, _ = io.Copy(there, buffered)
		there.Close()
	}()
	_, _ = io.Copy(here, there)
}
