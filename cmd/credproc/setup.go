package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
)

const setupLong = `Writes two profiles into the AWS config file: NAME, which SDKs use and which runs
this very credproc by its absolute path, and NAME-role, which tells credproc what
to do. Nothing else in the file changes. Keys that are not given stay as they
are, so that a second run changes nothing, or only what is said anew.

What SDKs would not read alike is refused: names, paths and values that their
parsers disagree on, and profiles of that name that have other credentials.

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
		return s.run(c.OutOrStdout())
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

func (s profileSetup) run(out io.Writer) error {
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
	command, err := s.command()
	if err != nil {
		return err
	}
	plan := func(old []byte) (awsconfig.Edit, error) { return s.plan(path, old, command) }

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
		if own := (*settings.Error)(nil); err != nil && !errors.As(err, &own) {
			return fmt.Errorf("the AWS config file stays as it was: %w", err)
		} else if err != nil {
			return err
		}
		fmt.Fprintf(out, "wrote [%s] and [profile %s] in %s\n", header(s.name), s.inner(), path)
	}
	return s.examine(out)
}

// examine tells what the profiles will do here.
func (s profileSetup) examine(out io.Writer) error {
	_, err := fmt.Fprintf(out, "next: credproc doctor --profile %s\n", s.name)
	return err
}

func header(name string) string {
	if name == "default" {
		return name
	}
	return "profile " + name
}

// plan is the change of the config file, which says old now.
func (s profileSetup) plan(path string, old []byte, command string) (awsconfig.Edit, error) {
	file, err := awsconfig.Parse(path, old)
	if err != nil {
		return awsconfig.Edit{}, unusable(err)
	}
	if err := s.alone(file); err != nil {
		return awsconfig.Edit{}, err
	}
	inner, _ := file.Profile(s.inner())
	change, err := s.wanted(inner)
	if err != nil {
		return awsconfig.Edit{}, err
	}
	outer := awsconfig.Change{Profile: s.name}
	region, origin := s.text("region")
	if existing, _ := file.Profile(s.name); region == "" && !has(existing, "region") {
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
		outer.Set = append(outer.Set, awsconfig.Pair{Key: "region", Value: region})
	}
	outer.Set = append(outer.Set, awsconfig.Pair{Key: "credential_process", Value: command})
	edit, err := awsconfig.Apply(path, old, outer, change)
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

// command is the line that SDKs run.
func (s profileSetup) command() (string, error) {
	self, err := executable()
	if err != nil {
		return "", err
	}
	words := []string{self}
	for _, name := range []string{"cache-dir", "log-file", "timeout", "no-cache"} {
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
	for _, word := range words {
		if strings.Trim(filepath.ToSlash(word), alphanumeric+nameSigns+"=:,") != "" {
			return "", &settings.Error{Text: fmt.Sprintf("SDKs do not agree on the word %.100q in credential_process", word),
				Hint: "give it a path of letters and digits, such as a link in /usr/local/bin"}
		}
	}
	return strings.Join(append(words, "--profile", s.inner()), " "), nil
}
