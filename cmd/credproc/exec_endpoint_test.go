//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asking is a command that asks the endpoint again and again, and says what it
// got, until a file named done is there.
const asking = `
echo $$ > ready
until [ -e done ] || [ $((i=i+1)) -gt 1000 ]; do
	containersdk > got.new 2> error || echo "$(date) $(cat got.new error)" >> failures
	mv got.new got
	sleep 0.2
done
`

// gets is what the command got last.
func (j *job) gets(t *testing.T) (g given) {
	t.Helper()
	soon(t, "an answer", func() bool {
		text, _ := os.ReadFile(j.dir + "/got")
		return json.Unmarshal(text, &g) == nil && g.AccessKeyId != ""
	})
	return g
}

// Over two renewals the command never waits for STS, and never fails.
func TestExecEndpointRenews(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetLifetime(20 * time.Second) // a busy machine needs some of it
	j := w.job(t, asking, "--container-endpoint")
	last := ""
	for range 3 {
		soon(t, "other credentials", func() bool { return j.gets(t).AccessKeyId != last })
		g := j.gets(t)
		last = g.AccessKeyId
		if end, err := time.Parse(time.RFC3339, g.Expiration); err != nil || !end.After(time.Now()) {
			t.Errorf("Expiration %q is over: %v", g.Expiration, err)
		}
	}
	j.finish(t)
	if status := j.status(); status != 0 || j.stderr.Len() > 0 || j.read("failures") != "" {
		t.Errorf("exit status %d\n%s\n%s", status, &j.stderr, j.read("failures"))
	}
}

// The command sees nothing of an outage that ends in time; there is a warning
// and an alert, as without the endpoint.
func TestExecEndpointWarns(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{nil, {"--no-cache"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			t.Parallel()
			w := testWorld(t)
			w.sts.SetLifetime(24 * time.Second)
			j := w.job(t, asking, append(flags, "--container-endpoint", alerting)...)
			was := j.gets(t).AccessKeyId
			w.sts.SetFault(refused())
			soon(t, "an alert", func() bool { return len(j.alerts(t)) > 0 })
			if j.gets(t).AccessKeyId != was {
				t.Error("an alert, and yet a renewal")
			}
			w.sts.SetFault(nil)
			soon(t, "a renewal", func() bool { return j.gets(t).AccessKeyId != was })
			j.finish(t)
			if status := j.status(); status != 0 || j.read("failures") != "" {
				t.Errorf("exit status %d\n%s", status, j.read("failures"))
			}
			j.warned(t, "renewal", "renewal fails, credentials last ")
		})
	}
}

// Past the end the warning says so, the command is told why, and is served again
// when STS is back.
func TestExecEndpointOutlastedByAnOutage(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.sts.SetLifetime(8 * time.Second)
	j := w.job(t, asking, "--container-endpoint")
	was := j.gets(t).AccessKeyId
	w.sts.SetFault(refused())
	soon(t, "the end", func() bool { return strings.Contains(j.read("failures"), "no credentials are left: ") })
	// On a busy machine the last try before the end can be cut short, and that is
	// the first reason.
	soon(t, "STS's reason", func() bool { return strings.Contains(j.read("failures"), "IDPRejectedClaim") })
	if failures := j.read("failures"); !strings.Contains(failures, "503 Service Unavailable") {
		t.Errorf("the command got\n%s", failures)
	}
	w.sts.SetFault(nil)
	soon(t, "other credentials", func() bool {
		var g given
		text, _ := os.ReadFile(j.dir + "/got")
		return json.Unmarshal(text, &g) == nil && g.AccessKeyId != "" && g.AccessKeyId != was
	})
	j.finish(t)
	_ = j.status()
}

// The endpoint is exec's: with that it is gone, and so it says in the help.
func TestExecEndpointKilled(t *testing.T) {
	t.Parallel()
	j := testWorld(t).job(t, `echo "$AWS_CONTAINER_CREDENTIALS_FULL_URI" > uri; echo $$ > ready; exec sleep 1000`, "--container-endpoint")
	u, err := url.Parse(j.read("uri"))
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := http.Get(u.String()); err != nil || answer.StatusCode != http.StatusUnauthorized {
		t.Fatalf("%v, %v", answer, err)
	}
	if err := j.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Process.Wait(); err != nil {
		t.Fatal(err)
	}
	soon(t, "the end of the endpoint", func() bool {
		_, err := http.Get(u.String())
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

// The files are put back when somebody has removed the whole cache.
func TestExecEndpointPutsItsFilesBack(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	j := w.job(t, `echo "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" > token; echo "$AWS_CONFIG_FILE" > config`+asking, "--container-endpoint")
	was, err := os.ReadFile(j.read("token"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(w.cache); err != nil {
		t.Fatal(err)
	}
	soon(t, "the files", func() bool {
		is, err := os.ReadFile(j.read("token"))
		_, statErr := os.Stat(j.read("config"))
		return err == nil && statErr == nil && string(is) == string(was)
	})
	j.finish(t)
	_ = j.status()
}
