package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/credproc/credproc/source/internal/web"
)

// Instance asks an EC2 instance's metadata service (IMDSv2) for the credentials
// of the instance's role. Version 1 of that service is not asked: it gives
// credentials to whoever can make the instance send a GET.
// Source: Amazon EC2 User Guide, "Use the Instance Metadata Service".
type Instance struct {
	// Endpoint is the service's URL: AWS_EC2_METADATA_SERVICE_ENDPOINT, or
	// InstanceEndpointIPv6. Empty means http://169.254.169.254.
	Endpoint string
}

const (
	instanceEndpoint = "http://169.254.169.254"

	// InstanceEndpointIPv6 is where AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6
	// leads to.
	InstanceEndpointIPv6 = "http://[fd00:ec2::254]"
)

// Values of Error.Code for an Instance.
const (
	CodeHopLimit = "hop-limit" // connected, but no answer ever came back: it does not reach into a container
	CodeNoIMDS   = "no-imds"   // nobody is there, or not for us: no EC2 instance, or switched off
	CodeNoRole   = "no-role"   // the instance has no role
)

// The service is a few metres away. It is given more time than the SDKs give
// it, because to us it is the only place to ask.
const (
	instanceDial   = time.Second
	instanceAnswer = 2 * time.Second
	instanceTries  = 3 // of faults that are no answer; those seldom pass
)

// Retrieve asks for the role's name and then for its credentials.
func (i *Instance) Retrieve(ctx context.Context) (Credentials, error) {
	tries := 0
	creds, a := insist(ctx, func(ctx context.Context, limit time.Duration) (Credentials, answer) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		tries++
		creds, a := i.ask(ctx)
		a.retry = a.retry && (a.code == "" || tries < instanceTries)
		return creds, a
	}, func(answer) bool { return false })
	if a.kind != "" {
		return Credentials{}, &Error{Kind: a.kind, Code: a.code, Text: i.String() + ": " + a.text, Err: a.err}
	}
	creds.Identity = i.Key().Identity
	return creds, nil
}

// roleName is the alphabet of IAM's role names.
// Source: IAM API Reference, CreateRole.
func isRoleName(s string) bool {
	const marks = "_+=,.@-"
	other := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(marks, r)
	}
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, other)
}

const rolePath = "iam/security-credentials/"

func (i *Instance) ask(ctx context.Context) (Credentials, answer) {
	seen := &witness{}
	client := imds.New(imds.Options{
		Endpoint:          i.endpoint(),
		HTTPClient:        seen,
		Retryer:           aws.NopRetryer{},
		EnableFallback:    aws.FalseTernary,
		ClientEnableState: imds.ClientEnabled, // our own user asked for it, whatever AWS_EC2_METADATA_DISABLED says
	})
	get := func(path string) ([]byte, error) {
		out, err := client.GetMetadata(ctx, &imds.GetMetadataInput{Path: path})
		if err != nil {
			return nil, err
		}
		return io.ReadAll(out.Content)
	}
	list, err := get(rolePath)
	if err != nil {
		return Credentials{}, seen.answer(ctx, err)
	}
	role, _, _ := strings.Cut(strings.TrimSpace(string(list)), "\n")
	if !isRoleName(role) {
		return Credentials{}, answer{kind: KindUnreachable, retry: true, text: "the answer names no role; this does not look like EC2"}
	}
	text, err := get(rolePath + role)
	if err != nil {
		return Credentials{}, seen.answer(ctx, err)
	}
	d, err := read(text)
	if err == nil && d.Code != "" && d.Code != "Success" {
		code := clean(d.Code)
		return Credentials{}, answer{kind: KindRefused, code: code, text: "no credentials of role " + role + ": " + code + ": " + clean(d.Message)}
	}
	var creds Credentials
	if err == nil {
		creds, err = d.credentials()
	}
	if err == nil && !creds.Complete() {
		err = errIncomplete
	}
	if err != nil {
		return Credentials{}, answer{kind: KindUnreachable, retry: true, text: "the answer for role " + role + " is no good: " + err.Error()}
	}
	return creds, answer{}
}

// A witness is the SDK's HTTP client for one try and remembers what became of
// its last request: the errors of the SDK's own do not always say.
type witness struct {
	connected atomic.Bool
	status    int
	err       error
	method    string
}

func (w *witness) Do(r *http.Request) (*http.Response, error) {
	w.method, w.status = r.Method, 0
	w.connected.Store(false)
	client := &http.Client{
		Transport: bounded{&http.Transport{ // no proxy: it could only ask for its own credentials
			DialContext:            (&net.Dialer{Timeout: instanceDial}).DialContext,
			ResponseHeaderTimeout:  instanceAnswer,
			MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives:      true,
			DisableCompression:     true,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { w.connected.Store(true) }}
	var resp *http.Response
	resp, w.err = client.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if resp != nil {
		w.status = resp.StatusCode
	}
	return resp, w.err
}

// answer says what the last request came to.
func (w *witness) answer(ctx context.Context, err error) answer {
	a := answer{kind: KindUnreachable, retry: true}
	var network net.Error
	switch {
	case ctx.Err() != nil && w.status == 0:
		a.kind, a.text, a.err = KindDeadline, "no answer in time", ctx.Err()
	case w.method == "":
		a.kind, a.retry, a.text = KindSettings, false, "that is no URL"
	case w.status == http.StatusNotFound && w.method == http.MethodGet:
		a.kind, a.code, a.retry = KindRefused, CodeNoRole, false
		a.text = "the instance has no role"
	case w.status == http.StatusForbidden, w.status == http.StatusNotFound, w.status == http.StatusMethodNotAllowed:
		a.kind, a.code, a.retry = KindRefused, CodeNoIMDS, false
		a.text = fmt.Sprintf("HTTP status %d %s: IMDSv2 is switched off here", w.status, http.StatusText(w.status))
	case w.status != 0 && w.status != http.StatusOK:
		a.text = fmt.Sprintf("HTTP status %d %s", w.status, http.StatusText(w.status))
	case w.err == nil:
		a.text = "the answer cannot be read; this does not look like EC2"
	case w.connected.Load() && w.method == http.MethodPut && errors.As(w.err, &network) && network.Timeout():
		// Packets of the answer to this PUT live for a few hops only, those of
		// any other answer do not.
		a.code, a.err = CodeHopLimit, w.err
		a.text = "it took the connection, but its answer does not come back: in a container that is a hop limit too low"
	default:
		a.code, a.err = CodeNoIMDS, w.err
		a.text = clean(innermost(w.err).Error())
	}
	return a
}

// HopLimitCommand is the one command that mends CodeHopLimit, but for the
// instance's id, which nobody can ask for from where the answer does not reach.
// Two hops are right for a container, three for one within another.
const HopLimitCommand = "aws ec2 modify-instance-metadata-options --instance-id INSTANCE --http-put-response-hop-limit 3"

func (i *Instance) endpoint() string {
	if i.Endpoint != "" {
		return i.Endpoint
	}
	return instanceEndpoint
}

func (i *Instance) String() string { return "instance metadata at " + web.Place(i.endpoint()) }

// Key names the service; its identity is the machine, since a cache folder may
// be shared between several.
func (i *Instance) Key() Key {
	host, _ := os.Hostname()
	return Key{
		Settings: digest("instance", i.endpoint()),
		Identity: digest("instance", host),
		Role:     i.String(),
	}
}
