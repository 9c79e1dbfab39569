package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/screen"
	"github.com/credproc/credproc/source"
)

var writeGolden = flag.Bool("write-golden", false, "write testdata/status/*.txt as the program prints it now")

// night is when all that follows is looked at.
var night = time.Date(2026, 11, 22, 3, 7, 9, 0, time.UTC)

// A bad night: every state once, with texts of every length.
func badNight() cache.Listing {
	entry := func(role, subject string, state cache.State, age, left, renewal time.Duration) cache.Entry {
		return cache.Entry{
			Role: role, Subject: subject, AccountID: "111122223333", AccessKeyID: "ASIAEXAMPLE", State: state,
			Issued: night.Add(-age), Expiration: night.Add(left), Renewal: night.Add(renewal),
		}
	}
	missing := cache.Entry{
		Role: "arn:aws:iam::444455556666:role/reporting/export-nightly", Subject: "repo:octo-org/octo-repo:environment:prod",
		State: cache.Missing, Renewal: night,
		Failure: &cache.Failure{Kind: source.KindRefused, Code: "AccessDenied", At: night.Add(-134 * time.Second), Tries: 1, Next: night,
			Text: "assuming arn:aws:iam::444455556666:role/reporting/export-nightly: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"},
	}
	expired := entry("arn:aws:iam::111122223333:role/old", "", cache.Expired, 5*time.Hour, -4*time.Hour, 0)
	hard := entry("arn:aws:iam::111122223333:role/migrator", "system:serviceaccount:prod:migrator", cache.Hard, 3565*time.Second, 35*time.Second, 12*time.Second)
	hard.Failure = &cache.Failure{Kind: source.KindUnreachable, At: night.Add(-8 * time.Second), Tries: 14, Next: night.Add(12 * time.Second),
		Text: "asking https://sts.eu-west-1.amazonaws.com/: dial tcp 10.0.0.1:443: connect: connection refused, and " + strings.Repeat("this goes on ", 30)}
	soft := entry("arn:aws:iam::111122223333:role/aws-reserved/a-role-with-a-name-of-64-characters-which-is-what-iam-allows-at-", "system:serviceaccount:a-namespace-with-a-long-name:a-service-account-with-a-long-name-too", cache.Soft, 41*time.Minute, 19*time.Minute, -time.Minute)
	wide := entry("credential_process /opt/vendor/bin/get-credentials", "日本語の利用者-日本語の利用者-日本語の利用者-日本語の利用者-日本語の利用者", cache.Fresh, 4*time.Minute, 56*time.Minute, 33*time.Minute)
	wide.AccountID = ""
	ahead := entry("arn:aws:iam::111122223333:role/clock", "me", cache.Soft, -3*time.Minute, time.Hour, 0)
	fresh := entry("arn:aws:iam::111122223333:role/backup", "system:serviceaccount:prod:backup", cache.Fresh, 0, 12*time.Hour, 12*time.Hour-24*time.Minute)
	return cache.Listing{
		Folder:  "/home/a-user-with-a-rather-long-name/.cache/credproc",
		Entries: []cache.Entry{missing, expired, hard, soft, wide, ahead, fresh},
		Unusable: []cache.Unusable{{
			File:   "0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef.json",
			Reason: "the entry is damaged: its checksum does not match",
		}},
	}
}

// What people read at three widths, to the letter.
func TestStatusPage(t *testing.T) {
	for _, columns := range []int{screen.Least, 60, 80, 120} {
		p := statusPage{now: night, columns: columns, probe: true, least: 20 * time.Minute}
		got := p.text(badNight())
		for line := range strings.Lines(got) {
			if n := screen.Width(strings.TrimSuffix(line, "\n")); n > columns {
				t.Errorf("%d columns of %d: %s", n, columns, line)
			}
			if strings.HasSuffix(line, " \n") {
				t.Errorf("space at the end: %q", line)
			}
		}
		file := filepath.Join("testdata", "status", fmt.Sprintf("%d.txt", columns))
		if *writeGolden {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("at %d columns:\n%s\nnot, as in %s:\n%s", columns, got, file, want)
		}
	}
}

// Colours change no letter, and say how bad it is.
func TestStatusColours(t *testing.T) {
	l := badNight()
	for _, columns := range []int{60, 80, 120} {
		plain := statusPage{now: night, columns: columns}
		coloured := plain
		coloured.colours = true
		text := coloured.text(l)
		for _, want := range []string{
			"\x1b[31mexpired\x1b[0m", "\x1b[31mnone\x1b[0m", "\x1b[31m35s\x1b[0m", "\x1b[33m19m0s\x1b[0m", "\x1b[32m56m0s\x1b[0m",
			"\x1b[31mfailed 2m14s ago", "\x1b[33mfailed 8s ago",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q at %d columns:\n%s", want, columns, text)
			}
		}
		for _, c := range []screen.Colour{screen.Red, screen.Green, screen.Yellow, screen.Dim, "\x1b[0m"} {
			text = strings.ReplaceAll(text, string(c), "")
		}
		if text != plain.text(l) {
			t.Errorf("at %d columns the colours changed the text:\n%s", columns, text)
		}
	}
}

