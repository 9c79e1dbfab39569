package sourcetest

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"mime"
	"net/http"
	"strconv"
)

const (
	apiVersion = "2011-06-15"
	namespace  = "https://sts.amazonaws.com/doc/2011-06-15/"
	timeFormat = "2006-01-02T15:04:05Z"
)

// An answer is a whole response but for its date.
type answer struct {
	status      int
	contentType string
	requestID   string
	body        []byte
	outcome     string
}

// A refusal is an error that STS sends to its caller.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

// invalid is what STS says of parameters it does not like.
func invalid(message string) *refusal {
	return &refusal{http.StatusBadRequest, "ValidationError", message}
}

func (r *refusal) answer() answer {
	type detail struct{ Type, Code, Message string }
	blame := "Sender"
	if r.status >= 500 {
		blame = "Receiver"
	}
	id := requestID()
	return newAnswer(r.status, r.code, id, struct {
		XMLName   xml.Name
		Namespace string `xml:"xmlns,attr"`
		Error     detail
		RequestID string `xml:"RequestId"`
	}{xml.Name{Local: "ErrorResponse"}, namespace, detail{blame, r.code, r.message}, id})
}

// A result is what stands in the result element of any action.
type result struct {
	XMLName                     xml.Name
	SubjectFromWebIdentityToken string           `xml:",omitempty"`
	Audience                    string           `xml:",omitempty"`
	AssumedRoleUser             *assumedRoleUser `xml:",omitempty"`
	Credentials                 *credentials     `xml:",omitempty"`
	PackedPolicySize            int              `xml:",omitempty"`
	Provider                    string           `xml:",omitempty"`
	SourceIdentity              string           `xml:",omitempty"`
	Arn                         string           `xml:",omitempty"`
	UserID                      string           `xml:"UserId,omitempty"`
	Account                     string           `xml:",omitempty"`
}

type assumedRoleUser struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	Arn           string
}

type credentials struct {
	AccessKeyID     string `xml:"AccessKeyId,omitempty"`
	SecretAccessKey string `xml:",omitempty"`
	SessionToken    string `xml:",omitempty"`
	Expiration      string `xml:",omitempty"`
}

func (r *result) answer(action string) answer {
	type metadata struct {
		RequestID string `xml:"RequestId"`
	}
	r.XMLName.Local = action + "Result"
	id := requestID()
	return newAnswer(http.StatusOK, "OK", id, struct {
		XMLName          xml.Name
		Namespace        string `xml:"xmlns,attr"`
		Result           *result
		ResponseMetadata metadata
	}{xml.Name{Local: action + "Response"}, namespace, r, metadata{id}})
}

func newAnswer(status int, outcome, requestID string, v any) answer {
	body, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		panic("sourcetest: " + err.Error())
	}
	return answer{status, "text/xml", requestID, append(body, '\n'), outcome}
}

// send writes the whole answer; sendPart writes n bytes of it after a header
// that promises them all: net/http then closes the connection.
func (x *exchange) send(a answer) { x.sendPart(a, len(a.body)) }

func (x *exchange) sendPart(a answer, n int) {
	h := x.w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.requestID != "" {
		h.Set("x-amzn-RequestId", a.requestID)
	}
	h.Set("Date", x.now().UTC().Format(http.TimeFormat))
	if x.noDate {
		h["Date"] = nil // keeps net/http from adding its own
	}
	// The outcome stands before the client can have read the answer, so that
	// a test which got one finds it counted.
	x.finish(a.outcome)
	x.w.WriteHeader(a.status)
	x.w.Write(a.body[:n]) // a client that went away needs no answer
}

func isForm(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && mediaType == "application/x-www-form-urlencoded"
}

// requestID returns a random UUID, which is what AWS's look like.
func requestID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
