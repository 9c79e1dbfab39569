package sourcetest

import (
	"encoding/pem"
	"errors"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const defaultAudience = "sts.amazonaws.com"

// An STS is a strict AWS Security Token Service on a loopback port. It trusts
// no issuer and knows no role until it is told. Its methods are safe for
// concurrent use, also while it serves.
type STS struct {
	// URL is the endpoint: http://127.0.0.1:PORT, or https for NewTLSSTS.
	URL string

	server *httptest.Server
	done   chan struct{} // closed by Close: frees whatever a fault holds up

	mu        sync.Mutex
	closed    bool
	now       func() time.Time
	lifetime  time.Duration
	providers map[string][]string // client ids by issuer
	roles     map[string]Role     // by ARN
	keys      map[string]identity // by access key id
	fault     Fault
	queue     []Fault // one for each of the next calls, before fault
	calls     []*Call
}

// A Role is what AssumeRoleWithWebIdentity and AssumeRole hand out sessions of.
type Role struct {
	// ARN has AWS's shape or that of an S3-compatible server, such as
	// arn:minio:iam:::role/name.
	ARN string

	// Subjects and Audiences are the sub and aud claims that the trust policy
	// names, compared byte for byte; Callers are the ARNs that may use
	// AssumeRole: users, roles, or single sessions. An empty list trusts anyone.
	Subjects  []string
	Audiences []string
	Callers   []string

	// ExternalID is the sts:ExternalId that AssumeRole must send, if set.
	ExternalID string

	// MaxSessionDuration defaults to one hour, as in IAM.
	MaxSessionDuration time.Duration
}

// A Call is one request as STS saw it.
type Call struct {
	// Time is when it arrived, by the machine's clock.
	Time time.Time

	// Action is as sent, and empty if none was.
	Action string

	// Form holds every parameter but WebIdentityToken.
	Form url.Values

	// Subject is the sub claim of the web identity token, not verified.
	Subject string

	// AccessKeyID is that of the signature, not verified.
	AccessKeyID string

	// Outcome is OK, the code of the error that was sent, or the name of the
	// fault that answered: Hang, Drop, HTML, Empty, EmptyResult, Without, Half,
	// Huge. It is empty while the call is being served; Gone means that client
	// or server went away before the answer.
	Outcome string
}

// NewSTS starts an STS. It panics if it cannot listen on loopback. The caller
// closes it.
func NewSTS() *STS {
	s := newSTS()
	s.server.Start()
	s.URL = s.server.URL
	return s
}

// NewTLSSTS starts an STS that speaks TLS under a certificate for 127.0.0.1
// that no authority has signed.
func NewTLSSTS() *STS {
	s := newSTS()
	s.server.StartTLS()
	s.URL = s.server.URL
	return s
}

func newSTS() *STS {
	s := &STS{
		done:      make(chan struct{}),
		now:       time.Now,
		providers: make(map[string][]string),
		roles:     make(map[string]Role),
		keys:      make(map[string]identity),
	}
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are expected
	return s
}

// Close stops the server and cuts every call in progress short, hanging ones
// included. Closing twice is harmless.
func (s *STS) Close() {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return
	}
	// Closing the connections ends most calls; done ends those that arrive
	// between the next two lines, for which Close would wait.
	close(s.done)
	s.server.CloseClientConnections()
	s.server.Close()
}

// CertificatePEM returns the server's certificate, for a CA bundle that trusts
// it. It is nil without TLS.
func (s *STS) CertificatePEM() []byte {
	cert := s.server.Certificate()
	if cert == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// Trust registers an issuer as IAM's OIDC providers are registered, with the
// audiences it may issue tokens for; none means sts.amazonaws.com.
func (s *STS) Trust(issuer string, clientIDs ...string) {
	if len(clientIDs) == 0 {
		clientIDs = []string{defaultAudience}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.providers[issuer] = clientIDs
}

// AddRole registers a role, or replaces the one with the same ARN.
func (s *STS) AddRole(r Role) {
	if r.MaxSessionDuration == 0 {
		r.MaxSessionDuration = time.Hour
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[r.ARN] = r
}

// SetLifetime makes sessions live for d when a call sends no DurationSeconds,
// however short that is; 0 restores AWS's default of an hour. Expirations are
// whole seconds: fractions are cut off.
func (s *STS) SetLifetime(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifetime = d
}

// SetClock replaces the clock by which STS judges tokens and signatures and
// dates its answers; nil restores the machine's. Skew moves it for single calls.
func (s *STS) SetClock(now func() time.Time) {
	if now == nil {
		now = time.Now
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// SetFault makes every following call meet f, until it is replaced; nil heals.
// It forgets what SetFaults left. Calls in progress keep the fault they met,
// except that Close ends them.
func (s *STS) SetFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.queue = f, nil
}

// SetFaults makes each of the following calls meet one of the faults, in order,
// and heals STS after the last; a nil among them is a healthy call. To fail N
// times and then work, give it slices.Repeat([]Fault{Throttle()}, N)...
func (s *STS) SetFaults(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.queue = nil, slices.Clone(faults)
}

// Calls counts the calls so far, those still in progress included. With
// arguments, it counts the calls whose Action or Outcome is each of them:
// Calls("AssumeRoleWithWebIdentity", "OK").
func (s *STS) Calls(having ...string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, call := range s.calls {
		if !slices.ContainsFunc(having, func(h string) bool { return h != call.Action && h != call.Outcome }) {
			n++
		}
	}
	return n
}

// Log returns the calls so far, in order of arrival.
func (s *STS) Log() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]Call, len(s.calls))
	for i, call := range s.calls {
		calls[i] = *call
		calls[i].Form = maps.Clone(call.Form)
	}
	return calls
}

// An exchange is one call being served.
type exchange struct {
	sts  *STS
	w    http.ResponseWriter
	r    *http.Request
	body []byte
	form url.Values
	call *Call // guarded by sts.mu

	skew   time.Duration
	noDate bool
}

// maxRequest is far above what the limits of all parameters add up to.
const maxRequest = 1 << 20

func (s *STS) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	x := &exchange{sts: s, w: w, r: r, body: body, form: parseForm(r, body)}
	fault := x.begin()
	defer x.finish("Gone")
	if fault == nil || !fault(x) {
		x.send(x.answer())
	}
}

