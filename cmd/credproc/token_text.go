package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/credproc/credproc/cmd/credproc/internal/quote"
	"github.com/credproc/credproc/cmd/credproc/internal/trust"
)

// tokenFacts are what credproc token says. The names are those of --json, and
// stay.
type tokenFacts struct {
	Place       string         `json:"place"` // where the token is
	Claims      map[string]any `json:"claims"`
	Algorithm   string         `json:"algorithm"`
	KeyID       string         `json:"keyId,omitempty"`
	IssuedAt    time.Time      `json:"issuedAt,omitzero"`
	NotBefore   time.Time      `json:"notBefore,omitzero"`
	ExpiresAt   time.Time      `json:"expiresAt,omitzero"`
	SecondsLeft *int64         `json:"secondsLeft,omitempty"` // below zero: expired
	Renewable   bool           `json:"renewable"`

	Role           string           `json:"role,omitempty"`
	Account        string           `json:"account"`
	Provider       string           `json:"provider"`                 // Principal.Federated
	CreateProvider string           `json:"createProvider,omitempty"` // a command of the AWS CLI
	TrustPolicy    json.RawMessage  `json:"trustPolicy"`
	Notes          []string         `json:"notes,omitempty"`
	Comparison     *trust.Judgement `json:"comparison,omitempty"`

	now time.Time
}

func (v *tokenFacts) left() time.Duration { return v.ExpiresAt.Sub(v.now) }

func (v *tokenFacts) expired() bool { return !v.ExpiresAt.IsZero() && v.left() < 0 }

func (v *tokenFacts) writeJSON(w io.Writer) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // a buffer takes everything
}

func (v *tokenFacts) write(w io.Writer) {
	if v.Comparison != nil {
		v.writeComparison(w)
		return
	}
	fmt.Fprintf(w, "web identity token %s (its signature has not been verified)\n\n", oneLine(v.Place))
	v.writeClaims(w)
	fmt.Fprintf(w, "\nthe IAM OIDC provider\n\n  %s\n", oneLine(v.Provider))
	if v.CreateProvider != "" {
		fmt.Fprintf(w, "\n  %s\n", oneLine(v.CreateProvider))
	}
	fmt.Fprintf(w, "\nthe trust policy that accepts exactly this token\n\n%s\n", indented(string(v.TrustPolicy)))
	v.writeNotes(w)
}

func (v *tokenFacts) writeNotes(w io.Writer) {
	if len(v.Notes) == 0 {
		return
	}
	fmt.Fprintln(w)
	for _, note := range v.Notes {
		fmt.Fprintf(w, "note: %s\n", oneLine(note))
	}
}

// wellKnown are the claims that STS reads, in the order in which people look at
// them.
var wellKnown = []string{"iss", "sub", "aud", "azp", "exp", "nbf", "iat"}

func (v *tokenFacts) writeClaims(w io.Writer) {
	names := slices.Clone(wellKnown)
	for _, name := range slices.Sorted(maps.Keys(v.Claims)) {
		if !slices.Contains(wellKnown, name) {
			names = append(names, name)
		}
	}
	width := len("algorithm")
	for _, name := range names {
		if n := len(name); v.Claims[name] != nil && n > width && n <= 24 {
			width = n
		}
	}
	row := func(name, text string) { fmt.Fprintf(w, "  %-*s  %s\n", width, oneLine(name), text) }
	times := map[string]time.Time{"exp": v.ExpiresAt, "nbf": v.NotBefore, "iat": v.IssuedAt}
	for _, name := range names {
		claim, ok := v.Claims[name]
		switch at := times[name]; {
		case !ok:
		case !at.IsZero():
			row(name, v.moment(at))
		default:
			row(name, claimText(claim))
		}
	}
	fmt.Fprintln(w)
	switch {
	case v.ExpiresAt.IsZero():
		row("left", "it has no exp: STS will not take it")
	case v.expired():
		row("left", "nothing: it has expired")
	default:
		row("left", brief(v.left()))
	}
	row("algorithm", oneLine(v.Algorithm))
	if v.KeyID != "" {
		row("key id", oneLine(v.KeyID))
	}
}

