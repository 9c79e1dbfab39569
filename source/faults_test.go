package source

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
	"github.com/credproc/credproc/source/token"
)

const couldNot = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"

// Faults that pass do not keep credentials from those who wait; those that do
// not pass are named when time is up, though the last try was cut short.
func TestRetrieveThroughFaults(t *testing.T) {
	t.Parallel()
	answered := "STS at URL: "
	for _, test := range []struct {
		name  string
		fault sourcetest.Fault
		code  string
		text  string // of the error when it does not pass
	}{
		{"throttled", sourcetest.Throttle(), "Throttling", answered + "Throttling: Rate exceeded"},
		{"throttled as 429", sourcetest.Refuse(429, "Whatever", "slower"), "Whatever", answered + "Whatever: slower"},
		{"unavailable", sourcetest.Refuse(503, "ServiceUnavailable", "come back later"), "ServiceUnavailable", answered + "ServiceUnavailable: come back later"},
		{"internal failure", sourcetest.Refuse(500, "InternalFailure", ""), "InternalFailure", answered + "InternalFailure"},
		{"unknown code with 5xx", sourcetest.Refuse(502, "Whatever", "oh"), "Whatever", answered + "Whatever: oh"},
		{"provider unreachable", sourcetest.Refuse(400, "IDPCommunicationError", "try again"), "IDPCommunicationError", answered + "IDPCommunicationError: try again"},
		{"no verification key", sourcetest.Refuse(400, "InvalidIdentityToken", couldNot), "InvalidIdentityToken", answered + "InvalidIdentityToken: " + couldNot},
		{"web page", sourcetest.HTML(200), "", answered + "an answer that is not STS's XML"},
		{"web page with 503", sourcetest.HTML(503), "", answered + "HTTP status 503 Service Unavailable"},
		{"web page with 403", sourcetest.HTML(403), "", answered + "HTTP status 403 without an error code; this does not look like STS"},
		{"empty", sourcetest.Empty(), "", answered + "the answer holds no complete credentials"},
		{"empty result", sourcetest.EmptyResult(), "", answered + "the answer holds no complete credentials"},
		{"without key id", sourcetest.Without("AccessKeyId"), "", answered + "the answer holds no complete credentials"},
		{"without secret", sourcetest.Without("SecretAccessKey"), "", answered + "the answer holds no complete credentials"},
		{"without session token", sourcetest.Without("SessionToken"), "", answered + "the answer holds no complete credentials"},
		{"without expiration", sourcetest.Without("Expiration"), "", answered + "the answer holds no complete credentials"},
		{"half", sourcetest.Half(), "", answered + "an answer that is not STS's XML"},
		{"huge", sourcetest.Huge(), "", answered + "an answer that is not STS's XML"},
		{"dropped", sourcetest.Drop(), "", answered + "EOF"},
		{"expired already", sourcetest.Together(sourcetest.Skew(-24*time.Hour), sourcetest.NoDate()), "",
			answered + "the answer holds credentials that have expired already; compare this machine's clock"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			iss, s, w := start(t)
			now := time.Now()
			writeToken(t, iss, w, sourcetest.Claims{IssuedAt: now.Add(-48 * time.Hour), Expiry: now.Add(48 * time.Hour)})
			s.SetFaults(test.fault, test.fault)
			creds, err := w.Retrieve(minute(t))
			if err != nil || !creds.Complete() {
				t.Errorf("did not outlast it: %v", err)
			}
			wantCalls(t, s, 3)

			s.SetFault(test.fault)
			ctx := newDeadline(t)
			w.Token = &watched{File: w.Token.(token.File), before: func(try int) {
				if try == 3 {
					ctx.pass()
				}
			}}
			creds, err = w.Retrieve(ctx)
			wantError(t, err, KindUnreachable, test.code, assuming+strings.ReplaceAll(test.text, "URL", s.URL))
			if (creds != Credentials{}) {
				t.Errorf("credentials besides the error: %v", creds)
			}
			wantCalls(t, s, 5)
		})
	}
}

// IDPCommunicationError seldom passes: four tries are all it gets.
func TestRetrieveLimitsIDPCommunicationError(t *testing.T) {
	t.Parallel()
	_, s, w := start(t)
	s.SetFault(sourcetest.Refuse(400, "IDPCommunicationError", "try again"))
	_, err := w.Retrieve(minute(t))
	wantError(t, err, KindUnreachable, "IDPCommunicationError", assuming+"STS at "+s.URL+": IDPCommunicationError: try again")
	wantCalls(t, s, 4)
}

