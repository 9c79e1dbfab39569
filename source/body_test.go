package source

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// closer is a body that cannot be read once it is closed, as the SDK's.
type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

func (c *closer) Read(p []byte) (int, error) {
	if c.closed {
		return 0, errors.New("read after close")
	}
	return c.Reader.Read(p)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestBodyOutlivesTheSDK: the SDK closes its body while the transport may still
// be looking for its end.
func TestBodyOutlivesTheSDK(t *testing.T) {
	body := &closer{Reader: strings.NewReader("Action=x")}
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1", body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := bounded{roundTripper(func(r *http.Request) (*http.Response, error) {
		body.Close()
		sent, err := io.ReadAll(r.Body)
		if err != nil || string(sent) != "Action=x" {
			t.Errorf("the transport reads %q, %v", sent, err)
		}
		return &http.Response{Body: http.NoBody}, nil
	})}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}
