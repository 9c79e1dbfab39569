package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/screen"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
)

const statusLong = `Shows every cached credential, the most urgent first: whose it is, how much life
it has left, when it is next renewed, and how the last renewal failed, if it did.
It never shows a secret, changes nothing, waits for nobody and asks nobody.

LEFT is the life that is really left; credproc prints an Expiration up to six
minutes before, so that SDKs renew in time. RENEWS says when the next call of
credproc will renew: "next use" if it is due. Without exec or serve nobody renews
what nobody uses, so an expired entry of an idle program is no fault.

With --min-ttl the exit status is 1 if a role has less life left than that, if
it has none, or if nothing is cached at all. Files that are no entries, such as
damaged ones, are named but do not count: credproc makes new ones by itself.

--json prints one object. Its names stay:
  folder    where the entries are, or would be
  time      when this was so
  entries   the most urgent first, each with
    role           ARN of the role, or what else gives the credentials
    account        twelve digits; absent if not known
    subject        the web identity token's sub; absent if there is none
    state          fresh; soft: renewal is due; hard: a caller waits for it;
                   expired; missing: there never were credentials
    issued         absent if missing, like the next two
    expiration
    ageSeconds     since issued
    secondsLeft    of life; 0 or below if expired, 0 if missing
    nextRenewal    when the next call renews; not after time if at once
    failure        the last renewal, absent if it did not fail
      kind         token, refused, unreachable, deadline or settings
      code         AWS's error code, or the token's problem; absent if none
      text         the message
      at           when it was
      tries        how many have failed in a row
      nextTry      before when nobody with life left tries again
  unusable  files that should be entries, each with file and reason

Times are RFC 3339 in UTC. Colours are for terminals; NO_COLOR turns them off.
COLUMNS says how wide the text may be.`

const statusExamples = `  # what is cached, and how long does it last
  credproc status

  # the same, as it changes, until Ctrl-C
  credproc status --watch

  # for a probe or cron: fails if a role has less than 20 minutes
  credproc status --min-ttl 20m

  # for scripts: the roles whose last renewal failed
  credproc status --json | jq -r '.entries[] | select(.failure) | .role'`

func newStatus() *cobra.Command {
	c := &cobra.Command{
		Use:     "status",
		Short:   "show every cached credential and how long it lasts",
		Long:    statusLong,
		Example: statusExamples,
		Args:    noArgs,
	}
	s := status{options: options{c.Flags()}, now: time.Now}
	c.Flags().SortFlags = false
	c.Flags().BoolVar(&s.json, "json", false, "print JSON")
	c.Flags().BoolVar(&s.watch, "watch", false, "draw anew every second, until Ctrl-C")
	c.Flags().DurationVar(&s.minTTL, "min-ttl", 0, "exit with 1 if a role has less than this `time` of life left")
	c.Flags().String("cache-dir", "", "the `folder` of the cache (default credproc in the user's cache home)")
	c.RunE = func(c *cobra.Command, _ []string) error { return s.run(c.OutOrStdout()) }
	return c
}

// A status is one look at the cache, or many.
type status struct {
	options
	json, watch bool
	minTTL      time.Duration
	now         func() time.Time

	probe bool // --min-ttl was given
	cache *cache.Cache
}

func (s *status) run(out io.Writer) error {
	s.probe = s.flags.Changed("min-ttl")
	if s.watch && (s.json || s.probe) {
		return &settings.Error{Text: "--watch draws for people, and goes together with neither --json nor --min-ttl", Hint: "leave one of them out"}
	}
	if s.minTTL < 0 {
		return &settings.Error{Text: fmt.Sprintf("--min-ttl is %v; it may not be below zero", s.minTTL), Hint: "write 20m or 1h30m"}
	}
	dir, err := s.path("cache-dir")
	if err != nil {
		return err
	}
	s.cache = &cache.Cache{Dir: dir}
	terminal, _ := out.(*os.File)
	if s.watch {
		return s.keepDrawing(terminal)
	}
	l, err := s.cache.List()
	if err != nil {
		return err
	}
	now := s.now()
	if s.json {
		err = writeStatus(out, l, now)
	} else {
		p := statusPage{now: now, columns: screen.Columns(terminal, os.Getenv), colours: colours(terminal), probe: s.probe, least: s.minTTL}
		_, err = io.WriteString(out, p.text(l))
	}
	if err != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	if s.probe && (len(l.Entries) == 0 || countShort(l.Entries, s.minTTL, now) > 0) {
		return errProblem
	}
	return nil
}

// colours reports whether f is a terminal whose user has nothing against
// colours.
func colours(f *os.File) bool {
	if f == nil {
		return false
	}
	_, _, ok := screen.Size(f)
	return ok && coloured(f)
}

// countShort counts the entries with less life than least.
func countShort(all []cache.Entry, least time.Duration, now time.Time) (n int) {
	for _, e := range all {
		if !alive(e) || e.Remaining(now) < least {
			n++
		}
	}
	return n
}

// alive reports whether there are credentials that can still be used.
func alive(e cache.Entry) bool { return e.State != cache.Missing && e.State != cache.Expired }
