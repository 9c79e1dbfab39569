package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
)

const (
	program = "./cmd/credproc"
	here    = program + "/internal/bench"
)

// programs are what is measured and what it is measured against.
type programs struct {
	dir       string // for whatever a figure needs, removed in the end
	empty     string
	linked    string // has the same libraries and does nothing
	credproc  string
	libraries []string
}

// build makes the programs in dir as a release is made. Its working folder must
// be the repository's root.
func build(ctx context.Context, dir string) (*programs, error) {
	if _, err := os.Stat(filepath.FromSlash(here)); err != nil {
		return nil, errors.New("run it from the repository's root: go run " + here)
	}
	all, err := dependencies(ctx)
	if err != nil {
		return nil, err
	}
	used, err := libraries(all)
	if err != nil {
		return nil, err
	}
	source := filepath.Join(dir, "linked.go")
	if err := os.WriteFile(source, linkedSource(used), 0o600); err != nil {
		return nil, err
	}
	p := &programs{dir: dir, libraries: slices.Sorted(maps.Keys(used))}
	for _, b := range []struct {
		out      *string
		name, of string
	}{
		{&p.empty, "empty", here + "/testdata/empty"},
		{&p.linked, "linked", source},
		{&p.credproc, "credproc", program},
	} {
		if *b.out, err = p.build(ctx, b.name, b.of); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// build makes one program and installs it. Version stamps are left out: they
// need a repository.
//
// Installing means a copy. The linker writes through a memory mapping, page by
// page, and as long as the file stays in the page cache it is in small pieces
// there, which makes every start of it a tenth slower than that of the same
// file once copied, unpacked or read from a disk. Nobody runs a program like
// that but whoever has just built it.
func (p *programs) build(ctx context.Context, name, of string) (string, error) {
	out := filepath.Join(p.dir, name)
	if runtime.GOOS == "windows" {
		out += ".exe"
	}
	linked := out + ".new"
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", linked, of)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", of, err, text)
	}
	binary, err := os.ReadFile(linked)
	if err != nil {
		return "", err
	}
	return out, os.WriteFile(out, binary, 0o700)
}
