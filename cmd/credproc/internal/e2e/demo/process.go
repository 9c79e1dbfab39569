package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// jobArg makes this program the job: a process of its own, because a job's
// environment is all that tells one from the other.
const jobArg = "job"

// job is any program that uses AWS for hours. It has one client, knows nothing
// of credproc and is lost with the first request that fails. It prints a line
// for each request: empty, or the error.
func job() int {
	signal.Ignore(os.Interrupt) // Ctrl-C is for the demo, which ends its jobs
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	client := sts.NewFromConfig(cfg)
	for ; err == nil; time.Sleep(hour / 40) {
		if _, err = client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err == nil {
			fmt.Println()
		}
	}
	fmt.Println(err)
	return 1
}

// perform starts all that happens. The channel is closed when all of it ended.
func (st *stage) perform(ctx context.Context) <-chan event {
	var parts sync.WaitGroup
	parts.Go(func() { st.renewTokens(ctx) })
	parts.Go(func() {
		once, err := st.herd(ctx)
		if err != nil {
			return
		}
		parts.Go(func() { st.job(ctx, withLane, st.env("AWS_PROFILE=migration")) })
		parts.Go(func() {
			st.job(ctx, withoutLane, append(once, st.env("AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+st.sts.URL)...))
		})
		for every(ctx, 350*time.Millisecond) {
			for range 2 {
				parts.Go(func() { st.helper(ctx) })
			}
		}
	})
	go func() {
		parts.Wait()
		st.door.Close() // waits for calls that outlived their callers
		close(st.events)
	}()
	return st.events
}

// herd runs many helpers at once on the empty cache. It returns the variables
// that somebody would export who takes what one of them prints.
func (st *stage) herd(ctx context.Context) (env []string, err error) {
	outputs := make([][]byte, herd)
	var all sync.WaitGroup
	for i := range outputs {
		all.Go(func() { outputs[i] = st.helper(ctx) })
	}
	all.Wait()
	var c struct{ AccessKeyId, SecretAccessKey, SessionToken string }
	err = json.Unmarshal(outputs[0], &c)
	return []string{
		"AWS_ACCESS_KEY_ID=" + c.AccessKeyId,
		"AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + c.SessionToken,
	}, err
}

// helper runs credproc once and returns what it prints.
func (st *stage) helper(ctx context.Context) []byte {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, st.credproc, "get", "--profile", "migration-role")
	cmd.Env, cmd.Stdout, cmd.Stderr = st.env(), &stdout, &stderr
	if err := cmd.Run(); err == nil {
		st.events <- event{lane: cacheLane, mark: outcome(stderr.String())}
	} else if ctx.Err() == nil {
		_, said, _ := strings.Cut(stderr.String(), "credproc: error: ")
		said, _, _ = strings.Cut(said, "\n")
		st.events <- event{cacheLane, failed, fmt.Sprintf("%v: %s", err, said)}
	}
	return stdout.Bytes()
}

// outcome is how credproc came by the credentials that it printed, from what it
// says under --verbose. It says nothing of an entry that was renewed between
// its look and its lock.
func outcome(said string) mark {
	for _, s := range []struct {
		prefix string
		mark   mark
	}{{"renewed", renewed}, {"renewal failed", soft}, {"soft", soft}, {"hard", soft}} {
		if strings.Contains(said, "credproc: "+s.prefix) {
			return s.mark
		}
	}
	return hit
}

// job runs a job until it fails or the show is over. Its stderr is that of the
// helpers which its SDK runs.
func (st *stage) job(ctx context.Context, l lane, env []string) {
	self, err := os.Executable()
	if err != nil {
		st.events <- event{l, failed, err.Error()}
		return
	}
	cmd := exec.CommandContext(ctx, self, jobArg)
	cmd.Env = env
	stdout, _ := cmd.StdoutPipe() // without pipes Start fails as well
	stderr, _ := cmd.StderrPipe()
	if err := cmd.Start(); err != nil {
		st.events <- event{l, failed, err.Error()}
		return
	}
	var heard sync.WaitGroup
	heard.Go(func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if said := lines.Text(); !strings.HasPrefix(said, "credproc: miss") {
				st.events <- event{lane: cacheLane, mark: outcome(said)}
			}
		}
	})
	said := "it ended and said nothing"
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if lines.Text() == "" {
			st.events <- event{lane: l, mark: ok}
			continue
		}
		said = lines.Text()
		if _, aws, found := strings.Cut(said, "api error "); found {
			said = aws
		}
	}
	heard.Wait()
	if cmd.Wait(); ctx.Err() == nil {
		st.events <- event{l, failed, said}
	}
}