// Every try has its token from the file, as it then is.
func TestRetrieveReadsTokenAnew(t *testing.T) {
	t.Parallel()
	iss, s, w := start(t)
	file := w.Token.(token.File)
	asked := w.Key()
	s.SetFaults(sourcetest.Throttle(), sourcetest.Throttle())
	source := &watched{File: file}
	source.before = func(try int) {
		if err := iss.WriteToken(string(file), sourcetest.Claims{Subject: fmt.Sprint("subject ", try)}); err != nil {
			t.Error(err)
		}
	}
	w.Token = source
	creds, err := w.Retrieve(minute(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, call := range s.Log() {
		if want := fmt.Sprint("subject ", i+1); call.Subject != want {
			t.Errorf("call %d came with the token of %s, want %s", i+1, call.Subject, want)
		}
	}
	if key := w.Key(); creds.Identity == asked.Identity || creds.Identity != key.Identity || key.Subject != "subject 3" {
		t.Errorf("identity %s, want that of subject 3", creds.Identity)
	}
}

func TestRetrieveHangs(t *testing.T) {
	t.Parallel()
	_, s, w := start(t)
	s.SetFault(sourcetest.Hang())
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := w.Retrieve(ctx)
	wantError(t, err, KindDeadline, "", assuming+"STS at "+s.URL+": no answer in time")
	if took := time.Since(began); took > 4*time.Second { // less than one try's own limit
		t.Errorf("came back after %v", took)
	}
}

// A try that is never answered does not take the whole time.
func TestRetrieveAfterHang(t *testing.T) {
	t.Parallel()
	_, s, w := start(t)
	s.SetFaults(sourcetest.Hang())
	ctx, cancel := context.WithTimeout(context.Background(), 6*firstLimit)
	defer cancel()
	if _, err := w.Retrieve(ctx); err != nil {
		t.Fatal(err)
	}
	wantCalls(t, s, 2)
}

// What STS said is more telling than that it then fell silent, and than that
// somebody gave up.
func TestRetrieveNamesLastAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  func(*deadline) context.Context
	}{
		{"deadline", func(d *deadline) context.Context { return d }},
		{"canceled", func(d *deadline) context.Context {
			ctx, cancel := context.WithCancel(d.Context)
			context.AfterFunc(d, cancel)
			return ctx
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, s, w := start(t)
			end := newDeadline(t)
			hang := sourcetest.Hang()
			s.SetFaults(sourcetest.Throttle(), sourcetest.Together(func() sourcetest.Fault {
				go func() {
					for s.Calls("Hang") == 0 && end.Context.Err() == nil {
						time.Sleep(time.Millisecond)
					}
					end.pass()
				}()
				return hang
			}()))
			_, err := w.Retrieve(test.err(end))
			wantError(t, err, KindUnreachable, "Throttling", assuming+"STS at "+s.URL+": Throttling: Rate exceeded")
			wantCalls(t, s, 2)
		})
	}
}

func TestRetrieveCanceled(t *testing.T) {
	_, s, w := start(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := w.Retrieve(ctx)
	wantError(t, err, KindDeadline, "", assuming+"STS at "+s.URL+": no answer in time")
	wantCalls(t, s, 0)
}

func TestRetrieveConnectionRefused(t *testing.T) {
	t.Parallel()
	_, s, w := start(t)
	s.Close()
	address := strings.TrimPrefix(s.URL, "http://")
	want := assuming + "STS at " + s.URL + ": dial tcp " + address + ": connect: connection refused"
	ctx := newDeadline(t)
	w.Token = &watched{File: w.Token.(token.File), before: func(try int) {
		if try == 4 {
			ctx.pass()
		}
	}}
	_, err := w.Retrieve(ctx)
	wantError(t, err, KindUnreachable, "", want)

	timed, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err = w.Retrieve(timed)
	wantError(t, err, KindUnreachable, "", want)
	if deadline, _ := timed.Deadline(); time.Now().Before(deadline) || time.Since(deadline) > 10*time.Second {
		t.Errorf("came back %v after the deadline", time.Since(deadline))
	}
}

// Settings for which there is no endpoint do not get better by waiting.
func TestRetrieveWithoutEndpoint(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*STS)
	}{
		{"FIPS with a URL", func(s *STS) { s.FIPS = true }},
		{"dual-stack with a URL", func(s *STS) { s.DualStack = true }},
		{"not a URL", func(s *STS) { s.URL = "http://[::1" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, s, w := start(t)
			test.change(&w.STS)
			source := &watched{File: w.Token.(token.File)}
			w.Token = source
			_, err := w.Retrieve(minute(t))
			if failed := AsError(err); failed.Kind != KindUnreachable || source.tries() != 1 {
				t.Errorf("%s after %d tries: %v", failed.Kind, source.tries(), err)
			}
			wantCalls(t, s, 0)
		})
	}
}
