package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"
)

func TestCredentialsStayHidden(t *testing.T) {
	c := Credentials{
		AccessKeyID:     "ASIAIOSFODNN7EXAMPLE",
		SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		SessionToken:    "IQoJb3JpZ2luX2VjEXAMPLETOKENTHATISVERYLONG",
		Expiration:      time.Date(2026, 11, 12, 15, 0, 0, 0, time.FixedZone("", 3600)),
	}
	const want = "credentials ASIAIOSFODNN7EXAMPLE (expire 2026-11-12T14:00:00Z)"
	if c.String() != want || fmt.Sprint(c) != want {
		t.Errorf("shown as %v", c)
	}
	var shown bytes.Buffer
	for _, v := range []any{c, &c, []Credentials{c}, map[string]Credentials{"x": c}, struct{ C Credentials }{c}, &struct{ C any }{&c}, fmt.Errorf("with %v", c)} {
		for _, verb := range verbs {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
	}
	slog.New(slog.NewTextHandler(&shown, nil)).Info("text", "c", c, "p", &c)
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("json", "c", c, "p", &c)
	if err := json.NewEncoder(&shown).Encode(map[string]any{"c": c, "p": &c}); err != nil {
		t.Fatal(err)
	}
	wantHidden(t, shown.String(), c.SecretAccessKey)
	wantHidden(t, shown.String(), c.SessionToken)
}

func TestCredentialsComplete(t *testing.T) {
	whole := Credentials{AccessKeyID: "a", SecretAccessKey: "b", SessionToken: "c", Expiration: time.Unix(1, 0)}
	if !whole.Complete() {
		t.Error("not complete with every part")
	}
	for name, remove := range map[string]func(*Credentials){
		"AccessKeyID":     func(c *Credentials) { c.AccessKeyID = "" },
		"SecretAccessKey": func(c *Credentials) { c.SecretAccessKey = "" },
		"SessionToken":    func(c *Credentials) { c.SessionToken = "" },
		"Expiration":      func(c *Credentials) { c.Expiration = time.Time{} },
	} {
		c := whole
		remove(&c)
		if c.Complete() {
			t.Errorf("complete without %s", name)
		}
	}
}

// A machine that slept has no monotonic clock to tell it.
func TestCredentialsRemaining(t *testing.T) {
	now := time.Now()
	c := Credentials{Issued: now.Round(0), Expiration: now.Add(time.Hour)}
	if got := c.Lifetime(); got != time.Hour {
		t.Errorf("lifetime %v", got)
	}
	for _, test := range []struct {
		now  time.Time
		want time.Duration
	}{
		{now, time.Hour},
		{now.Round(0), time.Hour},
		{now.Add(time.Hour), 0},
		{now.Round(0).Add(2 * time.Hour), -time.Hour},
	} {
		if got := c.Remaining(test.now); got != test.want {
			t.Errorf("at %v %v remain, want %v", test.now, got, test.want)
		}
	}
}
