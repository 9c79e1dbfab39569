package main

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

const missRuns = 100

// miss compares a call with nothing in the cache with curl doing the same POST
// to the same server, over TLS.
func miss(ctx context.Context, p *programs, _ int) (finding, error) {
	curlPath, err := tool(ctx, "curl", "curl")
	if err != nil {
		return finding{}, err
	}
	s, err := newTLSStage(p.dir)
	if err != nil {
		return finding{}, err
	}
	defer s.close()
	token, err := os.ReadFile(filepath.Join(s.home, "token"))
	if err != nil {
		return finding{}, err
	}
	form := filepath.Join(s.home, "form")
	err = os.WriteFile(form, []byte(url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
		"RoleArn": {roleARN}, "RoleSessionName": {sessionName}, "WebIdentityToken": {strings.TrimSpace(string(token))},
	}.Encode()), 0o600)
	if err != nil {
		return finding{}, err
	}
	curl := &runner{name: "curl, the same POST", check: contains("<SecretAccessKey>"),
		call: call{curlPath, []string{"-sS", "--cacert", s.authority(), "--data", "@" + form, s.sts.URL + "/"}, s.env()}}
	cold := &runner{name: "credproc, a miss", check: contains(`"SecretAccessKey"`), call: s.credproc(p),
		before: func() error { return os.RemoveAll(filepath.Join(s.home, ".cache")) }}
	all := []*runner{curl, cold}
	if err := inTurns(ctx, 5, missRuns, all); err != nil {
		return finding{}, err
	}
	return finding{notes: wallTable(missRuns, all), bars: bars("One call to STS over TLS", all...), rows: table{
		{what: "a miss, in times of curl doing the same POST over TLS", measured: ratio(cold, curl), limit: 1, unit: times},
	}}, nil
}
