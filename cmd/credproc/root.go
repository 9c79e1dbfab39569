package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
)

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string) int {
	err := execute(ctx, args)
	var end *ended
	if errors.As(err, &end) {
		return end.say(os.Stderr)
	}
	if err != nil {
		report(os.Stderr, err)
	}
	return exitStatus(err)
}

// execute runs the command that args name. SDKs run credproc without one, hundreds
// of times in a deploy: that is not to pay for all commands and their flags.
func execute(ctx context.Context, args []string) error {
	if slices.ContainsFunc(args, func(arg string) bool { return slices.Contains(commandWords, arg) }) {
		return newRoot(args).ExecuteContext(ctx)
	}
	err := alone(ctx, args)
	if errors.Is(err, pflag.ErrHelp) { // -vh
		return newRoot([]string{"--help"}).ExecuteContext(ctx)
	}
	return err
}

// alone is credproc without a command.
func alone(ctx context.Context, args []string) error {
	flags := pflag.NewFlagSet(programName, pflag.ContinueOnError)
	flags.Usage = func() {}
	o, version := bindRoot(flags)
	if err := flags.Parse(args); err != nil {
		return badFlag(programName, err)
	}
	if err := stray(programName, flags.Args()); err != nil {
		return err
	}
	return o.getOr(ctx, *version)
}

// bindRoot gives f the flags of credproc without a command.
func bindRoot(f *pflag.FlagSet) (o options, version *bool) {
	return bind(f), f.Bool("version", false, "print the version")
}

// getOr prints credentials, or the version.
func (o options) getOr(ctx context.Context, version bool) error {
	if version {
		return printVersion(os.Stdout, false)
	}
	return runGet(ctx, o)
}

const programName = "credproc"

const long = `Credproc gets temporary AWS credentials for a web identity token (Kubernetes
service account, CI job, …) with STS AssumeRoleWithWebIdentity, keeps them in a
cache that all processes of the machine share, and renews them before they run
out. AWS SDKs run it through credential_process in the AWS config file.`

const examples = `  # in a pod with IRSA, all that ~/.aws/config needs
  [profile migration]
  credential_process = /usr/local/bin/credproc

  # the same by hand
  credproc --role-arn arn:aws:iam::111122223333:role/migrator \
           --web-identity-token-file /var/run/secrets/eks.amazonaws.com/serviceaccount/token

  # role, token file and region from a profile of ~/.aws/config
  credproc --profile migration-role --verbose`

func newRoot(args []string) *cobra.Command {
	root := &cobra.Command{
		Use:               programName,
		Short:             "AWS credentials that outlive the hour",
		Long:              long,
		Example:           examples,
		Args:              noArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return badFlag(c.CommandPath(), err) })
	o, version := bindRoot(root.Flags())
	root.RunE = func(c *cobra.Command, _ []string) error { return o.getOr(c.Context(), *version) }
	root.AddCommand(newGet(), newExec(), newServe(), newExport(), newStatus(), newDoctor(), newToken(), newSetup(), newPurge(), newVersion(), newCompletion(), newMan())
	root.SetHelpCommand(newHelp())
	if completes(args) {
		offerValues(root)
	}
	root.SetArgs(args)
	return root
}

// commandWords are the arguments with which somebody wants a command, or to
// know which there are.
var commandWords = []string{
	"get", "exec", "serve", "export", "status", "doctor", "token", "setup", "purge", "version", "completion", "man",
	"help", "--help", "-h", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd,
}

const getLong = `Prints one set of credentials as one line of JSON, as AWS SDKs want it from a
credential_process: from the cache, or new ones if renewal is due. Credproc without
a command does the same.`

func newGet() *cobra.Command {
	get := &cobra.Command{
		Use:     "get",
		Short:   "print credentials as credential_process JSON (the same as credproc alone)",
		Long:    getLong,
		Example: examples,
		Args:    noArgs,
	}
	o := bind(get.Flags())
	get.RunE = func(c *cobra.Command, _ []string) error { return runGet(c.Context(), o) }
	return get
}

