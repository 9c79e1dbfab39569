package simulation

import (
	"time"

	"github.com/credproc/credproc/source"
)

// An sdk is how a program refreshes what credential_process printed, by the
// printed life that is left.
type sdk struct {
	name string

	// early is from when on every request asks again, and does without where it
	// gets nothing; from must on, a request that gets nothing fails.
	early, must time.Duration

	// forgets is true for programs that are started for every request.
	forgets bool

	every time.Duration // the pace of its requests
}

var (
	// aws-sdk-go-v2, aws/credential_cache.go, and Credentials.Expired in
	// aws/credentials.go: used to the last printed second.
	terraform = sdk{name: "Terraform (Go)", every: 5 * time.Second}

	// botocore/credentials.py, RefreshableCredentials: an advisory refresh from
	// 15 minutes on, whose failure is a warning, a mandatory one from 10.
	boto3 = sdk{name: "boto3", early: 15 * time.Minute, must: 10 * time.Minute, every: 7 * time.Second}

	// aws-sdk-java-v2, ProcessCredentialsProvider (June 2026): prefetched in the
	// last five minutes, stale in the last one, and stale values are not served.
	java = sdk{name: "Java", early: 5 * time.Minute, must: time.Minute, every: 4 * time.Second}

	// aws-sdk-js-v3, core/src/submodules/httpAuthSchemes/aws_sdk and
	// property-provider's memoize: in the background in the last five minutes.
	javascript = sdk{name: "JavaScript", early: 5 * time.Minute, every: 3 * time.Second}

	// The AWS CLI in a shell's loop: a process, and a run of the helper, for each request.
	cli = sdk{name: "AWS CLI in a loop", forgets: true, every: 20 * time.Second}

	everyone = []sdk{terraform, boto3, java, javascript, cli}
)

// A consumer is a program with such an SDK.
type consumer struct {
	sdk
	have    source.Credentials
	printed time.Time // the Expiration that it was told

	requests int
	asked    int // times that it ran the helper
	longest  time.Duration
	failed   []time.Time // when requests failed, in true time
}

// request makes one request of AWS. It fails if the SDK has nothing to sign it
// with, or signs with credentials that have really ended.
func (c *consumer) request(w *world) {
	c.requests++
	began := w.now()
	defer func() { c.longest = max(c.longest, w.now().Sub(began)) }()
	left := time.Until(c.printed)
	if none := c.have.AccessKeyID == ""; none || c.forgets || left <= c.early {
		c.asked++
		have, printed, err := w.helper()
		switch {
		case err == nil:
			c.have, c.printed = have, printed
		case none || c.forgets || left <= c.must:
			c.failed = append(c.failed, w.now())
			return
		}
	}
	if !w.now().Before(w.ends[c.have.AccessKeyID]) {
		c.failed = append(c.failed, w.now()) // ExpiredToken
	}
}
