//go:build unix

package command

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWords(t *testing.T) {
	for line, want := range map[string][]string{
		"":                             nil,
		" get  it\t":                   {"get", "it"},
		`"C:\Program Files\get.exe" x`: {`C:\Program Files\get.exe`, "x"},
		`A='b c' get ''`:               {"A=b c", "get", ""},
		`get "it's"`:                   {"get", "it's"},
		`get "a b`:                     {"get", "a b"},
	} {
		if got := Words(line); !slices.Equal(got, want) {
			t.Errorf("%q: %q", line, got)
		}
	}
}

// A command counts as another one in another folder where one of its words, or
// a word within one, may name something there.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"token", "helper.conf", "creds.py"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spaced := filepath.Join(t.TempDir(), "a folder", "get")
	if err := os.MkdirAll(spaced, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		line     string
		relative bool
	}{
		{"aws configure export-credentials --profile x --format process", false},
		{"aws-vault export --format=json jane@example.com", false},
		{"/opt/get /etc/get.conf --url https://vault.example/v1/x?y=../z", false},
		{"get arn:aws:iam::111122223333:role/path/migrator", false},
		{"op read op://vault/item/field", false},
		{"~/bin/get $HOME/conf --at ${HOME}/x", false},
		{"get --region=eu-west-1 --token-file=/run/token", false},
		{`circleci run oidc get --claims '{"aud":"sts.amazonaws.com"}'`, false},
		{"'" + spaced + "' x", false},

		{"bin/get", true},
		{"./get", true},
		{"../get", true},
		{"sh .get", true},
		{"sh helper.conf", true},
		{"cat token", true},
		{`sh -c "cat token"`, true},
		{`sh -c "(cat<token)"`, true},
		{"get conf/x.ini", true},
		{"get --config=helper.conf", true},
		{"get --config=conf/x.ini", true},
		{"get -fhelper.conf", true},
		{"get --conf file:helper.conf", true},
		{"curl -d @helper.conf https://example", true},
		{"python3 -m creds", true},
		{`sh -c "cat $PWD/x"`, true},
		{"get $CONF", true},
		{"~/../get", true},
		{"make creds", true},
		{"/usr/bin/make -s creds", true},
		{"'/a folder/that is/not there' x", true}, // cannot be told from a line for a shell
	} {
		want := ""
		if test.relative {
			want = dir
		}
		if got := (Command{Shell: test.line}).Folder(); got != want {
			t.Errorf("%s: %q", test.line, got)
		}
	}
	if got := (Command{Shell: "cat token", Dir: filepath.Dir(dir)}).Folder(); got != "" {
		t.Errorf("a file of another folder counts: %q", got)
	}
	if got := (Command{Shell: "cat ./token", Dir: "/"}).Folder(); got != "/" {
		t.Errorf("our own folder counts instead of the command's: %q", got)
	}
	t.Setenv("PATH", ":"+os.Getenv("PATH"))
	get := Command{Program: []string{"get"}}
	if get.Folder() != "" {
		t.Error("the folder counts though the program is not there")
	}
	if err := os.WriteFile("get", nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if get.Folder() != dir {
		t.Error("a program in the folder does not count")
	}
}
