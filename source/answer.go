package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// An answer is what went wrong with one request, to STS or to whoever else hands
// out credentials. The zero answer is that nothing did.
type answer struct {
	kind   Kind
	code   string // verbatim, empty when STS itself did not speak
	text   string
	retry  bool  // the same request may succeed in a moment
	seldom bool  // but that is not likely
	err    error // the cause, where it repeats nothing that a server said
}

// Codes that pass by themselves. The throttling ones are those that the SDKs
// retry (aws-sdk-go-v2 aws/retry, DefaultThrottleErrorCodes).
var passing = []string{
	"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
	"RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
	"BandwidthLimitExceeded", "SlowDown", "PriorRequestNotComplete",
	"IDPCommunicationError", "IDPCommunicationErrorException",
	"InternalFailure", "InternalError", "ServiceUnavailable", "ServiceUnavailableException",
	"RequestTimeout", "RequestTimeoutException",
}

// classify turns an error of the STS client into an answer. secrets are what no
// message may repeat.
func classify(err error, secrets ...string) answer {
	if err == nil {
		return answer{}
	}
	var response *smithyhttp.ResponseError
	status := 0
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "" && api.ErrorCode() != "UnknownError" {
		code, message := clean(api.ErrorCode(), secrets...), clean(api.ErrorMessage(), secrets...)
		a := answer{kind: KindRefused, code: code, text: code + ": " + message,
			err: &smithy.GenericAPIError{Code: code, Message: message}}
		if message == "" || message == "UnknownError" { // the SDK's word for none
			a.text = code
		}
		switch {
		case slices.Contains(passing, code), status >= 500, status == http.StatusTooManyRequests,
			strings.Contains(message, "Couldn't retrieve verification key"):
			a.kind, a.retry = KindUnreachable, true
		}
		return a
	}
	a := answer{kind: KindUnreachable, retry: true}
	if status == 0 {
		a.err = err
	}
	var send *smithyhttp.RequestSendError
	var network net.Error
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority), errors.As(err, &hostname), errors.As(err, &invalid):
		a.retry = false
		a.code = CodeCertificate
		a.text = clean(innermost(err).Error(), secrets...)
	case errors.Is(err, errIncomplete), errors.Is(err, errStale):
		a.text = err.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.As(err, &network) && network.Timeout():
		a.kind = KindDeadline
		a.text = "no answer in time"
	case status >= 500:
		a.text = fmt.Sprintf("HTTP status %d %s", status, http.StatusText(status))
	case status >= 300:
		a.text = fmt.Sprintf("HTTP status %d without an error code; this does not look like STS", status)
	case status != 0:
		a.text = "an answer that is not STS's XML"
	default:
		a.text = clean(innermost(err).Error(), secrets...)
		// What the SDK did not even send, it will not send later: the settings
		// lead to no endpoint.
		a.retry = errors.As(err, &send)
		// A name that does not exist may be a name server that is starting; more
		// often it is a region that is mistyped.
		var name *net.DNSError
		a.seldom = errors.As(err, &name) && name.IsNotFound
	}
	return a
}

// assuming words an answer to the request for a role's credentials.
func (a answer) assuming(roleARN string, s STS) *Error {
	text := a.text
	if a.kind != KindRefused {
		text = s.place(roleARN) + ": " + text
	}
	return &Error{Kind: a.kind, Code: a.code, Text: fmt.Sprintf("assuming %s: %s", roleARN, text), Err: a.err}
}

// unusable words why there is no client to ask for a role's credentials with.
func unusable(roleARN string, err error) *Error {
	return &Error{Kind: KindUnreachable, Code: CodeCABundle, Text: fmt.Sprintf("assuming %s: %v", roleARN, err), Err: err}
}

// CodeCertificate is Error.Code when the server's certificate is not trusted.
const CodeCertificate = "certificate"

// innermost strips the SDK's wrapping: the reason is at the bottom.
func innermost(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return certificate
	}
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
