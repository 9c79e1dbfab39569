package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
)

const setupLong = `Writes two profiles into the AWS config file: NAME, which SDKs use and which runs
this very credproc by its absolute path, and NAME-role, which tells credproc what
to do. Nothing else in the file changes. Keys that are not given stay as they
are, so that a second run changes nothing, or only what is said anew.

What SDKs would not read alike is refused: names, paths and values that their
parsers disagree on, and profiles of that name that have other credentials. Then
credproc doctor looks at the new profile; what it finds does not change the exit
status, which is 0 when the file says what it should.

The file is the one that AWS_CONFIG_FILE names, or ~/.aws/config.`

const setupExamples = `  # what would change
  credproc setup migration --dry-run --region eu-west-1 \
           --role-arn arn:aws:iam::111122223333:role/migrator \
           --web-identity-token-file /var/run/secrets/eks.amazonaws.com/serviceaccount/token

  # in a pod with IRSA's variables, or a CI job with a token of its own
  credproc setup migration --role-arn arn:aws:iam::111122223333:role/migrator

  # then
  AWS_PROFILE=migration terraform apply`

func newSetup() *cobra.Command {
	c := &cobra.Command{
		Use:     "setup NAME [flags]",
		Short:   "write the profiles into the AWS config file",
		Long:    setupLong,
		Example: setupExamples,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return noArgs(c, args[1:])
			}
			if len(args) == 0 {
				return &settings.Error{Text: "no name for the profile", Hint: "say credproc setup NAME; SDKs will find it as AWS_PROFILE=NAME"}
			}
			return nil
		},

		DisableFlagsInUseLine: true,
	}
	s := profileSetup{options: bind(c.Flags())}
	_ = c.Flags().MarkHidden("profile") // it is the argument
	_ = c.Flags().MarkHidden("verbose")
	c.Flags().BoolVar(&s.dryRun, "dry-run", false, "print what would change as a diff, and change nothing")
	c.RunE = func(c *cobra.Command, args []string) error {
		s.name = args[0]
		return s.run(c.Context(), c.OutOrStdout())
	}
	return c
}

// A profileSetup is one run of setup.
type profileSetup struct {
	options
	name   string // of the profile that SDKs use
	dryRun bool
}

func (s profileSetup) inner() string { return s.name + "-role" }

func (s profileSetup) run(ctx context.Context, out io.Writer) error {
	if _, ok := s.given("profile"); ok {
		return &settings.Error{Text: "the profile's name is the argument", Hint: "say credproc setup NAME, without --profile"}
	}
	if err := checkName(s.name); err != nil {
		return err
	}
	path, err := configPath()
	if err != nil {
		return err
	}
	plan := func(old []byte) (awsconfig.Edit, error) { return s.plan(path, old) }

	// First without touching anything: most of what can be wrong shows here.
	old, err := awsconfig.Text(path)
	if err != nil {
		return unusable(err)
	}
	edit, err := plan(old)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(old, []byte("\ufeff")) {
		warn(path + " begins with a byte order mark, with which the AWS CLI and boto3 cannot read it")
	}
	switch {
	case !edit.Changed():
		fmt.Fprintf(out, "%s has both profiles already: nothing to change\n", path)
	case s.dryRun:
		_, err := io.WriteString(out, printable(strings.ReplaceAll(edit.Diff(path), "\r\n", "\n")))
		return err
	default:
		err := awsconfig.Update(path, func(old []byte) ([]byte, error) {
			edit, err := plan(old)
			return edit.Text(), err
		})
		if errors.Is(err, awsconfig.ErrMounted) {
			return &settings.Error{Text: fmt.Sprintf("the AWS config file stays as it was: %v", err),
				Hint: "run setup where the file really is, or mount its folder instead of the file"}
		}
		if own := (*settings.Error)(nil); err != nil && !errors.As(err, &own) {
			return fmt.Errorf("the AWS config file stays as it was: %w", err)
		} else if err != nil {
			return err
		}
		fmt.Fprintf(out, "wrote [%s] and [profile %s] in %s\n", header(s.name), s.inner(), path)
	}
	return s.examine(ctx, out)
}

// examine has doctor say what the profiles will do here. Its verdict is not the
// exit status: the file is written, and an image is often built where there is
// no token yet.
func (s profileSetup) examine(ctx context.Context, out io.Writer) error {
	fmt.Fprintln(out)
	d := doctor{profile: s.name, now: time.Now}
	if err := d.run(ctx, out); err != nil && !errors.Is(err, errProblem) {
		return err
	}
	return nil
}

func header(name string) string {
	if name == "default" {
		return name
	}
	return "profile " + name
}

