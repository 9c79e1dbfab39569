package awsconfig

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestFlat(t *testing.T) {
	for _, test := range []struct{ name, file, want string }{
		{"as it is", "\n# why\n[profile a]\nx = 1 # y\r\n", "\n# why\n[profile a]\nx = 1 # y\r\n"},
		{"byte order mark", "\xef\xbb\xbf[profile a]\r\nx = 1", "[profile a]\r\nx = 1"},
		{"lines without meaning", "[profile a]\nnonsense\n  and more\nx = 1\ns3 =\n  none\n  y = 2\n", "[profile a]\nx = 1\ns3 =\n  y = 2\n"},
		{"what holds everywhere", "[profile a]\n  x = 1\n[DEFAULT]\ny = 2 # y\nX = 3\n\n[services s]\n[default]\ny=4",
			"[profile a]\n  x = 1\ny = 2\n[services s]\nx = 3\ny = 2\n[default]\ny=4\nx = 3\n"},
		{"a block that holds everywhere", "[DEFAULT]\ns3 =\n  x = 1\n  y = 2\n[profile a]\n", "[profile a]\ns3 = \n  x = 1\n  y = 2\n"},
		{"nothing but what holds everywhere", "[DEFAULT]\nx = 1\n", ""},
		{"nothing", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config")
			if err := os.WriteFile(path, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			flat, err := Flat(path)
			if err != nil || string(flat) != test.want {
				t.Fatalf("%q, %v\nwant %q", flat, err, test.want)
			}
			// The profiles say what they said.
			before, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, flat, 0o600); err != nil {
				t.Fatal(err)
			}
			after, err := Load(path)
			if err != nil || len(after.Skipped) > 0 {
				t.Fatal(err, after.Skipped)
			}
			if !reflect.DeepEqual(after.Profiles(), before.Profiles()) {
				t.Fatalf("profiles %q, not %q", after.Profiles(), before.Profiles())
			}
			for _, name := range before.Profiles() {
				was, _ := before.Profile(name)
				is, _ := after.Profile(name)
				for _, key := range []string{"x", "y", "s3"} {
					a, okA := was.text(key)
					b, okB := is.text(key)
					if a != b || okA != okB {
						t.Errorf("%s of %s is %q, not %q", key, name, b, a)
					}
				}
			}
		})
	}
}
