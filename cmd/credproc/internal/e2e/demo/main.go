// Command demo shows what credproc is for, with real parts on loopback: a long
// job that asks AWS for something again and again with the AWS SDK for Go, the
// same job without credproc, and an STS that goes out at the worst moment.
//
// It exits 0 if the job with credproc and its helpers never failed, the job
// without did, and STS was asked seldom.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const (
	// hour is how long a session lives here, less the fraction that STS cuts
	// off. Much shorter, and the two seconds below which credproc holds a life
	// to be over would spoil the picture.
	hour   = 14 * time.Second
	length = 3 * hour

	// The first renewal after outageAfter finds STS out, for a third of a session.
	outageAfter = hour * 3 / 2
	outage      = hour / 3

	herd     = 20 // helpers that start at once on the empty cache
	maxCalls = 40 // of STS; a show takes about 12, and 260 helper runs
)

const intro = `
A migration of three hours in 42 seconds: an hour, the life of a session, lasts
14. Two jobs run the same program. One has the profiles of the README, so that
its SDK runs credproc; the other got its credentials once, in the environment.
All the while other processes on the machine run credproc too.

`

const outro = `
try it         paste the two profiles of the README into ~/.aws/config
               make test, and make e2e: the same with Terraform
`

func main() {
	if len(os.Args) > 1 && os.Args[1] == jobArg {
		os.Exit(job())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx); {
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "demo: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	fmt.Println("building credproc …")
	st, err := newStage(ctx)
	if err != nil {
		return err
	}
	defer st.close()
	fmt.Print(intro)
	s := &show{picture: newPicture(os.Stdout)}
	if err := s.watch(ctx, st); err != nil {
		return err
	}
	s.finish()
	s.summary()
	if err := s.verdict(); err != nil {
		return fmt.Errorf("the promise was broken:\n%w", err)
	}
	fmt.Print(outro)
	return nil
}

// An event is one thing that happened: a mark in a lane of the picture.
type event struct {
	lane lane
	mark mark
	said string // why it failed
}

// A show is what has happened so far.
type show struct {
	picture
	tally  [lanes]map[mark]int
	said   [lanes]string
	served int // helper runs that printed the entry since it was renewed
	back   <-chan time.Time
	out    bool
	bridge int // helper runs that printed the entry while STS was out
}

// watch takes what happens on the stage until the show is over.
func (s *show) watch(ctx context.Context, st *stage) error {
	ctx, curtain := context.WithTimeout(ctx, length)
	defer curtain()
	frames := time.NewTicker(column / 4)
	defer frames.Stop()
	events := st.perform(ctx)
	for {
		select {
		case e, open := <-events:
			if !open {
				return errors.New(s.said[cacheLane])
			}
			s.take(e)
		case <-s.back:
			s.out = false
			s.print("STS is back; meanwhile %d helper runs were served from the entry", s.bridge)
		case <-frames.C:
			if s.out {
				s.set(stsLane, refused)
			}
			s.draw()
		case <-ctx.Done():
			for range events { // until all processes have ended
			}
			if ctx.Err() == context.Canceled {
				return ctx.Err()
			}
			return nil
		}
	}
}

func (s *show) take(e event) {
	if s.tally[e.lane] == nil {
		s.tally[e.lane] = map[mark]int{}
	}
	s.tally[e.lane][e.mark]++
	s.set(e.lane, e.mark)
	if e.mark == failed {
		s.said[e.lane] = e.said
	}
	if e.lane == cacheLane && s.runs() == herd {
		s.print("%d helpers at once on the empty cache; calls of STS: %d", herd, s.tally[stsLane][answered])
	}
	switch {
	case e.mark == failed && e.lane == cacheLane:
		s.print("a helper failed: %s", e.said)
	case e.mark == failed:
		code, _, _ := strings.Cut(e.said, ":")
		s.print("the job %s credproc is lost: %s", strings.TrimSuffix(labels[e.lane], " credproc"), code)
	case e.mark == renewed:
		if s.tally[cacheLane][renewed] > 1 {
			s.print("renewed by one helper; the old entry served %d runs", s.served)
		}
		s.served = 0
	case e.lane == cacheLane:
		s.served++
		if s.out {
			s.bridge++
		}
	case e.mark == refused && s.back == nil:
		s.out, s.back = true, time.After(outage)
		s.print("the entry is soft, and STS is out: nobody can renew, the entry serves")
	}
}

// runs counts the helper runs so far.
func (s *show) runs() (n int) {
	for _, runs := range s.tally[cacheLane] {
		n += runs
	}
	return n
}

func (s *show) summary() {
	runs := s.tally[cacheLane]
	fmt.Printf(`
with credproc  %d requests, %d failures
without        %d requests until the work was lost:
               %s
helper runs    %d: %d renewals, %d hits, %d soft, %d failures
STS            %d calls answered, %d refused
outage         %.1f s of a session of %d s, from the moment the entry was soft;
               %d helper runs were served meanwhile
`, s.tally[withLane][ok], s.tally[withLane][failed], s.tally[withoutLane][ok], s.said[withoutLane],
		s.runs(), runs[renewed], runs[hit], runs[soft], runs[failed],
		s.tally[stsLane][answered], s.tally[stsLane][refused], outage.Seconds(), hour/time.Second, s.bridge)
}

// verdict says what of the promise did not hold.
func (s *show) verdict() error {
	var broken []error
	hold := func(holds bool, format string, args ...any) {
		if !holds {
			broken = append(broken, fmt.Errorf("  "+format, args...))
		}
	}
	runs, calls := s.tally[cacheLane], s.tally[stsLane][answered]+s.tally[stsLane][refused]
	hold(s.tally[withLane][failed] == 0, "the job with credproc failed: %s", s.said[withLane])
	hold(s.tally[withLane][ok] > 0, "the job with credproc made no request")
	hold(runs[failed] == 0, "%d helper runs failed, the last one: %s", runs[failed], s.said[cacheLane])
	hold(strings.HasPrefix(s.said[withoutLane], "ExpiredToken"), "the job without did not end with ExpiredToken")
	hold(runs[renewed] > 2 && s.bridge > 0, "%d renewals, %d runs served in an outage", runs[renewed], s.bridge)
	hold(calls <= maxCalls, "STS was asked %d times; %d are many", calls, maxCalls)
	return errors.Join(broken...)
}
