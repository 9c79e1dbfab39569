package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/child"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source"
)

const execLong = `Runs a command with credentials that stay fresh for as long as it runs, whatever
AWS SDK it is made with.

The command's environment loses every variable that would lead an SDK elsewhere,
and names a private AWS config file: the user's own and a profile that runs
credproc. Meanwhile credproc exec renews the cached credentials from half of
their life on, so that the command only ever meets a hit. Should credproc exec be
killed, the command goes on and renews them by itself.

--container-endpoint is for commands that cannot start other programs. The command
asks credproc exec itself, at a loopback address and with a token of its own
(AWS_CONTAINER_CREDENTIALS_FULL_URI), and reads copies of the user's AWS files in
which the default profile says nothing of credentials; its region and all other
profiles stay. The region of the settings stands in AWS_REGION, which counts for
those other profiles too. The endpoint ends with credproc exec: should that be
killed (kill -9), the command can renew no more, and neither can what it leaves
running in the background.

The exit status is the command's, 128+n if signal n ended it; 125 if there are no
credentials to start with, or credproc exec was called wrongly; 126 if the
command cannot be executed, 127 if it was not found.

When renewal fails, when nothing renews the web identity token, or when the clock
is off by more than four minutes, a warning goes to stderr, at most once a minute.
--on-warning runs a command with sh -c when such trouble begins, once until it is
over, with a JSON object on its stdin: kind (renewal, token or clock), message,
role, command, pid; where they apply code (AWS's error code), expiration and
secondsLeft (of the credentials or the token), skewSeconds. It has 30 seconds, and
two when the command has ended.

AWS_EC2_METADATA_DISABLED=true is set for the command, so that no SDK turns to the
instance's own role. A program that needs the instance's metadata for something
else, such as its region, or Packer's amazon-chroot builder, is to run without:
credproc exec -- env -u AWS_EC2_METADATA_DISABLED COMMAND`

const execExamples = `  # a migration that takes six hours
  credproc exec --profile migration-role terraform apply

  # a tool in a sandbox where there is no credproc
  credproc exec --profile migration-role --container-endpoint ./sandboxed-migrate

  # not without 45 minutes in hand, and with an alert
  credproc exec --min-ttl 45m --on-warning 'mail -s "credentials" ops@example.com' -- ./migrate.sh`

// exitNotStarted is exec's own failure: get's statuses would collide with the
// command's (terraform plan -detailed-exitcode).
const exitNotStarted = 125

// ended says that a command ended with status, or why it was not started.
type ended struct {
	status int
	err    error
}

func (e *ended) Error() string { return fmt.Sprintf("exit status %d: %v", e.status, e.err) }

// say reports what kept the command from starting, and returns the exit status.
func (e *ended) say(w io.Writer) int {
	if e.err != nil {
		report(w, e.err)
	}
	return e.status
}

// notStarted is err as the reason why name was not started. It tells what exit
// status get would have had.
func notStarted(name string, err error) *ended {
	if start := (*child.StartError)(nil); errors.As(err, &start) {
		return &ended{start.Status, err}
	}
	return &ended{exitNotStarted, fmt.Errorf("%s was not started (status %d): %w", name, exitStatus(err), err)}
}

