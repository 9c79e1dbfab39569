package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source"
)

const exportLong = `Prints credentials for shells, files and tools that want something other than
credential_process. But for terragrunt they are static: nothing renews them, so
they are those with the most life in them, renewed if less than about half is
left, and stderr says until when they are good. Where credproc exec will do, it
is better.

Formats:
  env         export NAME='VALUE', for sh, bash, zsh and their kin
  fish        set -gx NAME 'VALUE'
  powershell  $env:NAME = 'VALUE'
  dotenv      NAME=VALUE, for Earthly's .secret file, docker --env-file, node
              --env-file, python-dotenv: no quotes around what credentials are
              made of, single quotes around anything else, and an error rather
              than a value that these read differently
  json        {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration",
              "AccountId", "Region"}: all strings; Expiration is the real one, in
              UTC; what is not known is left out
  github      for a step of a GitHub Actions job: masks the values in the log,
              then appends them to the file that GITHUB_ENV names, so that the
              next steps have them
  terragrunt  for Terragrunt's --auth-provider-cmd: variables that lead to a
              profile which renews, as credproc exec gives them; with --static
              awsCredentials, which nothing renews

The variables are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
AWS_CREDENTIAL_EXPIRATION, and AWS_REGION if a region is set.`

const exportExamples = `  # this shell, for an hour
  eval "$(credproc export --format env --profile migration-role)"
  credproc export --format fish --profile migration-role | source
  credproc export --format powershell --profile migration-role | Out-String | Invoke-Expression

  # Earthly: all parts of one and the same credentials
  (umask 077 && credproc export --format dotenv >.secret) && earthly +migrate

  # Terragrunt: renewed for as long as a run takes
  export TG_AUTH_PROVIDER_CMD='credproc export --format terragrunt --profile migration-role'`

// formats are what --format may say.
var formats = []string{"env", "dotenv", "fish", "powershell", "json", "github", "terragrunt"}

// An export is one call of credproc export.
type export struct {
	options
	format string
	static bool
}

func newExport() *cobra.Command {
	c := &cobra.Command{
		Use:     "export --format FORMAT [flags]",
		Short:   "print credentials for shells, CI and tools such as Terragrunt",
		Long:    exportLong,
		Example: exportExamples,
		Args:    noArgs,

		DisableFlagsInUseLine: true,
	}
	var x export
	c.Flags().StringVar(&x.format, "format", "", "`FORMAT` is "+strings.Join(formats, ", "))
	c.Flags().BoolVar(&x.static, "static", false, "with terragrunt: credentials that nothing renews")
	x.options = bind(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error { return x.run(c.Context()) }
	return c
}

func (x *export) run(ctx context.Context) error {
	// A reader that went away is an error to report.
	signal.Ignore(syscall.SIGPIPE)
	switch {
	case !slices.Contains(formats, x.format):
		text := "--format is missing"
		if x.format != "" {
			text = fmt.Sprintf("there is no format %.20q", x.format)
		}
		return &settings.Error{Text: text, Hint: "--format takes " + strings.Join(formats, ", ")}
	case x.static && x.format != "terragrunt":
		return &settings.Error{Text: fmt.Sprintf("--static is for terragrunt; %s is static anyway", x.format)}
	}
	if x.format == "terragrunt" && !x.static {
		return x.terragrunt(ctx)
	}
	if x.format == "github" {
		return x.github(ctx)
	}
	creds, err := x.credentials(ctx)
	if err != nil {
		return err
	}
	text, err := creds.as(x.format)
	if err != nil {
		return err
	}
	if err := printText(text); err != nil {
		return err
	}
	creds.sayUntil()
	return nil
}

// Static credentials are those that nothing renews.
type static struct {
	source.Credentials
	region string // or empty
}

// enough is how much of their life static credentials are to have left. It is a
// little more than that at which any other call of credproc would renew them, so
// that those who ask at the same time get the same.
const enough = 0.55

// credentials gets credentials with much life left, or where there are no new
// ones to be had, those that are there.
func (x *export) credentials(ctx context.Context) (static, error) {
	c, err := x.cache()
	if err != nil {
		return static{}, err
	}
	src, err := settings.Source(x.given, os.Getenv, c)
	if err != nil {
		return static{}, err
	}
	keys, err := settings.Profile(x.given, os.Environ())
	if err != nil {
		return static{}, err
	}
	// Terragrunt asks again for every unit: there many calls would cost more than
	// a long session is worth.
	if w, ok := src.(*source.WebIdentity); ok && x.format != "terragrunt" {
		w.AsLongAsAllowed = true
	}
	creds, err := c.Get(ctx, src)
	if err != nil {
		return static{}, err
	}
	if creds.Ends() {
		newer, err := c.AtLeast(ctx, src, time.Duration(float64(creds.Lifetime())*enough))
		if err == nil {
			creds = newer
		} else {
			warn(fmt.Sprintf("there are no newer credentials: %v", err))
		}
		if cache.Printed(creds, time.Now()).IsZero() {
			return static{}, &source.Error{Kind: source.KindUnreachable,
				Text: fmt.Sprintf("the credentials that STS gave live until %s only", expiration(creds))}
		}
	}
	return static{creds, keys.Region}, nil
}

// expiration is the real end of credentials in the one form that all SDKs read,
// or empty.
func expiration(c source.Credentials) string {
	if !c.Ends() {
		return ""
	}
	return c.Expiration.UTC().Format("2006-01-02T15:04:05Z")
}

// sayUntil says on stderr until when the credentials are good.
func (s static) sayUntil() {
	if !s.Ends() {
		fmt.Fprintln(os.Stderr, "credproc: nothing is known about when these credentials expire")
		return
	}
	fmt.Fprintf(os.Stderr, "credproc: these credentials are good until %s, for %v, and nothing renews them\n",
		expiration(s.Credentials), s.Remaining(time.Now()).Truncate(time.Second))
}

// printText prints text in one write: whoever reads sees all of it or none.
func printText(text string) error {
	if _, err := os.Stdout.WriteString(text); err != nil {
		return fmt.Errorf("writing the credentials: %w", err)
	}
	return nil
}
