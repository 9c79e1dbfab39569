package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
	"github.com/credproc/credproc/cmd/credproc/internal/diagnosis"
	"github.com/credproc/credproc/cmd/credproc/internal/precedence"
)

const doctorLong = `Says which credentials each AWS SDK would use here and now, whether credproc
would be called at all, and what to change. Run it as the user, in the folder and
with the variables of the program that fails.

It changes nothing, runs no credential_process, and without --online asks nobody.
With --online it asks STS for credentials of the role, and throws them away.

The exit status is 0 if there is no problem, and 1 if there is one; warnings
count for nothing.`

const doctorExamples = `  # the profile that AWS_PROFILE names
  credproc doctor

  # what would happen with another one, and does STS give credentials
  credproc doctor --profile migration --online

  # for scripts
  credproc doctor --json | jq -r '.findings[] | select(.level == "problem") | .action'`

func newDoctor() *cobra.Command {
	c := &cobra.Command{
		Use:     "doctor",
		Short:   "say which credentials each SDK would use here, and what to change",
		Long:    doctorLong,
		Example: doctorExamples,
		Args:    noArgs,
	}
	d := doctor{now: time.Now}
	c.Flags().StringVar(&d.profile, "profile", "", "the `name` of the profile that SDKs would use (default AWS_PROFILE, AWS_DEFAULT_PROFILE, default)")
	c.Flags().BoolVar(&d.online, "online", false, "ask STS as well: does it answer, is the clock right, may the role be assumed")
	c.Flags().BoolVar(&d.json, "json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error { return d.run(c.Context(), c.OutOrStdout()) }
	return c
}

// A doctor is one examination.
type doctor struct {
	profile      string
	online, json bool
	now          func() time.Time

	here  precedence.Here
	found diagnosis.Findings
}

// errProblem is the exit status of an examination that found something; all has
// been said by then.
var errProblem = &ended{status: exitOther}

func (d *doctor) run(ctx context.Context, out io.Writer) error {
	r := examination{Profile: d.profile, From: "--profile"}
	d.here.Lookup = os.LookupEnv
	if r.Profile == "" {
		r.Profile, r.From = d.here.Profile()
	}
	d.readFiles()
	for _, sdk := range precedence.SDKs() {
		r.picks = append(r.picks, precedence.Of(sdk, d.here, d.profile, false))
		r.inCode = append(r.inCode, precedence.Of(sdk, d.here, r.Profile, true))
	}
	d.examine(ctx, r.Profile, r.picks)
	r.Findings = d.found
	if err := r.print(out, d.json); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if r.Findings.Count(diagnosis.Problem) > 0 {
		return errProblem
	}
	return nil
}

// readFiles reads the AWS config files as the SDKs do.
func (d *doctor) readFiles() {
	const check = "config-files"
	home, _ := os.UserHomeDir()
	read := func(load func(string) (*awsconfig.File, error), path string) *awsconfig.File {
		f, err := load(path)
		switch {
		case errors.Is(err, os.ErrPermission):
			d.found.Problem(check, path, err.Error(), "let this user read the file")
		case err != nil:
			d.found.Problem(check, path, err.Error(), "mend the file: SDKs refuse all of it")
		case len(f.Skipped) > 0:
			place := fmt.Sprintf("%s:%d", path, f.Skipped[0])
			d.found.Problem(check, place, place+" is neither section, key nor comment: SDKs refuse the whole file", "mend or remove that line")
		}
		return f
	}
	d.here.Config = read(awsconfig.Load, awsconfig.Path(os.Getenv, home))
	d.here.Credentials = read(awsconfig.LoadCredentials, awsconfig.CredentialsPath(os.Getenv, home))
}

// examine goes the way of the credentials: from the SDK's profile to the line in
// it, from there to credproc's settings, the token, the cache, and STS.
func (d *doctor) examine(ctx context.Context, profile string, picks []precedence.Pick) {
	if len(d.found) > 0 {
		return // of broken files nothing more can be said
	}
	command, place := d.here.Process(profile)
	if place == "" {
		d.noProcess(profile)
		// What exec would do, if it can do anything.
		if o := d.withoutLine(profile); o.leads() {
			d.settings(ctx, o)
		} else {
			d.found.Cluster(os.Getenv, "", false)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		self = "/usr/local/bin/credproc"
	}
	words := d.found.Line(command, place, self)
	split, _ := awsconfig.Split(command)
	d.found.Shadows(picks, diagnosis.Line{Profile: profile, Place: place, Words: split})
	if words == nil {
		return
	}
	args := words[1:]
	if len(args) > 0 && args[0] == "get" {
		args = args[1:]
	}
	flags := pflag.NewFlagSet("credproc", pflag.ContinueOnError)
	o := bind(flags)
	if err := flags.Parse(args); err != nil {
		d.found.Problem("process-line", place, fmt.Sprintf("credential_process passes options that credproc does not take: %v", err), "see credproc --help")
		return
	}
	if len(flags.Args()) > 0 {
		d.found.Problem("process-line", place, fmt.Sprintf("credential_process passes %.40q, which is no option: credproc then prints no credentials", flags.Arg(0)),
			"leave it out; an option's name begins with --")
		return
	}
	d.settings(ctx, o)
}

// noProcess says what to do about a profile that runs nothing.
func (d *doctor) noProcess(profile string) {
	const check = "process-line"
	config := ""
	if d.here.Config != nil {
		config = d.here.Config.Path
	}
	other := ""
	for _, name := range d.here.Config.Profiles() {
		if command, _ := d.here.Process(name); diagnosis.RunsCredproc(command) {
			other = name
			break
		}
	}
	action := "write the profiles with credproc setup NAME, or run the program under credproc: credproc exec -- COMMAND"
	if other != "" {
		action = "use the profile that runs credproc: AWS_PROFILE=" + other
	}
	switch {
	case !d.here.Has(profile) && profile != "default":
		d.found.Problem("profile", config, fmt.Sprintf("there is no profile %q in %s", profile, config), action)
	case !d.here.Has(profile):
		d.found.Problem("profile", config, fmt.Sprintf("no profile is named, and %s has no [default]: credproc is never called", config), action)
	default:
		d.found.Problem(check, d.here.Where(profile), fmt.Sprintf("profile %q has no credential_process: credproc is never called", profile), action)
	}
}

// withoutLine are the options that exec would have to be given for the profile.
func (d *doctor) withoutLine(profile string) options {
	flags := pflag.NewFlagSet("credproc", pflag.ContinueOnError)
	o := bind(flags)
	if d.here.Has(profile) && (d.profile != "" || d.here.Getenv("AWS_ROLE_ARN") == "") {
		_ = flags.Set("profile", profile)
	}
	return o
}

// fault is a problem whose wording is that of get.
func (d *doctor) fault(check string, err error) {
	action := hint(err)
	if action == "" {
		action = "see docs/troubleshooting.md"
	}
	d.found.Problem(check, "", err.Error(), action)
}