// parseForm returns the parameters of a query request, or none at all where
// they cannot be read.
func parseForm(r *http.Request, body []byte) url.Values {
	query := r.URL.RawQuery
	if r.Method == http.MethodPost {
		query = string(body)
	}
	form, err := url.ParseQuery(query)
	if err != nil {
		return nil
	}
	return form
}

// begin records the call and takes the fault that it meets.
func (x *exchange) begin() Fault {
	call := &Call{
		Time:        time.Now(),
		Action:      x.form.Get("Action"),
		Form:        maps.Clone(x.form),
		AccessKeyID: parseAuthorization(x.r.Header.Get("Authorization")).accessKeyID,
	}
	delete(call.Form, "WebIdentityToken")
	var claims jwt.MapClaims
	if _, _, err := jwt.NewParser().ParseUnverified(x.form.Get("WebIdentityToken"), &claims); err == nil {
		call.Subject, _ = claims.GetSubject()
	}

	s := x.sts
	s.mu.Lock()
	defer s.mu.Unlock()
	x.call = call
	s.calls = append(s.calls, call)
	if len(s.queue) == 0 {
		return s.fault
	}
	fault := s.queue[0]
	s.queue = s.queue[1:]
	return fault
}

// finish settles the call's outcome; only the first settles it.
func (x *exchange) finish(outcome string) {
	x.sts.mu.Lock()
	defer x.sts.mu.Unlock()
	if x.call.Outcome == "" {
		x.call.Outcome = outcome
	}
}

// now is STS's clock as this call sees it.
func (x *exchange) now() time.Time {
	x.sts.mu.Lock()
	defer x.sts.mu.Unlock()
	return x.sts.now().Add(x.skew)
}

// answer is what a healthy STS says.
func (x *exchange) answer() answer {
	result, err := x.perform()
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused.answer()
	}
	return result.answer(x.call.Action)
}

func (x *exchange) perform() (*result, error) {
	if x.r.URL.Path != "/" && x.r.URL.Path != "" {
		return nil, &refusal{http.StatusNotFound, "UnknownOperationException", "The requested operation is not supported"}
	}
	switch x.r.Method {
	case http.MethodGet:
	case http.MethodPost:
		if x.r.URL.RawQuery != "" {
			return nil, invalid("parameters belong in the body of a POST")
		}
		if !isForm(x.r.Header.Get("Content-Type")) {
			return nil, invalid("the body of a POST must be application/x-www-form-urlencoded")
		}
	default:
		return nil, &refusal{http.StatusMethodNotAllowed, "UnsupportedOperation", "The HTTP method is not supported"}
	}
	switch version := x.form.Get("Version"); {
	case x.form == nil:
		return nil, &refusal{http.StatusBadRequest, "MalformedQueryString", "The query string contains a syntax error."}
	case x.call.Action == "":
		return nil, &refusal{http.StatusBadRequest, "MissingAction", "The request is missing an action."}
	case version != apiVersion:
		return nil, &refusal{http.StatusBadRequest, "NoSuchVersion", "The requested version (" + version + ") is not valid."}
	}
	p := newParams(x.form)
	switch x.call.Action {
	case "AssumeRoleWithWebIdentity":
		return x.assumeRoleWithWebIdentity(p)
	case "AssumeRole":
		return x.assumeRole(p)
	case "GetCallerIdentity":
		return x.getCallerIdentity(p)
	default:
		return nil, &refusal{http.StatusBadRequest, "InvalidAction", "Could not find operation " + x.call.Action + " for version " + apiVersion}
	}
}
