package main

import (
	"context"
)

// othersRuns is how often slow programs are started: they take so much longer
// that a few runs show it.
const othersRuns = 20

// absent are helpers that people compare with and that are not measured.
const absent = "saml2aws, granted and aws-sso-cli cache what a login with SAML or SSO has given, which nothing here can answer"

// others compares a hit with what other helpers take to print the same
// credentials from their own caches.
func others(ctx context.Context, p *programs, _ int) (finding, error) {
	s, printed, err := newWarmStage(p)
	if err != nil {
		return finding{}, err
	}
	defer s.close()
	cli, err := awsCLI(ctx, s, printed)
	if err != nil {
		return finding{}, err
	}
	vault, err := awsVault(ctx, p, s, printed)
	if err != nil {
		return finding{}, err
	}
	hit := &runner{name: "credproc, a hit", call: s.credproc(p), check: prints(printed)}
	all := []*runner{hit, vault, cli}
	if err := inTurns(ctx, 2, othersRuns, all); err != nil {
		return finding{}, err
	}
	if err := s.onlyHits(); err != nil {
		return finding{}, err
	}
	f := finding{notes: wallTable(othersRuns, all), bars: bars("The same credentials, cached", all...)}
	f.rows = table{
		{what: "a hit, in times of aws-vault's cached path", measured: ratio(hit, vault), limit: 0.8, unit: times},
		{what: "a hit, in times of the AWS CLI's cached path", measured: ratio(hit, cli), limit: 0.1, unit: parts},
	}
	return f, nil
}
