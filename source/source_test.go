package source

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
	"github.com/credproc/credproc/source/token"
)

const (
	migrator = "arn:aws:iam::111122223333:role/ci/migrator"
	subject  = "system:serviceaccount:default:credproc"
	assuming = "assuming " + migrator + ": "
)

// These tests wait more than they compute.
func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "32")
	os.Exit(m.Run())
}

// start returns an issuer, an STS that trusts it and knows the migrator, and
// a source of credentials for that role whose token is fresh.
func start(t *testing.T) (*sourcetest.Issuer, *sourcetest.STS, *WebIdentity) {
	t.Helper()
	iss, s := sourcetest.NewIssuer(), sourcetest.NewSTS()
	t.Cleanup(iss.Close)
	t.Cleanup(s.Close)
	s.Trust(iss.URL)
	s.AddRole(sourcetest.Role{ARN: migrator})
	w := &WebIdentity{
		Token:       token.File(filepath.Join(t.TempDir(), "token")),
		RoleARN:     migrator,
		SessionName: "credproc",
		STS:         STS{URL: s.URL},
	}
	writeToken(t, iss, w, sourcetest.Claims{})
	return iss, s, w
}

func writeToken(t *testing.T, iss *sourcetest.Issuer, w *WebIdentity, c sourcetest.Claims) {
	t.Helper()
	if err := iss.WriteToken(string(w.Token.(token.File)), c); err != nil {
		t.Fatal(err)
	}
}

// minute bounds what ends by itself, on any machine.
func minute(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// A deadline is a context whose time is up when pass is called, rather than
// by a clock that could decide a test.
type deadline struct {
	context.Context
	once sync.Once
	done chan struct{}
}

func newDeadline(t *testing.T) *deadline {
	return &deadline{Context: minute(t), done: make(chan struct{})}
}

func (d *deadline) pass() { d.once.Do(func() { close(d.done) }) }

func (d *deadline) Done() <-chan struct{} { return d.done }

func (d *deadline) Err() error {
	select {
	case <-d.done:
		return context.DeadlineExceeded
	default:
		return d.Context.Err()
	}
}

// A watched source of tokens calls before with the number of each try, from 1,
// ahead of the look at the file; and after, once the file was read.
type watched struct {
	token.File
	before, after func(try int)

	mu  sync.Mutex
	try int
}

func (w *watched) Token(ctx context.Context) (token.Token, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.try++
	if w.before != nil {
		w.before(w.try)
	}
	tok, err := w.File.Token(ctx)
	if w.after != nil {
		w.after(w.try)
	}
	return tok, err
}

// tries tells how many times the token has been asked for.
func (w *watched) tries() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.try
}

// wantError checks err's kind, code and whole text.
func wantError(t *testing.T, err error, kind Kind, code, text string) {
	t.Helper()
	var failed *Error
	if !errors.As(err, &failed) {
		t.Fatalf("got error %v, want %s %s: %s", err, kind, code, text)
	}
	if failed.Kind != kind || failed.Code != code || failed.Error() != text {
		t.Errorf("got  %s %q: %s\nwant %s %q: %s", failed.Kind, failed.Code, failed.Text, kind, code, text)
	}
}

func wantCalls(t *testing.T, s *sourcetest.STS, want int) {
	t.Helper()
	if got := s.Calls(); got != want {
		t.Errorf("%d calls to STS, want %d: %+v", got, want, s.Log())
	}
}
