//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// raw sends bytes on a connection of their own, slowly or not, and reads all
// that comes back.
func raw(t *testing.T, address, request string) (*http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(c, request) }() // a refusal may come before its end
	answer, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: strings.Fields(request)[0]})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// Whoever is not an SDK with the token is refused, learns nothing, and leaves a
// line in the log.
func TestServeAttacks(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	s := w.serving(t, "--allow-profile", "migration-role", "--verbose")
	served := s.gives(t, "/")
	at := s.address(t)
	_, port, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	auth := "Authorization: " + s.token + "\r\n"
	host := "Host: " + at + "\r\n"
	half := s.token[:len(s.token)/2]
	for _, tt := range []struct {
		name, line, headers string
		want                int
		logged              bool // net/http refuses some by itself, without a word
	}{
		{"what is allowed", "GET / HTTP/1.1", host + auth, 200, false},
		{"no token", "GET / HTTP/1.1", host, 401, true},
		{"no token for a role", "GET /role/migration-role HTTP/1.1", host, 401, true},
		{"no token, an unknown role", "GET /role/other HTTP/1.1", host, 401, true},
		{"wrong token", "GET / HTTP/1.1", host + "Authorization: wrong\r\n", 401, true},
		{"empty token", "GET / HTTP/1.1", host + "Authorization:\r\n", 401, true},
		{"half a token", "GET / HTTP/1.1", host + "Authorization: " + half + "\r\n", 401, true},
		{"the token and more", "GET / HTTP/1.1", host + "Authorization: " + s.token + "x\r\n", 401, true},
		{"the token in lower case", "GET / HTTP/1.1", host + "Authorization: " + strings.ToLower(s.token) + "\r\n", 401, true},
		{"the token as a bearer", "GET / HTTP/1.1", host + "Authorization: Bearer " + s.token + "\r\n", 401, true},
		{"two tokens", "GET / HTTP/1.1", host + auth + auth, 401, true},
		{"the token in the query", "GET /?Authorization=" + s.token + " HTTP/1.1", host, 401, true},
		{"the token in the path", "GET /" + s.token + " HTTP/1.1", host, 401, true},
		{"the token in another header", "GET / HTTP/1.1", host + "X-Authorization: " + s.token + "\r\n", 401, true},
		{"the token in a cookie", "GET / HTTP/1.1", host + "Cookie: token=" + s.token + "\r\n", 401, true},
		{"another host", "GET / HTTP/1.1", "Host: evil.example\r\n" + auth, 421, true},
		{"another host and our port", "GET / HTTP/1.1", "Host: evil.example:" + port + "\r\n" + auth, 421, true},
		{"a rebinding name", "GET / HTTP/1.1", "Host: 127.0.0.1.nip.io:" + port + "\r\n" + auth, 421, true},
		{"localhost", "GET / HTTP/1.1", "Host: localhost:" + port + "\r\n" + auth, 421, true},
		{"another port", "GET / HTTP/1.1", "Host: 127.0.0.1:1\r\n" + auth, 421, true},
		{"no port", "GET / HTTP/1.1", "Host: 127.0.0.1\r\n" + auth, 421, true},
		{"no host", "GET / HTTP/1.0", auth, 421, true},
		{"two hosts", "GET / HTTP/1.1", host + host + auth, 400, false},
		{"a host in the request line", "GET http://evil.example/ HTTP/1.1", host + auth, 421, true},
		{"another host asks for health", "GET /healthz HTTP/1.1", "Host: evil.example\r\n", 421, true},
		{"POST", "POST / HTTP/1.1", host + auth + "Content-Length: 0\r\n", 405, true},
		{"PUT", "PUT / HTTP/1.1", host + auth + "Content-Length: 0\r\n", 405, true},
		{"DELETE", "DELETE / HTTP/1.1", host + auth, 405, true},
		{"TRACE", "TRACE / HTTP/1.1", host + auth, 405, true},
		{"CONNECT", "CONNECT " + at + " HTTP/1.1", host + auth, 405, true},
		{"PATCH", "PATCH / HTTP/1.1", host + auth, 405, true},
		{"a made-up method", s.token + " / HTTP/1.1", host + auth, 405, true},
		{"CORS preflight", "OPTIONS / HTTP/1.1", host + "Origin: http://evil.example\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n", 405, true},
		{"OPTIONS *", "OPTIONS * HTTP/1.1", host + auth, 405, true},
		{"an origin", "GET / HTTP/1.1", host + auth + "Origin: http://evil.example\r\n", 200, false},
		{"a body", "GET / HTTP/1.1", host + auth + "Content-Length: 5\r\n", 413, true},
		{"a body in chunks", "GET / HTTP/1.1", host + auth + "Transfer-Encoding: chunked\r\n", 413, true},
		{"a body of a gigabyte", "GET / HTTP/1.1", host + auth + "Content-Length: 1073741824\r\nExpect: 100-continue\r\n", 413, true},
		{"/role/../", "GET /role/../ HTTP/1.1", host + auth, 404, true},
		{"//", "GET // HTTP/1.1", host + auth, 404, true},
		{"/role/..%2f", "GET /role/..%2f HTTP/1.1", host + auth, 404, true},
		{"/role", "GET /role HTTP/1.1", host + auth, 404, true},
		{"/role/", "GET /role/ HTTP/1.1", host + auth, 404, true},
		{"an unknown role", "GET /role/other HTTP/1.1", host + auth, 404, true},
		{"a role and more", "GET /role/migration-role/ HTTP/1.1", host + auth, 404, true},
		{"metrics", "GET /metrics HTTP/1.1", host + auth, 404, true},
		{"1 MB of headers", "GET / HTTP/1.1", host + auth + "X-Long: " + strings.Repeat("x", 1<<20) + "\r\n", 431, false},
		{"1 MB of small headers", "GET / HTTP/1.1", host + auth + strings.Repeat("X-Long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", 1<<20/42), 431, false},
		{"1 MB of path", "GET /" + strings.Repeat("x", 1<<20) + " HTTP/1.1", host + auth, 431, false},
		{"HTTP/2", "PRI * HTTP/2.0", "", 400, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := strings.Count(s.logged(), `"msg":"refused"`)
			answer, body := raw(t, at, tt.line+"\r\n"+tt.headers+"Connection: close\r\n\r\n")
			if answer.StatusCode != tt.want {
				t.Fatalf("status %d, want %d: %s", answer.StatusCode, tt.want, body)
			}
			for name := range answer.Header {
				if strings.HasPrefix(name, "Access-Control-") || name == "Location" || name == "Set-Cookie" || name == "Server" {
					t.Errorf("it has a header %s", name)
				}
			}
			if tt.want != 200 {
				for _, secret := range []string{served.SecretAccessKey, served.Token, served.AccessKeyId, s.token, half} {
					if strings.Contains(body, secret) || strings.Contains(fmt.Sprint(answer.Header), secret) {
						t.Errorf("it leaks %.6s…: %v %s", secret, answer.Header, body)
					}
				}
			}
			if tt.logged {
				soon(t, "a line in the log", func() bool { return strings.Count(s.logged(), `"msg":"refused"`) > lines })
			} else if n := strings.Count(s.logged(), `"msg":"refused"`); n != lines {
				t.Errorf("%d lines in the log", n-lines)
			}
			time.Sleep(50 * time.Millisecond) // the log holds 20 lines a second
		})
	}
	secrets, err := w.secrets()
	if err != nil {
		t.Fatal(err)
	}
	_, page := open200(t, s.metrics)
	for where, text := range map[string]string{"the log": s.logged(), "/metrics": page} {
		if l := leak(text, append(secrets, s.token, strings.ToLower(s.token))); l != "" {
			t.Errorf("%s shows a piece of a secret, %s", where, l)
		}
	}
	if n := w.sts.Calls(); n != 1 {
		t.Errorf("STS had %d calls", n)
	}
}

