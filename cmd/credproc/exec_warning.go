package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
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

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// alertTime is how long the user's command may take.
const alertTime = 30 * time.Second

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
		ctx, cancel := context.WithTimeout(context.Background(), alertTime)
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

// wait lets what runs finish; nothing starts afterwards.
func (a *alert) wait() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.running.Wait()
}