func newExec() *cobra.Command {
	c := &cobra.Command{
		Use:     "exec [flags] [--] COMMAND [ARG...]",
		Short:   "run a command with credentials that stay fresh",
		Long:    execLong,
		Example: execExamples,

		DisableFlagsInUseLine: true,
	}
	var x execution
	x.options = bind(c.Flags())
	c.Flags().DurationVar(&x.minTTL, "min-ttl", 0, "start with no less than this `time` of life in the credentials")
	c.Flags().StringVar(&x.onWarning, "on-warning", "", "a shell `command` to run when there is something to warn of")
	c.Flags().BoolVar(&x.endpoint, "container-endpoint", false, "answer the container credentials endpoint for the command, which then runs no credproc")
	c.Flags().SetInterspersed(false) // the command's flags are its own
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &ended{exitNotStarted, &settings.Error{Text: err.Error(), Hint: "see " + c.CommandPath() + " --help"}}
	})
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return &ended{exitNotStarted, &settings.Error{Text: "no command to run", Hint: "see " + c.CommandPath() + " --help"}}
		}
		if x.minTTL < 0 {
			return &ended{exitNotStarted, &settings.Error{Text: fmt.Sprintf("--min-ttl is %v", x.minTTL), Hint: "write 30m or 2h"}}
		}
		x.args = args
		status, err := x.run(c.Context())
		if err != nil {
			failed := notStarted(args[0], err)
			x.log("%v", failed.err)
			return failed
		}
		return &ended{status: status}
	}
	return c
}

// An execution is one command, to be run with credentials.
type execution struct {
	options
	minTTL    time.Duration
	onWarning string
	endpoint  bool
	args      []string
}

// run runs the command to its end and returns its exit status, or why it was
// not started.
func (x *execution) run(ctx context.Context) (status int, err error) {
	path, err := child.Find(x.args[0])
	if err != nil {
		return 0, err
	}
	self, err := executable()
	if err != nil {
		return 0, err
	}
	c, err := x.cache()
	if err != nil {
		return 0, err
	}
	w, err := x.way(c)
	if err != nil {
		return 0, err
	}
	defer w.close()
	if err := w.files().keep(); err != nil {
		return 0, err
	}
	stop := w.files().removeOnSignal()
	defer stop()
	env := w.env(os.Environ())
	src, err := w.source(env)
	if err != nil {
		return 0, err
	}
	creds, err := c.AtLeast(ctx, src, x.minTTL)
	if err != nil {
		return 0, err
	}
	if left := creds.Remaining(time.Now()); creds.Ends() && left < x.minTTL {
		return 0, &settings.Error{Text: fmt.Sprintf("new credentials live for %v, less than --min-ttl %v", left.Round(time.Second), x.minTTL),
			Hint: "raise duration_seconds and the role's maximum session duration, or lower --min-ttl"}
	}
	held := w.hold(src, creds)
	state := lookAtState(x.args)
	stop()
	running, err := child.Start(path, x.args, env, self)
	if err != nil {
		return 0, err
	}
	k := &keeper{cache: c, src: src, files: w.files(), holder: held, warnings: warnings{
		alert: newAlert(x.onWarning, env),
		log:   x.log,
		about: warning{Role: src.Key().Role, Command: x.args[0], PID: running.PID()},
	}}
	// It ends with us: cancelling a renewal would leave a failure behind that
	// is none.
	go k.run(context.WithoutCancel(ctx), creds)
	status = running.Wait()
	if status != 0 {
		state.hint(os.Stderr)
	}
	k.warnings.alert.finish()
	return status, nil
}

// A way is how a command comes to its credentials: a profile that runs credproc,
// or the container endpoint.
type way interface {
	// files are what the command reads. All below is for when they are kept.
	files() privateFiles

	// env is the command's environment in the place of outer.
	env(outer []string) []string

	// source is what the command's SDK will ask, as it will ask.
	source(env []string) (source.Source, error)

	// hold makes creds what the command gets, if it is us whom it asks, else nil.
	hold(src source.Source, creds source.Credentials) *holder

	close()
}

func (x *execution) way(c *cache.Cache) (way, error) {
	if x.endpoint {
		return newContainerEndpoint(x.options, c, warn)
	}
	return newPrivateConfig(x.options, c, true, warn)
}

// log writes a line to the log file, if there is to be one.
func (x *execution) log(format string, args ...any) {
	if file, err := x.path("log-file"); err == nil {
		logger{file: file}.event(format, args...)
	}
}

func warn(text string) { fmt.Fprintf(os.Stderr, "credproc: warning: %s\n", text) }
