package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
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
	from  string // what names the profile, or empty
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
	d.from = r.From
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
		case f.Marked:
			d.found.Problem(check, path, path+" begins with a byte order mark: the AWS CLI and boto3 refuse the whole file", "write the file anew as UTF-8 without a byte order mark")
		}
		return f
	}
	for _, variable := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		if strings.HasPrefix(d.here.Getenv(variable), "~") {
			// Source: aws-sdk-go-v2, config/env_config.go; botocore/configloader.py.
			d.found.Warn(check, variable, variable+" begins with ~, which the AWS CLI and boto3 expand, and Terraform's SDK for Go does not", "set it to the absolute path")
		}
	}
	d.here.Config = read(awsconfig.Load, awsconfig.Path(os.Getenv, home))
	d.here.Credentials = read(awsconfig.LoadCredentials, awsconfig.CredentialsPath(os.Getenv, home))
}

// examine goes the way of the credentials: from the SDK's profile to the line in
// it, from there to credproc's settings, the token, the cache, and STS.
func (d *doctor) examine(ctx context.Context, profile string, picks []precedence.Pick) {
	if d.found.Count(diagnosis.Problem) > 0 {
		return // of broken files nothing more can be said
	}
	command, place := d.here.Process(profile)
	if place == "" {
		o := d.withoutLine(profile)
		leads := o.leads()
		d.noProcess(profile, leads, picks)
		// What exec would do, if it can do anything.
		if leads {
			d.settings(ctx, o)
		} else {
			d.found.Cluster(os.Getenv, "", false)
		}
		return
	}
	d.comments(profile)
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

// noProcess says what to do about a profile that runs nothing. leads is whether
// credproc by itself has all that it needs.
func (d *doctor) noProcess(profile string, leads bool, picks []precedence.Pick) {
	const check = "process-line"
	path := d.here.Config.Path
	other := ""
	for _, name := range d.here.Config.Profiles() {
		if command, _ := d.here.Process(name); diagnosis.RunsCredproc(command) {
			other = name
			break
		}
	}
	if d.container(picks, other == "") {
		return
	}
	action := "write the profiles with credproc setup NAME"
	switch {
	case other != "":
		action = "use the profile that runs credproc: AWS_PROFILE=" + other
	case leads:
		action += ", or run the program under credproc: credproc exec -- COMMAND"
	}
	_, err := os.Stat(path)
	missing := path == "" || errors.Is(err, os.ErrNotExist)
	bare, isBare := d.here.Config.Bare(profile)
	worded, isWorded := d.here.Credentials.Profile("profile " + profile)
	switch {
	case d.here.Has(profile):
		d.found.Problem(check, d.here.Where(profile), fmt.Sprintf("profile %q has no credential_process: credproc is never called", profile), action)
	case d.from == "" && path == "":
		d.found.Problem("profile", "", "no profile is named, and without HOME there is no AWS config file: credproc is never called", action)
	case d.from == "" && profile == "default":
		d.found.Problem("profile", path, fmt.Sprintf("no profile is named, and %s has no [default]: credproc is never called", path), action)
	case path == "":
		d.found.Problem("profile", "", fmt.Sprintf("there is no profile %q: HOME is not set, so there is no AWS config file", profile), "name the AWS config file in AWS_CONFIG_FILE")
	case isWorded:
		d.found.Problem("profile", worded.Place(""), fmt.Sprintf("%s begins [profile %s], which in the credentials file is no profile of that name", worded.Place(""), profile),
			"move the section to "+path)
	case missing:
		d.found.Problem("profile", path, fmt.Sprintf("there is no profile %q: %s does not exist", profile, path),
			"name the AWS config file in AWS_CONFIG_FILE: a service, a container or sudo often has another HOME; or "+action)
	case isBare:
		d.found.Problem("profile", bare.Place(""), fmt.Sprintf("%s begins [%s], which in this file is no profile", bare.Place(""), profile), fmt.Sprintf("write [profile %s] there", profile))
	default:
		d.found.Problem("profile", path, fmt.Sprintf("there is no profile %q in %s", profile, path), action)
	}
}

// container reports whether all SDKs ask a container endpoint, and says whose.
// That is credproc's own, or one with which many need nothing else: content is
// whether the config file has no profile either that runs credproc.
func (d *doctor) container(picks []precedence.Pick, content bool) bool {
	const check = "process-line"
	for _, p := range picks {
		if p.Source != precedence.Container {
			return false
		}
	}
	u, err := url.Parse(d.here.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
	switch {
	case err == nil && net.ParseIP(u.Hostname()).IsLoopback():
		d.found.OK(check, "", "SDKs ask the container endpoint at "+u.Host+" and no profile, as with credproc serve")
	case content:
		d.found.Warn(check, "", "SDKs ask the container's own endpoint, which renews its credentials: credproc is never called",
			"leave it so; or, for a cache that processes share, write a profile with credential_process and one with credential_source = EcsContainer")
	default:
		return false
	}
	return true
}

// comments says where a comment changes what the AWS CLI and boto3 read. What
// only credproc reads may have one.
func (d *doctor) comments(profile string) {
	for range 5 { // as far as Process goes
		s, _ := d.here.Config.Profile(profile)
		for _, key := range []string{"credential_process", "region", "role_arn", "source_profile"} {
			if s.Commented(key) {
				d.found.Problem("config-files", s.Place(key), fmt.Sprintf("%s has a comment behind %s, which the AWS CLI and boto3 take for a part of it", s.Place(key), key),
					"put the comment on a line of its own")
			}
		}
		var more bool
		if profile, more = s.Value("source_profile"); !more || has(s, "credential_process") {
			return
		}
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
