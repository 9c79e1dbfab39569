package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source"
)

// wrongClock is how far a clock may be wrong before AWS refuses signed requests
// with room to spare: it takes 5 minutes for most services.
// Source: AWS General Reference, "Troubleshooting Signature Version 4".
const wrongClock = time.Minute

// onlineTime is for each question that is asked.
const onlineTime = 10 * time.Second

// ask asks STS, and compares clocks on the way.
func (d *doctor) ask(ctx context.Context, o options, src source.Source) {
	if _, is := src.(*source.Process); is {
		d.found.OK("role", "", "no credentials are asked for: doctor runs no credential_process")
		return
	}
	limited, cancel := context.WithTimeout(ctx, 2*onlineTime)
	defer cancel()
	creds, err := src.Retrieve(limited)
	var failed *source.Error
	if err != nil {
		failed = source.AsError(err)
	}
	// Afterwards: by now it is known whether the CA bundle can be read at all.
	if address, _, err := endpointOf(o); err == nil && address != "" && asksSTS(src) && (failed == nil || failed.Code != source.CodeCABundle) {
		d.answers(ctx, address, o)
	}
	if failed != nil {
		d.fault("role", failed)
		return
	}
	text := "credentials of " + src.Key().Role + " can be had"
	if creds.Ends() {
		text += ", for " + strings.TrimSuffix(creds.Lifetime().Round(time.Minute).String(), "0s")
	}
	d.found.OK("role", "", text)
}

// answers makes a request that means nothing, for the Date in its answer.
func (d *doctor) answers(ctx context.Context, address string, o options) {
	ctx, cancel := context.WithTimeout(ctx, onlineTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return // settings have checked it
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities(o)}}
	defer transport.CloseIdleConnections()
	sent := time.Now()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return // asking for the role says it better
	}
	resp.Body.Close()
	d.found.OK("sts", "", "STS at "+address+" answers")
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return
	}
	// Date is a second wide; half of the way there and back is not our clock's fault.
	skew := d.now().Sub(date) - time.Since(sent)/2
	switch off := skew.Abs().Round(time.Second); {
	case off < wrongClock:
		d.found.OK("clock", "", "this machine's clock agrees with that of STS")
	default:
		way := "ahead of"
		if skew < 0 {
			way = "behind"
		}
		d.found.Problem("clock", "", fmt.Sprintf("this machine's clock is %v %s that of STS", off, way),
			"set the clock, by NTP: AWS refuses requests that are five minutes off")
	}
}

// authorities are those of ca_bundle, or nil for the system's.
func authorities(o options) *x509.CertPool {
	keys, err := settings.Profile(o.given, os.Environ())
	if err != nil {
		return nil
	}
	for _, p := range keys.Pairs {
		if p.Key != "ca_bundle" {
			continue
		}
		if text, err := os.ReadFile(p.Value); err == nil {
			pool := x509.NewCertPool()
			pool.AppendCertsFromPEM(text)
			return pool
		}
	}
	return nil
}
