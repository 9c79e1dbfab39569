package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/credproc/credproc/cmd/credproc/internal/settings"
)

// github gives the credentials to the steps of a GitHub Actions job that follow.
// The values are masked in the log before they stand anywhere else.
// Source: GitHub Docs, "Workflow commands for GitHub Actions".
func (x *export) github(ctx context.Context) error {
	path := os.Getenv("GITHUB_ENV")
	if path == "" {
		return &settings.Error{Text: "GITHUB_ENV is not set",
			Hint: "--format github is for the steps of a GitHub Actions job"}
	}
	// The runner has made it; one that is not there would be read by nobody.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|syscall.O_NONBLOCK, 0)
	if err != nil {
		return &settings.Error{Text: fmt.Sprintf("the file that GITHUB_ENV names cannot be opened: %v", err),
			Hint: "in a container, mount the runner's folder for it"}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	creds, err := x.credentials(ctx)
	if err != nil {
		return err
	}
	masks, values := workflow(creds.variables())
	if info.Size() > 0 {
		// Whoever wrote before may have left the line open; empty ones do no harm.
		values = "\n" + values
	}
	if err := printText(masks); err != nil {
		return err
	}
	if _, err := f.WriteString(values); err != nil {
		return fmt.Errorf("writing to the file that GITHUB_ENV names: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing to the file that GITHUB_ENV names: %w", err)
	}
	creds.sayUntil()
	return nil
}

// workflow writes variables down for GitHub's runner: as commands that mask what
// is secret of them, for stdout, and as values for its file.
func workflow(vars []variable) (masks, values string) {
	var m, v strings.Builder
	for _, x := range vars {
		switch x.name {
		case "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN":
			if x.value != "" {
				fmt.Fprintf(&m, "::add-mask::%s\n", workflowData.Replace(x.value))
			}
		}
		// Nobody who cannot guess this can end the value before its end.
		end := "credproc_" + rand.Text()
		fmt.Fprintf(&v, "%s<<%s\n%s\n%s\n", x.name, end, x.value, end)
	}
	return m.String(), v.String()
}

// workflowData escapes the data of a workflow command.
// Source: actions/toolkit, packages/core/src/command.ts, escapeData.
var workflowData = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
