package endpoint

import (
	"net/http"
	"time"
)

// Public is e's /healthz, /readyz and /metrics for an address of their own. It
// asks for no token and looks at no Host header, because probes and Prometheus
// send what they will, and nothing here is secret.
func (e *Endpoint) Public() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		no := checkMethod(r)
		if no != nil {
			send(w, nil, no)
			return
		}
		body, no, is := e.probe(r, now)
		switch {
		case is:
		case r.URL.Path == "/metrics":
			w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			body = e.metrics(now)
		default:
			no = &refusal{http.StatusNotFound, "NotFound", "there are /healthz, /readyz and /metrics here", ""}
		}
		send(w, body, no)
	})
}
