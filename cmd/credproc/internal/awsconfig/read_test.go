package awsconfig

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadWithoutFile(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Skip("not run: no symbolic links here:", err)
	}
	for _, path := range []string{"", filepath.Join(dir, "none"), filepath.Join(plain, ".aws", "config"), dangling} {
		f, err := Load(path)
		if err != nil {
			t.Errorf("%q: %v", path, err)
			continue
		}
		if _, ok := f.Profile("default"); ok || len(f.Profiles()) != 0 {
			t.Errorf("%q: profiles out of nothing", path)
		}
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir); err == nil || err.Error() != dir+": is a directory" {
		t.Errorf("directory: %v", err)
	}

	huge := filepath.Join(dir, "huge")
	text := "[profile a]\nx = " + strings.Repeat("y", maxSize) + "\n"
	if err := os.WriteFile(huge, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(huge); err == nil || err.Error() != huge+": is larger than 1024 KiB" {
		t.Errorf("huge: %v", err)
	}
	if err := os.WriteFile(huge, []byte(text[:maxSize]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(huge); err != nil {
		t.Errorf("exactly the limit: %v", err)
	}
}

func TestLoadFollowsSymlink(t *testing.T) {
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(write(t, "[profile a]\n"), link); err != nil {
		t.Skip("not run: no symbolic links here:", err)
	}
	f, err := Load(link)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := f.Profile("a"); !ok || s.Path != link || s.Line != 1 {
		t.Errorf("got %+v, %v", s, ok)
	}
}

func TestPath(t *testing.T) {
	for _, row := range []struct{ variable, home, config, credentials string }{
		{"", "/home/u", "/home/u/.aws/config", "/home/u/.aws/credentials"},
		{"", "", "", ""},
		{"/etc/aws", "/home/u", "/etc/aws", "/etc/aws"},
		{"/etc/aws", "", "/etc/aws", "/etc/aws"},
		{"rel/aws", "/home/u", "rel/aws", "rel/aws"},
		{"~/x", "/home/u", "/home/u/x", "/home/u/x"},
		{"~", "/home/u", "/home/u", "/home/u"},
		{"~v/x", "/home/u", "~v/x", "~v/x"},
		{"~/x", "", "~/x", "~/x"},
	} {
		env := func(only string) func(string) string {
			return func(name string) string {
				if name == only {
					return row.variable
				}
				return ""
			}
		}
		if got := filepath.ToSlash(Path(env("AWS_CONFIG_FILE"), row.home)); got != row.config {
			t.Errorf("Path with %q, %q: %q, want %q", row.variable, row.home, got, row.config)
		}
		if got := filepath.ToSlash(CredentialsPath(env("AWS_SHARED_CREDENTIALS_FILE"), row.home)); got != row.credentials {
			t.Errorf("CredentialsPath with %q, %q: %q, want %q", row.variable, row.home, got, row.credentials)
		}
	}
}

func TestErrorsQuoteNothing(t *testing.T) {
	const secret = "wJalrXUtnFEMI"
	for _, text := range []string{
		secret + "\n",
		secret + " = x\n",
		"[profile a]\nx = " + secret + "\nx = " + secret + "\n",
		"[profile a]\n" + secret + " = 1\n" + secret + " = 2\n",
		"[" + secret + "]\n[" + secret + "]\n",
		"[" + secret + "\n",
		"[profile a]\nx = " + secret + "\x00\n",
		"[profile a]\nx = " + secret + "\xff\n",
	} {
		path := write(t, text)
		if _, err := Load(path); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestValue(t *testing.T) {
	f, err := Load(write(t, "[profile a]\nX = 1\nempty =\ns3 =\n  Sub = 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	s, _ := f.Profile("a")
	for _, row := range []struct {
		key, sub, want string
		ok             bool
	}{
		{"x", "", "1", true}, {"X", "", "1", true}, {"empty", "", "", true}, {"none", "", "", false}, {"", "", "", false}, {"s3", "", "", false},
		{"s3", "Sub", "2", true}, {"S3", "Sub", "2", true}, {"s3", "sub", "", false}, {"x", "1", "", false}, {"empty", "", "", true}, {"none", "x", "", false},
	} {
		got, ok := s.Value(row.key)
		if row.sub != "" {
			got, ok = s.Nested(row.key, row.sub)
		}
		if got != row.want || ok != row.ok {
			t.Errorf("%s %s: %q, %v", row.key, row.sub, got, ok)
		}
	}
	var none Section
	if _, ok := none.Value("x"); ok {
		t.Error("the zero Section has a value")
	}
}

func TestLoadUnreadable(t *testing.T) {
	path := write(t, "[profile a]\n")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if file, err := os.Open(path); err == nil {
		file.Close()
		t.Skip("not run: this user reads everything; run as an ordinary user")
	}
	if _, err := Load(path); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}