func noArgs(c *cobra.Command, args []string) error { return stray(c.CommandPath(), args) }

// stray says what is wrong with the arguments of a command that takes none.
func stray(command string, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &settings.Error{Text: fmt.Sprintf("unexpected argument %q", args[0]), Hint: "see " + command + " --help"}
}

func badFlag(command string, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	return &settings.Error{Text: err.Error(), Hint: "see " + command + " --help"}
}

// options are the flags of every command that gets credentials.
type options struct {
	flags *pflag.FlagSet
}

func bind(f *pflag.FlagSet) options {
	f.SortFlags = false
	f.String("profile", "", "read the settings from this `name`'s profile in the AWS config file")
	f.String("role-arn", "", "the `ARN` of the role to assume")
	f.String("web-identity-token-file", "", "the `file` that holds the web identity token")
	f.String("token-source", "", "where else the token comes from, a `SPEC` as below")
	f.String("audience", "", "for whom a token is asked, where one is asked for (default sts.amazonaws.com)")
	f.String("role-session-name", "", "the `name` to be seen in CloudTrail (default credproc-USER@HOST)")
	f.String("duration-seconds", "", "how many `seconds` a session lasts, 900 to 43200 (default the server's)")
	f.String("policy", "", "a session policy: the `JSON` itself")
	f.StringSlice("policy-arn", nil, "the `ARN` of a managed session policy; may be repeated")
	f.StringSlice("assume-role", nil, "the `ARN` of a role to assume with these credentials; may be repeated, link after link")
	f.String("external-id", "", "the external `ID` that the last link's trust policy asks for")
	f.String("source-identity", "", "the source identity `name` that the last link sets")
	f.StringSlice("tag", nil, "a session tag `K=V` that the last link sets; may be repeated")
	f.String("credential-process", "", "keep what another credential_process `command` prints in the cache")
	f.String("region", "", "the AWS `region` whose STS is asked (default the role's partition's global endpoint)")
	f.String("endpoint-url", "", "the `URL` of another STS")
	f.String("cache-dir", "", "the `folder` of the cache (default credproc in the user's cache home)")
	f.Bool("no-cache", false, "neither read nor write the cache")
	f.String("timeout", cache.DefaultTimeout.String(), "the `time` for everything, waiting for other processes included")
	f.BoolP("verbose", "v", false, "say on stderr what happens")
	f.String("log-file", "", "append a line for each renewal and each failure to this `file`")
	return options{f}
}

// given looks up a flag that stands on the command line.
func (o options) given(name string) (string, bool) {
	f := o.flags.Lookup(name)
	if f == nil || !f.Changed {
		return "", false
	}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return join(list.GetSlice()), true
	}
	return f.Value.String(), true
}

// text is a flag's value, else that of its variable, else its default.
func (o options) text(name string) (value, origin string) {
	if v, ok := o.given(name); ok {
		return v, "--" + name
	}
	if v := os.Getenv(settings.Variable(name)); v != "" {
		return v, settings.Variable(name)
	}
	f := o.flags.Lookup(name)
	if _, ok := f.Value.(pflag.SliceValue); ok {
		return "", "" // pflag's default would be "[]"
	}
	return f.DefValue, ""
}

// path is a flag's value, or its variable's, as an absolute path.
func (o options) path(name string) (string, error) {
	text, origin := o.text(name)
	return settings.AbsolutePath(text, origin)
}

func (o options) boolean(name string) (bool, error) {
	switch text, origin := o.text(name); text {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	default:
		return false, &settings.Error{Text: fmt.Sprintf("%s is %.20q; it may be true or false", origin, text)}
	}
}

// minTimeout leaves every share of the time-out long enough to do something.
const minTimeout = time.Second

func (o options) timeout() (time.Duration, error) {
	text, origin := o.text("timeout")
	d, err := time.ParseDuration(text)
	if err != nil || d < minTimeout || d > time.Hour {
		return 0, &settings.Error{Text: fmt.Sprintf("%s is %.20q; it may be 1s to 1h", origin, text), Hint: "write 30s or 2m"}
	}
	return d, nil
}
