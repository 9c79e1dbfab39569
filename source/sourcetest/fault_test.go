package sourcetest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
)

func TestFaultRefuses(t *testing.T) {
	iss, s := start(t)
	for _, test := range []struct {
		fault         Fault
		status        int
		code, message string
	}{
		{Throttle(), 400, "Throttling", "Rate exceeded"},
		{Refuse(400, "IDPCommunicationError", "try again"), 400, "IDPCommunicationError", "try again"},
		{Refuse(403, "RegionDisabledException", "off & <out>"), 403, "RegionDisabledException", "off & <out>"},
		{Refuse(503, "ServiceUnavailable", "come back later"), 503, "ServiceUnavailable", "come back later"},
		{Together(Skew(time.Hour), nil, Throttle(), Drop()), 400, "Throttling", "Rate exceeded"},
	} {
		s.SetFault(test.fault)
		_, err := assume(s, input(iss.Token(Claims{})))
		wantAPIError(t, err, test.status, test.code, test.message)
	}
	s.SetFault(nil)
	if _, err := assume(s, input(iss.Token(Claims{}))); err != nil {
		t.Errorf("not healed: %v", err)
	}
}

// What no API error tells: the SDK fails in its own words, if it fails at all.
func TestFaultSpoils(t *testing.T) {
	iss, s := start(t)
	for _, test := range []struct {
		outcome string
		fault   Fault
		want    string // in the error; empty: there is none
	}{
		{"Drop", Drop(), "EOF"},
		{"Half", Half(), "unexpected EOF"},
		{"HTML", HTML(200), "deserialization failed"},
		{"HTML", HTML(503), "StatusCode: 503"},
		{"Empty", Empty(), ""},
		{"EmptyResult", EmptyResult(), ""},
		{"Without", Without("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"), ""},
		{"Huge", Huge(), ""},
	} {
		s.SetFault(test.fault)
		out, err := assume(s, input(iss.Token(Claims{})))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got error %v, want %q", test.outcome, err, test.want)
			continue
		}
		if apiErr, ok := errors.AsType[smithy.APIError](err); ok && test.outcome != "HTML" {
			t.Errorf("%s: an API error: %v", test.outcome, apiErr)
		}
		if calls := s.Log(); calls[len(calls)-1].Outcome != test.outcome {
			t.Errorf("%s: the outcome is %s", test.outcome, calls[len(calls)-1].Outcome)
		}
		switch test.outcome {
		case "Empty", "EmptyResult":
			if out.Credentials != nil {
				t.Errorf("%s: credentials are not nil", test.outcome)
			}
		case "Without":
			if c := out.Credentials; c == nil || c.AccessKeyId != nil || c.SecretAccessKey != nil || c.SessionToken != nil || c.Expiration != nil {
				t.Error("Without: credentials are not empty")
			}
		case "Huge":
			if n := len(*out.Credentials.SessionToken); n != 10<<20 {
				t.Errorf("Huge: the session token has %d bytes", n)
			}
		}
	}
}

func TestFaultsInOrder(t *testing.T) {
	iss, s := start(t)
	s.SetFaults(slices.Concat(slices.Repeat([]Fault{Throttle()}, 2), []Fault{nil, Drop()})...)
	for range 5 {
		assume(s, input(iss.Token(Claims{})))
	}
	var outcomes []string
	for _, call := range s.Log() {
		outcomes = append(outcomes, call.Outcome)
	}
	if want := []string{"Throttling", "Throttling", "OK", "Drop", "OK"}; !slices.Equal(outcomes, want) {
		t.Errorf("got %v, want %v", outcomes, want)
	}
	s.SetFaults(Drop())
	s.SetFault(nil)
	if _, err := assume(s, input(iss.Token(Claims{}))); err != nil {
		t.Errorf("SetFault left the queue: %v", err)
	}
}

func TestSlow(t *testing.T) {
	iss, s := start(t)
	s.SetFault(Slow(50 * time.Millisecond))
	began := time.Now()
	if _, err := assume(s, input(iss.Token(Claims{}))); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("a slow call took %v", took)
	}
}

func TestHangEndsWithItsClient(t *testing.T) {
	iss, s := start(t)
	s.SetFault(Hang())
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	go func() {
		_, err := client(s.URL, aws.AnonymousCredentials{}).AssumeRoleWithWebIdentity(ctx, input(iss.Token(Claims{})))
		failed <- err
	}()
	poll(t, func() bool { return s.Calls("Hang") == 1 })
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCloseEndsEveryCall(t *testing.T) {
	for name, fault := range map[string]Fault{"hang": Hang(), "slow": Slow(time.Hour)} {
		t.Run(name, func(t *testing.T) {
			iss, s := start(t)
			s.SetFault(fault)
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() {
					if _, err := assume(s, input(iss.Token(Claims{}))); err == nil {
						t.Error("a call that hung succeeded")
					}
				})
			}
			poll(t, func() bool { return s.Calls() == 5 })
			s.Close()
			wg.Wait()
			s.Close()
		})
	}
}

// poll waits for a condition that will come true.
func poll(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the condition never came true")
		}
	}
}

func TestSkew(t *testing.T) {
	iss, s := start(t)
	now := time.Date(2026, 11, 12, 14, 0, 0, 0, time.UTC)
	s.SetClock(func() time.Time { return now })
	token := iss.Token(Claims{IssuedAt: now.Add(-3 * time.Hour), Expiry: now.Add(time.Hour)})

	s.SetFault(Skew(-2 * time.Hour))
	out, err := assume(s, input(token))
	if err != nil {
		t.Fatal(err)
	}
	if want := now.Add(-time.Hour); !out.Credentials.Expiration.Equal(want) {
		t.Errorf("expires %v, want %v", out.Credentials.Expiration, want)
	}
	if date, ok := awsmiddleware.GetServerTime(out.ResultMetadata); !ok || !date.Equal(now.Add(-2*time.Hour)) {
		t.Errorf("Date is %v, want two hours before %v", date, now)
	}

	s.SetFault(Skew(time.Hour))
	_, err = assume(s, input(token))
	wantAPIError(t, err, 400, "ExpiredTokenException", "Token expired: current date/time 1794495600 must be before the expiration date/time1794495600")

	s.SetFault(NoDate())
	out, err = assume(s, input(token))
	if err != nil {
		t.Fatal(err)
	}
	if date, ok := awsmiddleware.GetServerTime(out.ResultMetadata); ok && !date.IsZero() {
		t.Errorf("NoDate: Date is %v", date)
	}
}

func TestTLS(t *testing.T) {
	s := NewTLSSTS()
	t.Cleanup(s.Close)
	if _, err := http.Get(s.URL); !isUnknownAuthority(err) {
		t.Errorf("got %v, want a certificate nobody signed", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CertificatePEM()) {
		t.Fatal("no certificate")
	}
	resp, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); !strings.Contains(string(body), "<Code>MissingAction</Code>") {
		t.Errorf("got %s", body)
	}
}

func isUnknownAuthority(err error) bool {
	_, ok := errors.AsType[x509.UnknownAuthorityError](err)
	return ok
}
