//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A server is a running credproc serve.
type server struct {
	*process
	w *world

	url, metrics string // of the endpoint and of /metrics, with the slash
	token        string
	tokenFile    string

	mu  sync.Mutex
	log strings.Builder // all of stderr so far
	eof chan struct{}
}

// serving starts a credproc serve on a free port and waits until it listens.
func (w *world) serving(t *testing.T, flags ...string) *server {
	t.Helper()
	s := &server{w: w, eof: make(chan struct{})}
	s.process = w.command(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"}, flags...)...)
	s.Env = append(s.Env, "TMPDIR="+w.home) // what a kill leaves there goes with the test
	s.Stderr = nil
	stderr, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Process.Kill()
		if t.Failed() {
			t.Logf("%.20000s", s.logged())
		}
	})
	first := make(chan string, 1)
	go func() {
		defer close(s.eof)
		in := bufio.NewReader(stderr)
		line, _ := in.ReadString('\n')
		first <- line
		s.keep(line)
		for {
			line, err := in.ReadString('\n')
			s.keep(line)
			if err != nil {
				return
			}
		}
	}()
	var said struct {
		Msg, URL string
		File     string `json:"authorization_token_file"`
		Metrics  string `json:"metrics_url"`
	}
	line := <-first
	if err := json.Unmarshal([]byte(line), &said); err != nil || said.Msg != "listening" {
		t.Fatalf("it says %q: %v", line, err)
	}
	s.url, s.metrics, s.tokenFile = said.URL, said.Metrics, said.File
	text, err := os.ReadFile(s.tokenFile)
	if err != nil {
		t.Fatal(err)
	}
	s.token = string(text)
	return s
}

func (s *server) keep(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.WriteString(line)
}

func (s *server) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// end sends a signal and gives the exit status.
func (s *server) end(t *testing.T, sig os.Signal) int {
	t.Helper()
	if err := s.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	<-s.eof
	return s.status()
}

// address is where it listens.
func (s *server) address(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// given is what SDKs read from the endpoint.
type given struct{ AccessKeyId, SecretAccessKey, Token, Expiration, AccountId string }

// asks gets a path as SDKs do.
func (s *server) asks(t *testing.T, path string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest("GET", strings.TrimSuffix(s.url, "/")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", s.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// gives asserts that a path gives credentials that still live.
func (s *server) gives(t *testing.T, path string) given {
	t.Helper()
	status, body := s.asks(t, path)
	var g given
	err := json.Unmarshal([]byte(body), &g)
	if status != http.StatusOK || err != nil || !strings.HasPrefix(g.AccessKeyId, "ASIA") || g.SecretAccessKey == "" || g.Token == "" {
		t.Fatalf("%s: %d %s", path, status, body)
	}
	end, err := time.Parse("2006-01-02T15:04:05Z", g.Expiration)
	if err != nil || !end.After(time.Now()) {
		t.Fatalf("%s: Expiration %q is over", path, g.Expiration)
	}
	return g
}

// open200 asks without a token.
func open200(t *testing.T, url string) (status int, body string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// What is served is what get prints, over one cache, and each role is its own.
func TestServe(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	config := filepath.Join(w.home, ".aws", "config")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "\n[profile team/other]\nrole_arn = "+other+"\nweb_identity_token_file = "+w.token+"\n"...)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	env := filepath.Join(w.home, "env")
	s := w.serving(t, "--allow-profile", "team/other", "--env-file", env)
	got, named := s.gives(t, "/"), s.gives(t, "/role/team%2Fother")
	if got.AccessKeyId == named.AccessKeyId || got.AccountId != "111122223333" {
		t.Errorf("got %s and %s of account %s", got.AccessKeyId, named.AccessKeyId, got.AccountId)
	}
	if printed := w.run(t); printed.AccessKeyId != got.AccessKeyId {
		t.Errorf("get prints %s, served is %s", printed.AccessKeyId, got.AccessKeyId)
	}
	if status, body := s.asks(t, "/role/migration-role"); status != http.StatusNotFound {
		t.Errorf("a profile that nobody allowed: %d %s", status, body)
	}
	if n := w.sts.Calls(); n != 2 {
		t.Errorf("STS had %d calls", n)
	}
	for _, path := range []string{s.tokenFile, env} {
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if status := s.end(t, syscall.SIGTERM); status != exitOK {
		t.Errorf("exit status %d", status)
	}
	for _, path := range []string{s.tokenFile, filepath.Dir(s.tokenFile), env} {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	if strings.Contains(s.logged(), s.token[:piece]) {
		t.Error("the log shows the token")
	}
	if n := strings.Count(s.logged(), "\n"); n != 5 { // listening, two roles, one refusal, ending
		t.Errorf("the log has %d lines", n)
	}
}

// What --env-file writes is what a shell needs.
func TestServeEnvFile(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	env, tokenFile := filepath.Join(w.home, "it's env"), filepath.Join(w.home, "a token")
	s := w.serving(t, "--env-file", env, "--authorization-token-file", tokenFile)
	if s.tokenFile != tokenFile {
		t.Errorf("the token is in %s", s.tokenFile)
	}
	said := func() string {
		text, err := shellOf(env, `echo "$AWS_CONTAINER_CREDENTIALS_FULL_URI $AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE $AWS_CONTAINER_AUTHORIZATION_TOKEN ${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI-gone}"`)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if got, want := said(), s.url+" "+tokenFile+" "+s.token+" gone\n"; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	// A token that somebody replaces counts, is written down, and stays.
	const next = "0123456789abcdef0123456789abcdef"
	if err := os.WriteFile(tokenFile, []byte(next), 0o600); err != nil {
		t.Fatal(err)
	}
	s.token = next
	s.gives(t, "/")
	soon(t, "the new token in --env-file", func() bool { return strings.Contains(said(), next) })
	if status := s.end(t, os.Interrupt); status != exitOK {
		t.Errorf("exit status %d", status)
	}
	if text, err := os.ReadFile(tokenFile); string(text) != next {
		t.Errorf("somebody else's token is gone: %v", err)
	}
	if _, err := os.Lstat(env); err == nil {
		t.Error("--env-file is still there")
	}
}

// A token file that is swept from a temporary folder comes back.
func TestServePutsTheTokenFileBack(t *testing.T) {
	t.Parallel()
	s := testWorld(t).serving(t)
	if err := os.RemoveAll(filepath.Dir(s.tokenFile)); err != nil {
		t.Fatal(err)
	}
	soon(t, "the token file", func() bool { _, err := os.Stat(s.tokenFile); return err == nil })
	if text, err := os.ReadFile(s.tokenFile); string(text) != s.token {
		t.Errorf("it is another one: %v", err)
	}
	s.gives(t, "/")
}

// The token's end is told at the root of a chain as well.
func TestServeAChain(t *testing.T) {
	t.Parallel()
	s := testWorld(t).serving(t, "--assume-role", other)
	s.gives(t, "/")
	soon(t, "the token's end", func() bool {
		left := time.Until(time.Unix(int64(s.metric(t, `credproc_web_identity_token_expiration_timestamp_seconds{path="/",role_arn="`+other+`"}`)), 0))
		return left > 50*time.Minute && left <= time.Hour
	})
}

func TestServeOnIPv6(t *testing.T) {
	t.Parallel()
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip(err)
	} else {
		l.Close()
	}
	s := testWorld(t).serving(t, "--listen", "[::1]:0")
	if !strings.HasPrefix(s.url, "http://[::1]:") {
		t.Errorf("the URL is %s", s.url)
	}
	s.gives(t, "/")
}
