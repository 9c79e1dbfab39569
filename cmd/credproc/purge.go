package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source"
)

const purgeLong = `Forgets cached credentials, and failures that stand beside them: those that
credproc get with the same settings would print, whoever's token got them, what
export keeps for them, and those of the links of a chain before them. Whoever asks
next gets new ones; a running credproc exec or serve notices by itself, within
15 seconds.

It works under the lock, and waits for those who are renewing. If one does not
give the lock up within --timeout, a warning says so: what that one still gets may
come back.

AWS is told nothing: credentials that a program has in hand go on working until
they expire. To end them, revoke the role's sessions in IAM.`

const purgeExamples = `  # the role's trust or its policies have changed: new credentials, please
  credproc purge --profile migration-role

  # everything of this user
  credproc purge --all`

func newPurge() *cobra.Command {
	c := &cobra.Command{
		Use:     "purge [--all | --profile NAME | flags as of get]",
		Short:   "forget cached credentials",
		Long:    purgeLong,
		Example: purgeExamples,
		Args:    noArgs,

		DisableFlagsInUseLine: true,
	}
	var p purge
	c.Flags().BoolVar(&p.all, "all", false, "forget everything in the cache folder")
	p.options = bind(c.Flags())
	_ = c.Flags().MarkHidden("no-cache")
	c.RunE = func(c *cobra.Command, _ []string) error { return p.run(c.Context(), c.OutOrStdout()) }
	return c
}

// A purge is one call of credproc purge.
type purge struct {
	options
	all bool
}

func (p *purge) run(ctx context.Context, out io.Writer) error {
	if err := p.check(); err != nil {
		return err
	}
	c, err := p.cache()
	if err != nil {
		return err
	}
	logFile, err := p.path("log-file")
	if err != nil {
		return err
	}
	c.Logf = logger{file: logFile, verbose: true}.event // of a lock that was not given up
	forget := c.PurgeAll
	if !p.all {
		srcs, err := p.sources(c)
		if err != nil {
			return err
		}
		forget = func(ctx context.Context) (cache.Purged, error) { return c.Purge(ctx, srcs...) }
	}
	gone, err := forget(ctx)
	if _, writing := io.WriteString(out, printable(told(gone, time.Now()))); writing != nil {
		err = errors.Join(err, writing)
	}
	for _, file := range gone.Kept {
		warn(fmt.Sprintf("%s is no regular file of this user and stays; nobody reads it", file))
	}
	if err != nil {
		return fmt.Errorf("the cache was not purged: %w", err)
	}
	return nil
}

// check refuses flags that contradict each other.
func (p *purge) check() error {
	if _, ok := p.given("no-cache"); ok {
		return &settings.Error{Text: "--no-cache leaves nothing to purge", Hint: "leave it out"}
	}
	if !p.all {
		return nil
	}
	var beside string
	p.flags.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "all", "cache-dir", "timeout", "verbose", "log-file":
		default:
			beside = f.Name
		}
	})
	if beside != "" {
		return &settings.Error{Text: fmt.Sprintf("--all forgets everything, and --%s names something", beside), Hint: "leave one of the two out"}
	}
	return nil
}

// sources are what get and export would ask with these settings. They have keys
// of their own: see export.credentials.
func (p *purge) sources(c *cache.Cache) ([]source.Source, error) {
	src, err := settings.Source(p.given, os.Getenv, c)
	if err != nil {
		if usage := (*settings.Error)(nil); errors.As(err, &usage) && usage.Text == "no role to assume" {
			return nil, &settings.Error{Text: "nothing says which credentials to forget",
				Hint: "name their profile with --profile, or forget everything with --all"}
		}
		return nil, err
	}
	srcs := []source.Source{src}
	if w, ok := src.(*source.WebIdentity); ok {
		other := *w
		other.AsLongAsAllowed = !w.AsLongAsAllowed
		srcs = append(srcs, &other)
	}
	return srcs, nil
}

// told is what a purge says of itself. It holds text of others.
func told(gone cache.Purged, now time.Time) string {
	var b strings.Builder
	for _, e := range gone.Entries {
		fmt.Fprintf(&b, "forgot %s", oneLine(e.Role))
		if e.Subject != "" {
			fmt.Fprintf(&b, " for %s", oneLine(e.Subject))
		}
		if left := e.Remaining(now); left > 0 {
			fmt.Fprintf(&b, ", which had %v left\n", left.Truncate(time.Second))
		} else {
			b.WriteString(", which had expired\n")
		}
	}
	switch more := gone.Files - len(gone.Entries); {
	case more == 1:
		b.WriteString("removed 1 other file: a failure, a note or an unusable entry\n")
	case more > 1:
		fmt.Fprintf(&b, "removed %d other files: failures, notes and unusable entries\n", more)
	case gone.Files == 0:
		b.WriteString("there was nothing to forget\n")
	}
	return b.String()
}
