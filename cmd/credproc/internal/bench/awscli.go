package main

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// awsCLI is the AWS CLI with the printed credentials in its cache.
func awsCLI(ctx context.Context, s *stage, printed string) (*runner, error) {
	aws, err := findAWS(ctx)
	if err != nil {
		return nil, err
	}
	return &runner{name: "AWS CLI v2", check: contains(`"AccessKeyId"`), call: call{aws,
		[]string{"configure", "export-credentials", "--profile", "migration-role"},
		append(s.env(), "PATH="+os.Getenv("PATH"))}}, s.cacheForCLI(printed)
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