// Who opens connections and says little or nothing keeps nobody out, and is not
// kept for ever.
func TestServeCrowds(t *testing.T) {
	t.Parallel()
	s := testWorld(t).serving(t)
	s.gives(t, "/")
	at := s.address(t)
	for name, says := range map[string]string{
		"idle":      "",
		"slowloris": "GET / HTTP/1.1\r\nHost: " + at + "\r\nX-Slow: ",
		// Answered, but the answers are never read.
		"deaf": strings.Repeat("GET / HTTP/1.1\r\nHost: "+at+"\r\n\r\n", 400),
	} {
		t.Run(name, func(t *testing.T) {
			crowd := 10_000
			var limit syscall.Rlimit
			if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
				t.Fatal(err)
			}
			if limit.Cur < uint64(crowd)+500 {
				limit.Cur = limit.Max
				if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < uint64(crowd)+500 {
					t.Skipf("only %d files may be open", limit.Cur)
				}
			}
			var mu sync.Mutex
			var all []net.Conn
			t.Cleanup(func() {
				for _, c := range all {
					c.Close()
				}
			})
			var dialers sync.WaitGroup
			for range 20 {
				dialers.Go(func() {
					for range crowd / 20 {
						c, err := net.Dial("tcp", at)
						if err != nil {
							t.Error(err)
							return
						}
						_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
						_, _ = io.WriteString(c, says) // it may be closed already
						mu.Lock()
						all = append(all, c)
						mu.Unlock()
					}
				})
			}
			for range 20 {
				s.gives(t, "/")
				one := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
				r, err := http.NewRequest("GET", s.url, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Authorization", s.token)
				answer, err := one.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				if answer.StatusCode != http.StatusOK {
					t.Error(answer.Status)
				}
			}
			dialers.Wait()
			s.gives(t, "/")
			// All of the crowd are sent away in the end.
			for _, c := range all {
				_ = c.SetReadDeadline(time.Now().Add(time.Minute))
				if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
					t.Fatal("somebody is still there")
				}
			}
		})
	}
}
