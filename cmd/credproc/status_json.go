package main

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/source"
)

// The names in JSON are documented in status's help, and stay.
type statusJSON struct {
	Folder   string           `json:"folder"`
	Time     time.Time        `json:"time"`
	Entries  []statusEntry    `json:"entries"`
	Unusable []statusUnusable `json:"unusable"`
}

type statusEntry struct {
	Role        string         `json:"role"`
	Account     string         `json:"account,omitempty"`
	Subject     string         `json:"subject,omitempty"`
	State       cache.State    `json:"state"`
	Issued      time.Time      `json:"issued,omitzero"`
	Expiration  time.Time      `json:"expiration,omitzero"`
	AgeSeconds  *int64         `json:"ageSeconds,omitempty"`
	SecondsLeft int64          `json:"secondsLeft"`
	NextRenewal time.Time      `json:"nextRenewal"`
	Failure     *statusFailure `json:"failure,omitempty"`
}

type statusFailure struct {
	Kind    source.Kind `json:"kind"`
	Code    string      `json:"code,omitempty"`
	Text    string      `json:"text"`
	At      time.Time   `json:"at"`
	Tries   int         `json:"tries"`
	NextTry time.Time   `json:"nextTry"`
}

type statusUnusable struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

func writeStatus(w io.Writer, l cache.Listing, now time.Time) error {
	v := statusJSON{
		Folder:   l.Folder,
		Time:     wholeUTC(now),
		Entries:  []statusEntry{}, // not null
		Unusable: []statusUnusable{},
	}
	for _, e := range l.Entries {
		one := statusEntry{
			Role:        e.Role,
			Account:     account(e),
			Subject:     e.Subject,
			State:       e.State,
			SecondsLeft: int64(e.Remaining(now) / time.Second),
			NextRenewal: wholeUTC(e.Renewal),
		}
		if e.State != cache.Missing {
			one.Issued, one.Expiration = wholeUTC(e.Issued), wholeUTC(e.Expiration)
			age := int64(now.Round(0).Sub(e.Issued) / time.Second)
			one.AgeSeconds = &age
		}
		if e.State == cache.Expired {
			one.SecondsLeft = min(one.SecondsLeft, 0) // the last two seconds are of no use
		}
		if x := e.Failure; x != nil {
			one.Failure = &statusFailure{x.Kind, x.Code, x.Text, wholeUTC(x.At), x.Tries, wholeUTC(x.Next)}
		}
		v.Entries = append(v.Entries, one)
	}
	for _, u := range l.Unusable {
		v.Unusable = append(v.Unusable, statusUnusable(u))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

// wholeUTC is a time as JSON has it, to the second.
func wholeUTC(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
