package main

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// othersRuns is how often slow programs are started: they take so much longer
// that a few runs show it.
const othersRuns = 20

// absent are helpers that people compare with and that could not be installed
// from the registries of public modules and packages when this was written.
const absent = "aws-vault, granted, saml2aws and aws-sso-cli: not in the Go module proxy, Debian or npm in a form that installs"

// others compares a hit with what other helpers take to print credentials that
// they have cached.
func others(ctx context.Context, p *programs, _ int) (finding, error) {
	aws, err := findAWS(ctx)
	if err != nil {
		return finding{}, err
	}
	s, printed, err := newWarmStage(p)
	if err != nil {
		return finding{}, err
	}
	defer s.close()
	if err := s.cacheForCLI(printed); err != nil {
		return finding{}, err
	}
	cli := &runner{name: "AWS CLI v2, its own cache", call: cliCall(aws, s.env()), check: contains(`"AccessKeyId"`)}
	hit := &runner{name: "credproc, a hit", call: s.credproc(p), check: prints(printed)}
	all := []*runner{hit, cli}
	if err := inTurns(ctx, 2, othersRuns, all); err != nil {
		return finding{}, err
	}
	if err := s.onlyHits(); err != nil {
		return finding{}, err
	}
	version, _ := exec.CommandContext(ctx, aws, "--version").CombinedOutput()
	notes := fmt.Sprintf("%s  %s  %s\n", wallTable(othersRuns, all), version, absent)
	return finding{notes: notes, bars: bars("Cached credentials from other helpers", all...), rows: table{
		{what: "a hit, in times of the AWS CLI's cached path", measured: ratio(hit, cli), limit: 0.1, unit: parts},
	}}, nil
}

func cliCall(aws string, env []string) call {
	return call{aws, []string{"configure", "export-credentials", "--profile", "migration-role"}, append(env, "PATH="+os.Getenv("PATH"))}
}

// cacheForCLI puts the credentials that credproc printed where the AWS CLI
// caches those of a role: Debian's version cannot be led to another STS.
// Source: botocore/credentials.py, BaseAssumeRoleCredentialFetcher._create_cache_key.
func (s *stage) cacheForCLI(printed string) error {
	key := sha1.Sum(fmt.Appendf(nil, `{"RoleArn": %q, "RoleSessionName": %q}`, roleARN, sessionName))
	dir := filepath.Join(s.home, ".aws", "cli", "cache")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, hex.EncodeToString(key[:])+".json"), fmt.Appendf(nil, `{"Credentials": %s}`, printed), 0o600)
}

// findAWS finds an AWS CLI that can be a helper, which version 1 cannot, or
// installs it where that asks nobody.
func findAWS(ctx context.Context) (string, error) {
	for _, name := range []string{"aws", debianAWS} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if text, _ := exec.CommandContext(ctx, path, "--version").CombinedOutput(); strings.HasPrefix(string(text), "aws-cli/2") {
			return path, nil
		}
	}
	return tool(ctx, debianAWS, "awscli")
}

const debianAWS = "/usr/bin/aws"

// tool finds a program, or installs the Debian package that has it where that
// asks nobody: as root of a Debian.
func tool(ctx context.Context, name, debian string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Getuid() != 0 {
		return "", fmt.Errorf("%s is missing: install it with your system's packages (Debian: apt-get install %s)", name, debian)
	}
	fmt.Fprintf(os.Stderr, "bench: %s is missing: apt-get install %s\n", name, debian)
	for _, args := range [][]string{{"update", "-qq"}, {"install", "-y", "--no-install-recommends", debian}} {
		cmd := exec.CommandContext(ctx, apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if text, err := cmd.CombinedOutput(); err != nil {
			return "", errors.Join(fmt.Errorf("%s is missing, and apt-get %s: %w", name, strings.Join(args, " "), err), errors.New(string(text)))
		}
	}
	return exec.LookPath(name)
}
