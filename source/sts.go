package source

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/credproc/credproc/source/internal/regular"
	"github.com/credproc/credproc/source/internal/web"
)

// STS says which Security Token Service to ask, and how. The zero value is the
// regional endpoint that the role's partition and Region lead to.
type STS struct {
	// Region is an AWS region. Empty means the global endpoint of the role's
	// partition.
	Region string

	// URL overrides the endpoint, for S3-compatible servers, tests and VPC
	// endpoints with names of their own. Empty means AWS's own.
	URL string

	// FIPS and DualStack ask for those variants of AWS's endpoints.
	FIPS, DualStack bool

	// CABundle is the path of a PEM file with the certificate authorities to
	// trust instead of the system's. Empty means the system's.
	CABundle string
}

// settings lists what of s can change an answer, for a Key.
func (s STS) settings(roleARN string) []string {
	return []string{"region", s.region(roleARN), "url", s.URL,
		"fips", strconv.FormatBool(s.FIPS), "dualstack", strconv.FormatBool(s.DualStack)}
}

// place says where STS is asked, for messages.
func (s STS) place(roleARN string) string {
	if s.URL != "" {
		// A URL may hold a password, or a signature.
		u, err := url.Parse(s.URL)
		if err != nil {
			return "STS at a URL that cannot be read"
		}
		u.RawQuery, u.Fragment = "", ""
		return "STS at " + u.Redacted()
	}
	return "STS in " + s.region(roleARN)
}

// region is never empty: without one, the SDK finds no endpoint.
// The regions stand for whole partitions (botocore's endpoints.json,
// partitionEndpoint of each partition's STS).
func (s STS) region(roleARN string) string {
	if s.Region != "" {
		return s.Region
	}
	_, rest, _ := strings.Cut(roleARN, ":")
	switch partition, _, _ := strings.Cut(rest, ":"); partition {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	default:
		return "aws-global"
	}
}

// client makes an STS client that does nothing behind our back: no default
// chain (which could run this very program), no retries (a retry wants a new
// token), no redirects (they would carry the token elsewhere).
func (s STS) client(roleARN string) (*sts.Client, error) {
	transport := &http.Transport{
		Proxy:                  web.Proxy,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if s.CABundle != "" {
		pem, err := regular.Read(s.CABundle, maxBundle)
		if err != nil {
			return nil, fmt.Errorf("reading the CA bundle: %w", err)
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading the CA bundle %s: it holds no PEM certificate", s.CABundle)
		}
	}
	options := sts.Options{
		Region:      s.region(roleARN),
		Credentials: aws.AnonymousCredentials{},
		Retryer:     aws.NopRetryer{},
		HTTPClient: &http.Client{
			Transport:     bounded{transport},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if s.URL != "" {
		options.BaseEndpoint = aws.String(s.URL)
	}
	options.EndpointOptions.UseFIPSEndpoint = state(s.FIPS, aws.FIPSEndpointStateEnabled)
	options.EndpointOptions.UseDualStackEndpoint = state(s.DualStack, aws.DualStackEndpointStateEnabled)
	return sts.New(options), nil
}

// maxBundle is far above the CA bundles of operating systems, in bytes.
const maxBundle = 4 << 20

// state is the enabled one of an SDK option's states, or its unset zero.
func state[T ~uint](on bool, enabled T) T {
	if on {
		return enabled
	}
	return 0
}

// maxAnswer is far above any answer of STS, in bytes.
const maxAnswer = 1 << 20

// bounded cuts answers that no STS would give, and owns the request's body: the
// SDK closes its own as soon as an answer begins, at which the transport, should
// it still look for that body's end, drops the connection and the answer with
// it. A busy machine shows it.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

// CodeCABundle is Error.Code when STS.CABundle cannot be used.
const CodeCABundle = "ca-bundle"

// fromSTS takes credentials out of an answer to a request sent at sent. STS may
// answer 200 without credentials, or with some of their parts missing, and the
// SDK calls that a success.
func fromSTS(in *types.Credentials, sent time.Time, metadata middleware.Metadata) (Credentials, error) {
	received := time.Now()
	if in == nil {
		return Credentials{}, errIncomplete
	}
	c := Credentials{
		AccessKeyID:     aws.ToString(in.AccessKeyId),
		SecretAccessKey: aws.ToString(in.SecretAccessKey),
		SessionToken:    aws.ToString(in.SessionToken),
		Expiration:      aws.ToTime(in.Expiration),
	}
	if !c.Complete() {
		return Credentials{}, errIncomplete
	}
	date, _ := awsmiddleware.GetServerTime(metadata)
	c.Issued, c.Expiration = onOurClock(c.Expiration, sent, received, date)
	c.Skew = skew(sent, received, date)
	if !c.Expiration.After(received) {
		return Credentials{}, errStale
	}
	return c, nil
}

var (
	errIncomplete = errors.New("the answer holds no complete credentials")
	errStale      = errors.New("the answer holds credentials that have expired already; compare this machine's clock")
)

// onOurClock gives the issue and expiration times that hold on this machine's
// clock, from the expiration as the server's clock has it. The request was sent
// at sent, its answer was there at received; date is the answer's Date header,
// which is a second wide, or zero. As long as both clocks can be right the
// server's expiration stands; otherwise the life that the server granted counts
// from the moment of asking.
func onOurClock(expiration, sent, received, date time.Time) (issued, expires time.Time) {
	sent, received = sent.Round(0), received.Round(0)
	agree := !date.After(received) && sent.Before(date.Add(time.Second))
	if date.IsZero() || agree {
		return received, expiration
	}
	return received, sent.Add(expiration.Sub(date))
}

// skew is how far our clock is ahead, zero where both clocks can be right.
func skew(sent, received, date time.Time) time.Duration {
	switch {
	case date.IsZero():
		return 0
	case date.After(received):
		return received.Sub(date)
	default:
		return max(0, sent.Sub(date.Add(time.Second)))
	}
}

// account is the number of the account that a role belongs to, or empty.
// S3-compatible servers have ARNs without one.
func account(user *types.AssumedRoleUser, roleARN string) string {
	for _, arn := range []string{roleOf(user), roleARN} {
		parts := strings.SplitN(arn, ":", 6)
		if len(parts) == 6 && len(parts[4]) == 12 && strings.Trim(parts[4], "0123456789") == "" {
			return parts[4]
		}
	}
	return ""
}

func roleOf(user *types.AssumedRoleUser) string {
	if user == nil {
		return ""
	}
	return aws.ToString(user.Arn)
}
