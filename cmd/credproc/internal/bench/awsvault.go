package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// awsVault is aws-vault with the printed credentials as a session in its file
// backend, the one of its keyrings that needs no desktop. It is built from the
// module in testdata.
func awsVault(ctx context.Context, p *programs, s *stage, printed string) (*runner, error) {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", p.dir, ".", "github.com/99designs/aws-vault/v7")
	build.Dir = filepath.FromSlash(here + "/testdata/awsvault")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building aws-vault: %w\n%s", err, text)
	}
	const passphrase = "bench"
	keys := filepath.Join(s.home, "keys")
	fill := exec.CommandContext(ctx, filepath.Join(p.dir, "awsvault"), keys, passphrase, "migration-role")
	fill.Stdin = bytes.NewBufferString(printed)
	if text, err := fill.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("filling aws-vault's keyring: %w\n%s", err, text)
	}
	return &runner{name: "aws-vault, file backend", check: contains(`"AccessKeyId"`), call: call{filepath.Join(p.dir, "aws-vault"),
		[]string{"export", "--format=json", "migration-role"},
		append(s.env(), "AWS_VAULT_BACKEND=file", "AWS_VAULT_FILE_DIR="+keys, "AWS_VAULT_FILE_PASSPHRASE="+passphrase)}}, nil
}
