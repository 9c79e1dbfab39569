package source

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/credproc/credproc/source/internal/regular"
	"github.com/credproc/credproc/source/internal/web"
	"github.com/credproc/credproc/source/token"
)

// Container asks the endpoint that ECS, EKS Pod Identity and others give to a
// container for its role's credentials. They may come without an end
// (Credentials.Ends).
// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
type Container struct {
	// RelativeURI is AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, a path on ECS's
	// agent; it goes before FullURI, AWS_CONTAINER_CREDENTIALS_FULL_URI.
	RelativeURI, FullURI string

	// TokenFile is AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, read anew at each
	// try; it goes before Token, AWS_CONTAINER_AUTHORIZATION_TOKEN.
	TokenFile, Token string
}

const (
	ecsAgent = "http://169.254.170.2"

	// maxToken is far above any authorization token, in bytes.
	maxToken = 64 << 10
)

// Retrieve asks until it has credentials, a refusal, or ctx is done.
func (c *Container) Retrieve(ctx context.Context) (Credentials, error) {
	address, err := c.address()
	if err != nil {
		return Credentials{}, &Error{Kind: KindSettings, Text: c.String() + ": " + err.Error()}
	}
	creds, a := insist(ctx, func(ctx context.Context, limit time.Duration) (Credentials, answer) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return c.ask(ctx, address)
	}, func(answer) bool { return false })
	if a.kind != "" {
		return Credentials{}, &Error{Kind: a.kind, Code: a.code, Text: c.String() + ": " + a.text, Err: a.err}
	}
	creds.Identity = c.Key().Identity
	return creds, nil
}

func (c *Container) ask(ctx context.Context, address string) (Credentials, answer) {
	authorization, err := c.authorization()
	if err != nil {
		return Credentials{}, answer{kind: KindSettings, text: err.Error()}
	}
	r := web.Request{URL: address, Header: map[string]string{"Accept": "application/json"}, Plain: true, Secrets: []string{authorization}}
	if authorization != "" {
		r.Header["Authorization"] = authorization
	}
	body, err := web.Ask(ctx, r)
	if err != nil {
		return Credentials{}, answered(ctx, err)
	}
	d, err := read(body)
	var creds Credentials
	if err == nil {
		creds, err = d.credentials()
	}
	if err != nil {
		return Credentials{}, answer{kind: KindUnreachable, retry: true, text: "the answer is no good: " + err.Error()}
	}
	return creds, answer{}
}

// answered says what an error of web means.
func answered(ctx context.Context, err error) answer {
	a := answer{kind: KindUnreachable, text: err.Error(), err: err, retry: true}
	var failed *web.Error
	if errors.As(err, &failed) {
		a.text = failed.Text // whoever words this names the place
	}
	switch {
	case ctx.Err() != nil:
		a.kind, a.text = KindDeadline, "no answer in time"
	case failed == nil:
	case failed.Kind == web.Refused:
		a.kind, a.code, a.retry = KindRefused, failed.Code, false
		if failed.Code != "" {
			a.text = failed.Code + ": " + a.text
		}
	case failed.Kind == web.Untrusted:
		a.code, a.retry = CodeCertificate, false
	case failed.Kind == web.BadAddress:
		a.kind, a.retry = KindSettings, false
	}
	return a
}

// address is the URL to ask. Without TLS that is one on this machine only, or
// whoever is in between gets the credentials.
func (c *Container) address() (string, error) {
	if c.RelativeURI != "" {
		if !strings.HasPrefix(c.RelativeURI, "/") {
			return "", errors.New("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path: it does not begin with a slash")
		}
		return ecsAgent + c.RelativeURI, nil
	}
	u, err := url.Parse(c.FullURI)
	switch {
	case c.FullURI == "":
		return "", errors.New("neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("AWS_CONTAINER_CREDENTIALS_FULL_URI is no http or https URL")
	case u.Scheme == "http" && !local(u.Hostname()):
		return "", errors.New("AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or lead to this machine: to loopback, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]")
	}
	return c.FullURI, nil
}

// local reports whether host may be asked without TLS.
func local(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	switch ip = ip.Unmap(); ip.String() {
	case "169.254.170.2", "169.254.170.23", "fd00:ec2::23":
		return true
	}
	return ip.IsLoopback()
}

// authorization is what to put into the header of that name, or empty.
func (c *Container) authorization() (string, error) {
	text, place := c.Token, "AWS_CONTAINER_AUTHORIZATION_TOKEN"
	if c.TokenFile != "" {
		place = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE " + c.TokenFile
		content, err := regular.Read(c.TokenFile, maxToken)
		switch {
		case err != nil:
			return "", fmt.Errorf("reading %s: %w", place, reason(err))
		case len(content) == 0:
			return "", fmt.Errorf("%s is empty", place)
		}
		text = string(content)
	}
	if strings.ContainsAny(text, "\r\n") {
		return "", fmt.Errorf("%s has a line break in it: no SDK takes that, nor does HTTP", place)
	}
	return text, nil
}

// reason is an error of a file without the file's name.
func reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (c *Container) String() string {
	if address, err := c.address(); err == nil {
		return "container credentials at " + web.Place(address)
	}
	return "container credentials"
}

// Key names the endpoint. Its identity is the container (its host name, and for
// ECS the task in the URL) and whoever the authorization speaks for: in EKS that
// is a web identity token with a subject. Of any other only a digest is taken.
func (c *Container) Key() Key {
	address, _ := c.address()
	host, _ := os.Hostname()
	k := Key{Settings: digest("container", address, c.TokenFile), Role: c.String()}
	text, _ := c.authorization()
	who := digest("authorization", text)
	if tok, err := token.Parse([]byte(text), ""); err == nil {
		id := tok.Identity()
		who, k.Subject = id.Digest, id.Subject
	}
	k.Identity = digest("container", host, who)
	return k
}

// Format keeps the token out of every fmt verb.
func (c Container) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }
