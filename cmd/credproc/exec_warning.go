package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"sync"
	"time"
)

// A warning is what --on-warning gets as JSON.
type warning struct {
	Kind        string `json:"kind"` // renewal, token or clock
	Message     string `json:"message"`
	Role        string `json:"role"`
	Command     string `json:"command"`
	PID         int    `json:"pid"`                   // of the command
	Code        string `json:"code,omitempty"`        // AWS's, or what is wrong with the token
	Expiration  string `json:"expiration,omitempty"`  // of the credentials or the token, RFC 3339
	SecondsLeft *int   `json:"secondsLeft,omitempty"` // until then; negative afterwards
	SkewSeconds int    `json:"skewSeconds,omitempty"` // how far this machine's clock is ahead
}

// until notes when what the warning is about ends, and returns how long that is
// from now, in whole seconds.
func (w *warning) until(end time.Time) time.Duration {
	left := end.Round(0).Sub(time.Now().Round(0)).Round(time.Second)
	seconds := int(left / time.Second)
	w.Expiration, w.SecondsLeft = end.UTC().Format(time.RFC3339), &seconds
	return left
}

// quiet is how long after a warning there is none of its kind.
const quiet = time.Minute

// warnings are the warnings about one command, for one goroutine.
type warnings struct {
	about warning // what all of them have in common
	alert *alert
	log   func(format string, args ...any)
	last  map[string]time.Time // by kind, while what was warned of lasts
}

func (ws *warnings) warn(w warning) {
	last, lasts := ws.last[w.Kind]
	if lasts && time.Since(last) < quiet {
		return
	}
	if ws.last == nil {
		ws.last = map[string]time.Time{}
	}
	ws.last[w.Kind] = time.Now()
	warn(w.Message)
	ws.log("warning: %s", w.Message)
	if !lasts {
		w.Role, w.Command, w.PID = ws.about.Role, ws.about.Command, ws.about.PID
		ws.alert.start(w)
	}
}

// over says that what was warned of is over.
func (ws *warnings) over(kind string) { delete(ws.last, kind) }

// An alert is the user's command for warnings.
type alert struct {
	command string // for sh -c; empty for none
	env     []string
	ctx     context.Context
	cancel  context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

func newAlert(command string, env []string) *alert {
	a := &alert{command: command, env: env}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

const (
	// alertTime is how long the user's command may take.
	alertTime = 30 * time.Second

	// alertEnds is how much of that there is when the command has ended that it is
	// about, and killTime what it takes to kill it.
	alertEnds = 2 * time.Second
	killTime  = time.Second
)

// start runs the command, and does not wait for it.
func (a *alert) start(w warning) {
	if a.command == "" {
		return
	}
	text, err := json.Marshal(w)
	if err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	a.running.Go(func() {
		ctx, cancel := context.WithTimeout(a.ctx, alertTime)
		defer cancel()
		cmd := shell(ctx, a.command)
		cmd.Env = a.env
		cmd.Stdin = bytes.NewReader(append(text, '\n'))
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		cmd.WaitDelay = time.Second
		if err := cmd.Run(); err != nil {
			warn("the --on-warning command failed: " + err.Error())
		}
	})
}

// finish lets what runs finish, for a moment and until a signal comes; nothing
// starts afterwards.
func (a *alert) finish() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		a.running.Wait()
		close(ended)
	}()
	signals := make(chan os.Signal, 1)
	for _, s := range ending {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	select {
	case <-ended:
		return
	case <-signals:
	case <-time.After(alertEnds):
	}
	a.cancel()
	select {
	case <-ended:
	case <-time.After(killTime):
	}
}
