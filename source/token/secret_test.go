package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%20.10v", "%T"}

// A token's text leaves through Raw only.
func TestTokenStaysHidden(t *testing.T) {
	raw := jwt(rs256, someone)
	tok, err := Parse([]byte(raw), "here")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(tok); got != `web identity token of "someone"` {
		t.Errorf("shown as %s", got)
	}
	var shown []string
	for _, v := range []any{tok, &tok, []Token{tok}, map[string]Token{"x": tok}, struct{ Token Token }{tok}, &struct{ Token any }{tok}} {
		for _, verb := range verbs {
			shown = append(shown, fmt.Sprintf(verb, v))
		}
	}
	shown = append(shown, fmt.Sprint(tok), fmt.Errorf("wrapped: %w", errors.New(fmt.Sprint(tok))).Error())
	marshaled, err := json.Marshal(tok)
	if err != nil {
		t.Fatal(err)
	}
	shown = append(shown, string(marshaled))
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "token", tok, "pointer", &tok)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "token", tok, "pointer", &tok)
	shown = append(shown, log.String())
	for _, text := range shown {
		wantHidden(t, text, raw)
		wantHidden(t, text, fmt.Sprintf("%x", raw))
		wantHidden(t, strings.ToLower(text), fmt.Sprintf("%x", raw))
	}
}