// Whoever wrote an entry does not get at the terminal.
func TestStatusControlsNothing(t *testing.T) {
	const evil = "a\x1b]0;x\a\n\r\u009b2J\u202e\u200b\U000e0041b"
	l := cache.Listing{
		Folder:   evil,
		Entries:  []cache.Entry{{Role: evil, Subject: evil, AccountID: evil, State: cache.Missing, Failure: &cache.Failure{Code: evil, Text: evil, Kind: evil}}},
		Unusable: []cache.Unusable{{File: evil, Reason: evil}},
	}
	var inJSON strings.Builder
	if err := writeStatus(&inJSON, l, night); err != nil {
		t.Fatal(err)
	}
	for _, columns := range []int{60, 80, 120} {
		text := statusPage{now: night, columns: columns}.text(l)
		if n := strings.Count(text, "\n"); n > 12 {
			t.Errorf("%d lines:\n%s", n, text)
		}
		for _, text := range []string{text, inJSON.String()} {
			if i := strings.IndexAny(text, "\x1b\a\r\u009b\u202e\u200b\U000e0041"); i >= 0 {
				t.Errorf("%q is in %q", text[i:i+4], text)
			}
		}
	}
}

// An entry is short if it has less than asked for, no life at all, or was never
// there.
func TestStatusShort(t *testing.T) {
	all := badNight().Entries
	for _, test := range []struct {
		least time.Duration
		want  int
	}{
		{0, 2}, {35 * time.Second, 2}, {36 * time.Second, 3}, {19 * time.Minute, 3}, {20 * time.Minute, 4}, {24 * time.Hour, 7},
	} {
		if got := countShort(all, test.least, night); got != test.want {
			t.Errorf("%d are below %v, not %d", got, test.least, test.want)
		}
	}
}

// A frame fills no more rows than there are, and leaves nothing of the last one.
func TestStatusFrame(t *testing.T) {
	if got, want := frame([]string{"a", "b", "c"}, 3), "\x1b[H\x1b[Ka\r\n\x1b[Kb\r\n\x1b[Jc"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := frame([]string{"a", "b", "c", "d"}, 3), "\x1b[H\x1b[Ka\r\n\x1b[Kb\r\n\x1b[J… 2 more lines than this window has"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := frame([]string{"a", "b"}, 0); !strings.HasSuffix(got, "b") {
		t.Errorf("of a terminal without a size: %q", got)
	}
}

// The same for an entry that is whole, but says what credproc never wrote.
func TestStatusOfAForgedEntry(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	w.run(t)
	path, err := onlyEntry(w.cache)
	if err != nil {
		t.Fatal(err)
	}
	e, err := readEntry(path)
	if err != nil {
		t.Fatal(err)
	}
	const evil = "x\x1b[2J\r\n\u009b31m\u202egnp"
	e.Role, e.Subject, e.AccountID = "arn:aws:iam::1:role/"+evil, evil, evil
	e.Checksum = e.sum()
	entry, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	failure, err := json.Marshal(map[string]any{"version": 1, "kind": evil, "code": evil, "text": evil, "at": time.Now(), "next": time.Now(), "tries": 1})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{path: entry, strings.TrimSuffix(path, ".json") + ".failure": failure} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secrets, err := w.secrets()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"status"}, {"status", "--json"}} {
		p := w.command(t)
		p.Args = append(p.Args[:1], args...)
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		text := p.stdout.String()
		if strings.ContainsAny(text, "\x1b\r\u009b\u202e") || strings.Count(text, `x\u001b[2J`) < 3 {
			t.Errorf("%v: %q", args, text)
		}
		if s := leak(text+p.stderr.String(), secrets); s != "" {
			t.Errorf("%v: a piece of a secret: %s", args, s)
		}
	}
}

// Who asks for what is left is not told of seconds that cannot be used.
func TestStatusSecondsLeft(t *testing.T) {
	for left, want := range map[time.Duration]string{-90 * time.Second: "-90", 1500 * time.Millisecond: "0", 0: "0"} {
		var b strings.Builder
		e := cache.Entry{AccessKeyID: "ASIAEXAMPLE", State: cache.Expired, Issued: night.Add(-time.Hour), Expiration: night.Add(left)}
		if err := writeStatus(&b, cache.Listing{Entries: []cache.Entry{e}}, night); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), `"secondsLeft": `+want+",") {
			t.Errorf("%v before the end: %s", left, b.String())
		}
	}
}

// Every name in JSON is in the help.
func TestStatusNamesAreDocumented(t *testing.T) {
	var b strings.Builder
	if err := writeStatus(&b, badNight(), night); err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(b.String(), -1)
	if len(names) < 20 {
		t.Fatalf("only %d names in %s", len(names), b.String())
	}
	for _, name := range names {
		if !regexp.MustCompile(`(?m)\b` + name[1] + `\b`).MatchString(statusLong) {
			t.Errorf("%s is not in the help", name[1])
		}
	}
	var v any
	if err := json.Unmarshal([]byte(b.String()), &v); err != nil {
		t.Error(err)
	}
}
