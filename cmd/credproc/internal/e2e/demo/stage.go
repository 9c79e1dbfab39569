package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

const role = "arn:aws:iam::111122223333:role/migrator"

// A stage is a home with the README's profiles and a web identity token, a
// credproc built from this working copy, and the services around them.
type stage struct {
	dir, credproc, token string

	issuer *sourcetest.Issuer
	sts    *sourcetest.STS
	door   *httptest.Server // to STS, for those who renew
	events chan event
}

func newStage(ctx context.Context) (*stage, error) {
	dir, err := os.MkdirTemp("", "credproc-demo-")
	if err != nil {
		return nil, err
	}
	st := &stage{
		dir:      dir,
		credproc: filepath.Join(dir, "credproc"),
		token:    filepath.Join(dir, "token"),
		issuer:   sourcetest.NewIssuer(),
		sts:      sourcetest.NewSTS(),
		events:   make(chan event, 100),
	}
	st.door = httptest.NewServer(st.keepDoor())
	st.sts.Trust(st.issuer.URL)
	st.sts.AddRole(sourcetest.Role{ARN: role})
	st.sts.SetLifetime(hour)
	if err := errors.Join(st.build(ctx), st.writeConfig(), st.writeToken()); err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

func (st *stage) close() {
	st.door.Close()
	st.sts.Close()
	st.issuer.Close()
	os.RemoveAll(st.dir)
}

// build makes credproc as a release does.
func (st *stage) build(ctx context.Context) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/credproc/credproc").Output()
	if err != nil {
		return fmt.Errorf("finding credproc's module (`make demo` runs in the right folder): %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", st.credproc, "./cmd/credproc")
	cmd.Dir = strings.TrimSpace(string(root))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building credproc: %w\n%s", err, out)
	}
	return nil
}

func (st *stage) writeConfig() error {
	if err := os.Mkdir(filepath.Join(st.dir, ".aws"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(st.dir, ".aws", "config"), fmt.Appendf(nil, `[profile migration]
region             = eu-west-1
endpoint_url       = %s
credential_process = %s --profile migration-role

[profile migration-role]
role_arn                = %s
web_identity_token_file = %s
endpoint_url            = %s
`, st.sts.URL, st.credproc, role, st.token, st.door.URL), 0o600)
}

// env is the whole environment of every process on the stage.
func (st *stage) env(more ...string) []string {
	return append(more, "HOME="+st.dir, "PATH="+os.Getenv("PATH"), "CREDPROC_VERBOSE=true")
}

// writeToken writes a token that lives for a session.
func (st *stage) writeToken() error {
	return st.issuer.WriteToken(st.token, sourcetest.Claims{Expiry: time.Now().Add(hour)})
}

// renewTokens replaces the token at 80 % of its life, as kubelet does.
func (st *stage) renewTokens(ctx context.Context) {
	for every(ctx, hour*8/10) {
		if err := st.writeToken(); err == nil {
			st.events <- event{lane: tokenLane, mark: newToken}
		}
	}
}

// keepDoor lets calls pass to STS, but for an outage. It begins with the first
// call when it is due, which is that of the helper that found the entry soft.
// The jobs' own requests take another way: they are to be judged all the time.
func (st *stage) keepDoor() http.Handler {
	target, _ := url.Parse(st.sts.URL)
	toSTS := httputil.NewSingleHostReverseProxy(target)
	toSTS.ErrorLog = log.New(io.Discard, "", 0) // of helpers killed when the show ends
	due := sync.OnceValue(func() time.Time { return time.Now().Add(outageAfter) })
	began := sync.OnceValue(time.Now)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if time.Now().After(due()) && time.Since(began()) < outage {
			st.events <- event{lane: stsLane, mark: refused}
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		st.events <- event{lane: stsLane, mark: answered}
		toSTS.ServeHTTP(w, r)
	})
}

// every waits for the next tick, and reports false when the show is over.
func every(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