// moment is a time as the person here reads it, and how far away it is.
func (v *tokenFacts) moment(at time.Time) string {
	text := at.Local().Format("2006-01-02 15:04:05 MST")
	if d := at.Sub(v.now); d > 0 {
		return fmt.Sprintf("%s (in %s)", text, brief(d))
	}
	return fmt.Sprintf("%s (%s ago)", text, brief(v.now.Sub(at)))
}

// brief is a time in two units at most: 1d3h, 59m12s.
func brief(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	default:
		return d.String()
	}
}

// claimText is a claim on one line: a text as it is, several with commas, the
// rest as JSON.
func claimText(claim any) string {
	switch v := claim.(type) {
	case string:
		return oneLine(v)
	case []any:
		var all []string
		for _, one := range v {
			text, ok := one.(string)
			if !ok {
				return jsonText(claim)
			}
			all = append(all, oneLine(text))
		}
		return strings.Join(all, ", ")
	}
	return jsonText(claim)
}

func jsonText(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n")
}

func (v *tokenFacts) writeComparison(w io.Writer) {
	j := v.Comparison
	switch j.Accepts {
	case trust.Yes:
		fmt.Fprintln(w, "the trust policy accepts this token")
	case trust.Unknown:
		fmt.Fprintln(w, "the trust policy may accept this token: something else decides")
	default:
		fmt.Fprintln(w, "the trust policy does not accept this token")
	}
	for _, s := range j.Statements {
		if j.Accepts == trust.Yes && len(j.Statements) == 1 {
			continue
		}
		name := fmt.Sprintf("statement %d", s.Number)
		if s.Sid != "" {
			name += fmt.Sprintf(", %s", oneLine(s.Sid))
		}
		switch s.Applies {
		case trust.Yes:
			fmt.Fprintf(w, "\n%s (%s) applies\n", name, s.Effect)
		case trust.Unknown:
			fmt.Fprintf(w, "\n%s (%s) applies if\n", name, s.Effect)
		default:
			fmt.Fprintf(w, "\n%s (%s) does not apply\n", name, s.Effect)
		}
		for _, r := range s.Reasons {
			writeReason(w, r)
		}
	}
	for _, action := range j.Missing {
		if action != "sts:AssumeRoleWithWebIdentity" {
			fmt.Fprintf(w, "\nno statement allows %s, which this token needs too\n", action)
		}
	}
	v.writeNotes(w)
}

func writeReason(w io.Writer, r trust.Reason) {
	what := r.Element
	switch {
	case r.Operator != "":
		what = oneLine(r.Operator) + " " + oneLine(r.Key)
	case r.Key != "":
		what += "." + oneLine(r.Key)
	}
	mark := map[trust.Answer]string{trust.Yes: "holds", trust.No: "fails", trust.Unknown: "  ?  "}[r.Holds]
	fmt.Fprintf(w, "  %s  %s\n", mark, what)
	fmt.Fprintf(w, "           the policy says  %s\n", quoted(r.Want))
	if r.Holds != trust.Unknown {
		fmt.Fprintf(w, "           the token has    %s\n", quoted(r.Have))
	}
	if r.Hint != "" {
		fmt.Fprintf(w, "           %s\n", oneLine(r.Hint))
	}
}

func quoted(texts []string) string {
	if len(texts) == 0 {
		return "nothing"
	}
	var all []string
	for _, text := range texts {
		all = append(all, `"`+oneLine(text)+`"`)
	}
	return strings.Join(all, " or ")
}

func createProvider(c trust.Caller) string {
	text := "aws iam create-open-id-connect-provider --url " + quote.POSIX(c.Issuer) + " --client-id-list"
	for _, id := range c.ClientIDs() {
		text += " " + quote.POSIX(id)
	}
	return text
}

func indented(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// oneLine keeps a text that others wrote from ending a line of ours.
func oneLine(text string) string {
	return strings.NewReplacer("\n", `\u000a`, "\r", `\u000d`, "\t", `\u0009`).Replace(text)
}

// printable writes what would control a terminal, or turn its text round, the
// way JSON does. Line ends and tabs stay.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
