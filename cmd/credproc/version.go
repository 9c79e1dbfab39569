package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

const versionLong = `Prints the version of credproc, the commit that it was built from, "modified" if
files had been changed since, the version of Go, that of AWS's STS client, and the
platform. What a build does not know is "unknown", or with --json an empty string.

The names in --json stay: version, commit, modified (true or false), go, sdk, os, arch.`

const versionExamples = `  # for a bug report
  credproc version

  # for scripts
  credproc version --json | jq -r .version`

func newVersion() *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Short:   "print the version",
		Long:    versionLong,
		Example: versionExamples,
		Args:    noArgs,
	}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error { return printVersion(c.OutOrStdout(), *asJSON) }
	return c
}

// stsModule is the module that asks STS.
const stsModule = "github.com/aws/aws-sdk-go-v2/service/sts"

// A build is what a program knows of how it was made. The names are a promise to
// scripts.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"` // as the version control system names it, or empty
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	SDK      string `json:"sdk"` // version of stsModule, or empty
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func buildOf(info *debug.BuildInfo) build {
	b := build{Version: info.Main.Version, Go: info.GoVersion, OS: runtime.GOOS, Arch: runtime.GOARCH}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	for _, m := range info.Deps {
		if m.Path != stsModule {
			continue
		}
		if m.Replace != nil {
			m = m.Replace
		}
		b.SDK = m.Version
	}
	return b
}

func (b build) String() string {
	known := func(text string) string {
		if text == "" {
			return "unknown"
		}
		return text
	}
	commit := known(b.Commit)
	if b.Modified {
		commit += ", modified"
	}
	return fmt.Sprintf("credproc %s (%s) %s, aws-sdk-go-v2/service/sts %s, %s/%s",
		known(b.Version), commit, b.Go, known(b.SDK), b.OS, b.Arch)
}

func printVersion(w io.Writer, asJSON bool) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("this program was built without build information")
	}
	b := buildOf(info)
	text := b.String()
	if asJSON {
		line, err := json.Marshal(b)
		if err != nil {
			return err
		}
		text = string(line)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
