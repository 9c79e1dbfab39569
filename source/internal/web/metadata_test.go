package web

import (
	"net/http"
	"testing"
)

func TestMetadata(t *testing.T) {
	for host, want := range map[string]bool{
		"169.254.169.254": true, "169.254.170.2": true, "169.254.170.23": true,
		"::ffff:169.254.169.254": true, "fe80::a9fe:a9fe": true, "fe80::1%eth0": true,
		"fd00:ec2::254": true, "fd00:ec2::23": true, "fd20:ce::254": true,
		"metadata.google.internal": true, "Metadata.Google.Internal.": true, "metadata.goog": true, "metadata": true,
		"127.0.0.1": false, "10.0.0.1": false, "169.253.1.1": false, "fd00:ec3::254": false, "fd20:ce::255": false,
		"vault.example": false, "metadata.example": false, "": false,
	} {
		if isMetadata(host) != want {
			t.Errorf("%s: %t", host, !want)
		}
	}
}

// Metadata is asked for directly, and so is whatever stands in for it. (Go
// reads the proxy variables once, so this asks for the decision itself.)
func TestProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://proxy.example:3128")
	for _, test := range []struct {
		request Request
		proxied bool
	}{
		{Request{URL: "http://vault.example/"}, true},
		{Request{URL: "http://vault.example/", Direct: true}, false},
		{Request{URL: "http://169.254.169.254/"}, false},
		{Request{URL: "http://[fd00:ec2::254]:80/"}, false},
		{Request{URL: "http://metadata.google.internal/"}, false},
	} {
		req, err := http.NewRequest("GET", test.request.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		proxy, err := test.request.proxy(req)
		if err != nil || (proxy != nil) != test.proxied {
			t.Errorf("%+v: %v, %v", test.request, proxy, err)
		}
	}
}

func TestPlace(t *testing.T) {
	for address, want := range map[string]string{
		"https://user:secret@host:1/a%20b?secret#secret": "https://host:1/a%20b",
		"secret": "the address", "://secret": "the address", "https://ho st/secret": "the address",
	} {
		if got := Place(address); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}
