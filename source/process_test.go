package source

import (
	"testing"
)

// The program's name is all that is shown of a command.
func TestProcessString(t *testing.T) {
	for command, want := range map[string]string{
		"aws-vault export --format=json secretword":    "aws-vault",
		"  /opt/get\tcreds":                            "/opt/get",
		`"C:\Program Files\get.exe" secretword`:        `C:\Program Files\get.exe`,
		"'a b' secretword":                             "a b",
		"TOKEN=secretword PIN='secretword 2' get more": "get",
		"TOKEN='secretword 2' get":                     "get",
		"":                                             "of no name",
		"TOKEN=secretword":                             "of no name",
	} {
		p := &Process{Command: command}
		if got := p.String(); got != "credential_process "+want {
			t.Errorf("%q: %s", command, got)
		}
	}
}

func TestProcessKey(t *testing.T) {
	example := func(command string, env ...string) Key {
		return (&Process{Command: command, Getenv: func(name string) string {
			for i := 0; i < len(env); i += 2 {
				if env[i] == name {
					return env[i+1]
				}
			}
			return ""
		}}).Key()
	}
	want := example("get it", "HOME", "/home/jane")
	if want.Role != "credential_process get" || len(want.Settings) != 32 || len(want.Identity) != 32 {
		t.Errorf("key %+v", want)
	}
	if other := example("get it", "HOME", "/home/jane", "TERM", "xterm", "AWS_SECRET_ACCESS_KEY", "x", GuardVariable, "x"); other != want {
		t.Error("a variable that changes nothing changes the key")
	}
	if other := example("get that", "HOME", "/home/jane"); other.Settings == want.Settings {
		t.Error("another command has the same settings")
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE", "HOME", "GITHUB_RUN_ID"} {
		if other := example("get it", "HOME", "/home/jane", name, "x"); name != "HOME" && (other.Identity == want.Identity || other.Settings != want.Settings) ||
			name == "HOME" && example("get it", "HOME", "/root").Identity == want.Identity {
			t.Errorf("%s does not change the identity, or more than that", name)
		}
	}
	for command, relative := range map[string]bool{
		"get it": false, "/opt/get it": false, "bin/get": true, "./get": true, "cat ../creds": true, "cat './creds'": true, "~/get": false, "$HOME/get": false,
	} {
		t.Chdir(t.TempDir())
		one := example(command)
		t.Chdir(t.TempDir())
		if same := example(command).Identity == one.Identity; same == relative {
			t.Errorf("%s: the same in another folder is %t", command, same)
		}
	}
}
