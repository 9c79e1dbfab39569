package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Two hundred processes at once start a slow helper once, and print the same.
func TestHerdStartsAHelperOnce(t *testing.T) {
	w := testWorld(t)
	runs := filepath.Join(w.home, "runs")
	helper := filepath.Join(w.home, "helper")
	// Its two seconds decide nothing: a herd that did not share would start it
	// two hundred times, however fast it were.
	script := `#!/bin/sh
echo run >> ` + runs + `
sleep 2
printf '{"Version":1,"AccessKeyId":"ASIAIOSFODNN7EXAMPLE","SecretAccessKey":"%s","SessionToken":"a-session-token-of-the-helper","Expiration":"%s"}' \
	wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY "$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -v +1H +%Y-%m-%dT%H:%M:%SZ)"
`
	if err := os.WriteFile(helper, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"cold", "gone", "warm"} {
		if when == "gone" {
			path, err := onlyEntry(w.cache)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		all := w.herd(t, 200, patience, "--credential-process", helper)
		for _, p := range all {
			if _, err := checkPrinted(p.stdout.String()); err != nil || p.stderr.Len() > 0 ||
				p.stdout.String() != all[0].stdout.String() || p.ProcessState.ExitCode() != exitOK {
				t.Fatalf("%s: not all print the same: %v\n%s", when, err, tally(all))
			}
		}
		text, err := os.ReadFile(runs)
		if n, want := bytes.Count(text, []byte("run")), map[string]int{"cold": 1, "gone": 2, "warm": 2}[when]; err != nil || n != want {
			t.Fatalf("%s: the helper ran %d times, not %d (%v)", when, n, want, err)
		}
	}
	if n := w.sts.Calls(); n != 0 {
		t.Errorf("STS was called %d times", n)
	}
}