// plan is the change of the config file, which says old now.
func (s profileSetup) plan(path string, old []byte) (awsconfig.Edit, error) {
	file, err := awsconfig.Parse(path, old)
	if err != nil {
		return awsconfig.Edit{}, unusable(err)
	}
	if err := s.alone(file); err != nil {
		return awsconfig.Edit{}, err
	}
	existing, _ := file.Profile(s.name)
	forUs, _ := file.Profile(s.inner())
	inner, err := s.wanted(forUs)
	if err != nil {
		return awsconfig.Edit{}, err
	}
	outer := awsconfig.Change{Profile: s.name}
	region, origin := s.text("region")
	if region == "" {
		// What one of the two has, the other gets.
		theirs, _ := existing.Value("region")
		own, _ := forUs.Value("region")
		if region, origin = theirs, "region of profile "+s.name; own != "" && theirs == "" {
			region, origin = own, "region of profile "+s.inner()
		} else if own != "" {
			region = "" // each has its own
		}
	}
	if region == "" && !has(existing, "region") {
		for _, origin = range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
			if region = os.Getenv(origin); region != "" {
				break
			}
		}
	}
	if region != "" {
		if err := storable(region, origin); err != nil {
			return awsconfig.Edit{}, err
		}
		// In both: SDKs go to the services there, and we to STS.
		pair := awsconfig.Pair{Key: "region", Value: region}
		outer.Set = append(outer.Set, pair)
		inner.Set = append([]awsconfig.Pair{pair}, inner.Set...)
	}
	line, _ := existing.Value("credential_process")
	command, err := s.command(line)
	if err != nil {
		return awsconfig.Edit{}, err
	}
	outer.Set = append(outer.Set, awsconfig.Pair{Key: "credential_process", Value: command})
	edit, err := awsconfig.Apply(path, old, outer, inner)
	if err != nil {
		return edit, unusable(err)
	}
	return edit, s.leadsSomewhere(path, edit)
}

// unusable is a config file that cannot be changed so that SDKs agree.
func unusable(err error) error {
	hint := "mend that line by hand, or name another file in AWS_CONFIG_FILE"
	if errors.Is(err, os.ErrPermission) {
		hint = "let this user read the AWS config file, or name another one in AWS_CONFIG_FILE"
	}
	return &settings.Error{Text: err.Error(), Hint: hint}
}

// configPath is the absolute path of the AWS config file.
func configPath() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	path := awsconfig.Path(os.Getenv, home)
	if path == "" {
		return "", &settings.Error{Text: "HOME is not set, so there is no AWS config file", Hint: "name the AWS config file in AWS_CONFIG_FILE"}
	}
	return filepath.Abs(path)
}

// nameSigns are the signs, besides letters and digits, that every SDK takes in a
// section's name and every shell in a word.
const nameSigns = "-_./@+"

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func checkName(name string) error {
	if name == "" || len(name) > 100 || strings.Trim(name, alphanumeric+nameSigns) != "" || name[0] == '-' {
		return &settings.Error{Text: fmt.Sprintf("SDKs do not agree on a profile of the name %.40q", name),
			Hint: "take letters, digits and " + nameSigns + ", not beginning with -"}
	}
	return nil
}

// lineFlags are the flags that belong on the line, where they hold for whatever
// the profile says.
var lineFlags = []string{"cache-dir", "log-file", "timeout", "no-cache"}

// command is the line that SDKs run. Without a flag that belongs there, the
// options that it has already stay.
func (s profileSetup) command(line string) (string, error) {
	self, err := executable()
	if err != nil {
		return "", err
	}
	words := []string{self}
	for _, name := range lineFlags {
		value, ok := s.given(name)
		if !ok {
			continue
		}
		if name == "cache-dir" || name == "log-file" {
			if value, err = s.path(name); err != nil {
				return "", err
			}
		}
		words = append(words, "--"+name+"="+value)
	}
	if _, err := s.timeout(); err != nil {
		return "", err
	}
	before := strings.Fields(line)
	if i := slices.Index(before, "--profile"); len(words) == 1 && i > 0 && i+1 < len(before) && before[i+1] == s.inner() {
		words = append(words, before[1:]...)
	} else {
		words = append(words, "--profile", s.inner())
	}
	for _, word := range words {
		if strings.Trim(filepath.ToSlash(word), alphanumeric+nameSigns+"=:,") != "" {
			return "", &settings.Error{Text: fmt.Sprintf("SDKs do not agree on the word %.100q in credential_process", word),
				Hint: "give it a path of letters and digits, such as a link in /usr/local/bin"}
		}
	}
	return strings.Join(words, " "), nil
}
