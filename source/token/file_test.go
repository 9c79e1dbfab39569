package token

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write puts text into a new file and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFile(t *testing.T) {
	text := jwt(rs256, someone)
	f := File(write(t, "\ufeff"+text+"\r\n"))
	tok, err := f.Token(context.Background())
	if err != nil || tok.Raw() != text {
		t.Fatalf("got %d characters, error %v", len(tok.Raw()), err)
	}
	if f.Identity() != tok.Identity() || f.Identity().Subject != "someone" {
		t.Errorf("identity %+v", f.Identity())
	}
	if !f.Renewable() {
		t.Error("not renewable")
	}
	if f.String() != "in "+string(f) {
		t.Errorf("string %q", f.String())
	}
	padded := File(write(t, strings.Repeat(" ", 19999)+jwtOfLength(20000)+"\n"))
	if tok, err := padded.Token(context.Background()); err != nil || len(tok.Raw()) != 20000 {
		t.Errorf("40000 bytes with white space: got %d, error %v", len(tok.Raw()), err)
	}
}

func TestFileRefuses(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Symlink(in("gone"), in("dangling")); err != nil {
		t.Skip(err) // Windows, without the right to make links
	}
	if err := os.Symlink(in("loop"), in("loop")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, path string
		problem    Problem
		detail     string // up to where the system's own words begin
		cause      bool
	}{
		{"missing", in("missing"), Missing, "does not exist", false},
		{"in a missing folder", in("missing/token"), Missing, "does not exist", false},
		{"dangling link", in("dangling"), Missing, "does not exist", false},
		{"link to itself", in("loop"), Unreadable, "cannot be read: ", true},
		{"in a file", filepath.Join(write(t, "x"), "token"), Unreadable, "cannot be read: ", true},
		{"directory", dir, Unreadable, "is a directory, not a file", false},
		{"empty", write(t, ""), Malformed, "is empty", false},
		{"newline", write(t, "\n"), Malformed, "is empty", false},
		{"20001 characters", write(t, jwtOfLength(20001)+"\n"), Malformed, "has 20001 characters; STS takes 4 to 20000", false},
		{"1 MB", write(t, strings.Repeat("A", 1e6)), Malformed, "has 1000000 bytes; STS takes 4 to 20000", false},
		{"not a JWT", write(t, "correct horse battery staple"), Malformed, "is not a JWT: it has 1 parts instead of 3", false},
		{"HS256", write(t, jwt(`{"alg":"HS256"}`, someone)), BadAlgorithm, `is signed with "HS256"; STS takes RS256`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantRefusal(t, test.path, test.problem, test.detail, test.cause)
		})
	}
}

// wantRefusal checks what the file at path is refused with, and that its name
// stands in the message once.
func wantRefusal(t *testing.T, path string, problem Problem, detail string, cause bool) {
	t.Helper()
	f := File(path)
	tok, err := f.Token(context.Background())
	var failed *Error
	if !errors.As(err, &failed) {
		t.Fatalf("got token %v, error %v", tok, err)
	}
	if failed.Problem != problem || !strings.HasPrefix(failed.Error(), "web identity token in "+path+" "+detail) {
		t.Errorf("got  %s: %v\nwant %s: web identity token in %s %s", failed.Problem, failed, problem, path, detail)
	}
	if n := strings.Count(failed.Error(), path); n != 1 {
		t.Errorf("names the path %d times: %v", n, failed)
	}
	var pathErr *fs.PathError
	if (failed.Unwrap() != nil) != cause || errors.As(err, &pathErr) {
		t.Errorf("cause %v", failed.Unwrap())
	}
	if (f.Identity() != Identity{}) {
		t.Errorf("identity %+v", f.Identity())
	}
}

// As kubelet does it: the path is a link to ..data/token, and ..data a link
// to a folder that is swapped.
func TestFileFollowsSwap(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "..data")
	publish := func(version, subject string) {
		folder := filepath.Join(dir, version)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "token"), []byte(jwt(rs256, `{"sub":"`+subject+`"}`)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(version, data+".tmp"); err != nil {
			t.Skip(err)
		}
		if err := os.Rename(data+".tmp", data); err != nil {
			t.Fatal(err)
		}
	}
	publish("1", "first")
	path := filepath.Join(dir, "token")
	if err := os.Symlink(filepath.Join("..data", "token"), path); err != nil {
		t.Fatal(err)
	}
	f := File(path)
	for i, subject := range []string{"first", "second"} {
		if i > 0 {
			publish("2", subject)
		}
		tok, err := f.Token(context.Background())
		if err != nil || tok.Claims.Subject != subject || f.Identity().Subject != subject {
			t.Errorf("got %v, identity %v, error %v; want that of %s", tok, f.Identity(), err, subject)
		}
	}
	if err := os.Remove(data); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, path, Missing, "does not exist", false)
}
