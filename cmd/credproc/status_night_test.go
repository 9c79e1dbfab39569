package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

// A night in production, by credproc itself but for the passing of time: a role
// that STS refuses, one that nobody has used for long, one that cannot be renewed
// just now, and one that is well. With -v it prints what status says, for the
// documentation:
//
//	go test ./cmd/credproc -count=1 -v -run '^TestStatusOfANight$'
func TestStatusOfANight(t *testing.T) {
	t.Parallel()
	w := testWorld(t)
	call := func(want int, args ...string) string {
		t.Helper()
		p := w.command(t)
		p.Args = append(p.Args[:1], args...)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		if got := p.status(); got != want {
			t.Fatalf("credproc %v: exit status %d, not %d\n%s", args, got, want, &p.stderr)
		}
		return p.stdout.String()
	}
	// get asks for credentials as the service account of that name.
	get := func(want int, role, account string) {
		t.Helper()
		if err := w.iss.WriteToken(w.token, sourcetest.Claims{Subject: "system:serviceaccount:prod:" + account}); err != nil {
			t.Fatal(err)
		}
		call(want, "--role-arn", role, "--web-identity-token-file", w.token)
	}
	const (
		migrator = "arn:aws:iam::111122223333:role/migrator"
		planner  = "arn:aws:iam::111122223333:role/terraform-plan"
		backup   = "arn:aws:iam::444455556666:role/ops/backup-nightly"
		reports  = "arn:aws:iam::444455556666:role/reports"
	)
	for _, role := range []string{planner, backup} {
		w.sts.AddRole(sourcetest.Role{ARN: role})
	}
	get(exitOK, planner, "terraform")
	get(exitOK, migrator, "migrator")
	get(exitOK, backup, "backup")
	passes := func(role string, d time.Duration) {
		t.Helper()
		entries, err := filepath.Glob(filepath.Join(w.cache, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range entries {
			if e, err := readEntry(path); err != nil {
				t.Fatal(err)
			} else if e.Role == role {
				if err := ageEntry(path, d); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	passes(planner, 11*time.Minute+24*time.Second)
	passes(migrator, 50*time.Minute+13*time.Second)
	passes(backup, 83*time.Minute)
	get(exitRefused, reports, "reports") // STS knows no such role
	w.sts.SetFault(sourcetest.Refuse(400, "IDPCommunicationError", "Couldn't retrieve verification key from your identity provider"))
	get(exitOK, migrator, "migrator") // still has life

	night := call(exitOK, "status")
	last := 0
	for _, want := range []string{
		"4 entries, 2 failing at ",
		"   none  ░░░░░░░░░░  next use        -  reports\n         444455556666  system:serviceaccount:prod:reports\n         failed ", "AccessDenied",
		"expired  ░░░░░░░░░░  next use    1h23m  ops/backup-nightly\n         444455556666  system:serviceaccount:prod:backup\n",
		"migrator\n         111122223333  system:serviceaccount:prod:migrator\n         failed ", ": IDPCommunicationError:\n",
		"terraform-plan\n         111122223333  system:serviceaccount:prod:terraform\n",
	} {
		i := strings.Index(night[last:], want)
		if i < 0 {
			t.Fatalf("no %q in its place:\n%s", want, night)
		}
		last += i
	}
	if testing.Verbose() {
		// With the paths and addresses of a real one.
		asReal := strings.NewReplacer(" in\n"+w.home, " in /home/deploy", w.home, "/home/deploy", w.sts.URL, "https://sts.amazonaws.com")
		fmt.Printf("$ credproc status\n%s", asReal.Replace(night))
	}
	call(exitOther, "status", "--min-ttl", "5m")
}
