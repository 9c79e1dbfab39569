package precedence

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
)

const processProfile = "[profile p]\ncredential_process = /usr/local/bin/credproc\n"

const (
	keys  = "AWS_ACCESS_KEY_ID=AKIA AWS_SECRET_ACCESS_KEY=s"
	irsa  = "AWS_ROLE_ARN=arn AWS_WEB_IDENTITY_TOKEN_FILE=/token"
	empty = "AWS_ROLE_ARN= AWS_WEB_IDENTITY_TOKEN_FILE="
	uri   = "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1"
	own   = "AWS_SDK_LOAD_CONFIG=1 "
)

// rows have one letter for each SDK, in the order of the constants: P process,
// E environment, W web identity, F static keys, R assumed role, C container, I
// instance, N none, ! error, ? unknown. A letter in lower case runs no process
// though it could.
var rows = []struct {
	name                string
	config, credentials string
	env                 string
	inCode              bool
	want                string
}{
	{"nothing else", processProfile, "", own, false, "PPPPPPPPPP"},
	{"without AWS_SDK_LOAD_CONFIG", processProfile, "", "", false, "PP!PPPPPPP"},
	{"without AWS_SDK_LOAD_CONFIG, container", processProfile, "", uri, false, "PPCPPPPPPP"},
	{"access keys", processProfile, "", own + keys, false, "EEEPEEEEEE"},
	{"IRSA", processProfile, "", own + irsa, false, "WWWPWWWPPW"},
	{"IRSA set empty", processProfile, "", own + empty, false, "PPPP!PPPPP"},
	{"container", processProfile, "", own + uri, false, "PPPPPPPPPP"},
	{"named in code, access keys", processProfile, "", own + keys, true, "PPPPPEPEPE"},
	{"named in code, IRSA", processProfile, "", own + irsa, true, "PPPPPWPPPW"},
	{"same name in credentials", processProfile, "[p]\naws_access_key_id = AKIA\naws_secret_access_key = s\n", own, false, "FFFFFP!PFF"},
	{"static in the section", processProfile + "aws_access_key_id = AKIA\naws_secret_access_key = s\n", "", own, false, "PFFFFP!P?P"},
	{"role_arn and source_profile", processProfile + "role_arn = arn\nsource_profile = b\n[profile b]\naws_access_key_id = AKIA\naws_secret_access_key = s\n", "", own, false, "R!!RRR!R??"},
	{"role_arn and web_identity_token_file", processProfile + "role_arn = arn\nweb_identity_token_file = /token\n", "", own, false, "W!!WWW!W?W"},
	{"role_arn alone", processProfile + "role_arn = arn\n", "", own, false, "!RRP!P!!?!"},
	{"source_profile names it", "[profile p]\nrole_arn = arn\nsource_profile = b\n[profile b]\ncredential_process = /x\n", "", own, false, "RRRRRR?R?!"},

	{"sso_session alone", processProfile + "sso_session = s\n", "", own, false, "POOPOOOOOO"},
	{"IAM Identity Center", processProfile + "sso_session = s\nsso_account_id = 1\nsso_role_name = r\n", "", own, false, "OOOPOOOOOO"},

	{"half a key", processProfile, "", own + "AWS_ACCESS_KEY_ID=AKIA", false, "!PPPPPPPPP"},
	{"role_arn alone, IRSA", processProfile + "role_arn = arn\n", "", own + irsa, false, "!WWPWWW!?W"},
	{"no such profile, IRSA", "", "", own + irsa, false, "!!!WWWWWWW"},
	{"nothing at all", "", "", own, false, "!!!I!IIIII"},
	{"web identity profile", "[profile p]\nrole_arn = arn\nweb_identity_token_file = /token\n", "", own + uri, false, "WWWWWWWWWW"},
}

var letters = map[Source]string{
	Process: "P", Environment: "E", WebIdentity: "W", Static: "F", AssumeRole: "R",
	SSO: "O", Container: "C", Instance: "I", None: "N", Fails: "!", Unknown: "?",
}

func load(t *testing.T, read func(string) (*awsconfig.File, error), name, text string) *awsconfig.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := read(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func lookup(env string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, pair := range strings.Fields(env) {
			if k, v, _ := strings.Cut(pair, "="); k == name {
				return v, true
			}
		}
		return "", false
	}
}

// TestMatrix is what was read in the SDKs' sources and, where it could be,
// seen to happen.
func TestMatrix(t *testing.T) {
	for _, row := range rows {
		h := Here{
			Lookup:      lookup(row.env),
			Config:      load(t, awsconfig.Load, "config", row.config),
			Credentials: load(t, awsconfig.LoadCredentials, "credentials", row.credentials),
		}
		var got strings.Builder
		for _, sdk := range SDKs() {
			p := Of(sdk, h, "p", row.inCode)
			got.WriteString(letters[p.Source])
			if p.Source != Unknown && (p.Rule == "" || p.Place == "") {
				t.Errorf("%s: %s has no rule or place: %+v", row.name, sdk.ID(), p)
			}
		}
		if got.String() != row.want {
			t.Errorf("%-40s %s, want %s", row.name, &got, row.want)
		}
	}
}

func TestPlace(t *testing.T) {
	config := load(t, awsconfig.Load, "config", "[profile p]\n\ncredential_process = /x\n[profile r]\nrole_arn = arn\nsource_profile = p\n")
	credentials := load(t, awsconfig.LoadCredentials, "credentials", "[p]\naws_access_key_id = AKIA\n[default]\naws_access_key_id = AKIA\n")
	for _, row := range []struct {
		env, profile string
		sdk          SDK
		source       Source
		place        string
		named        string
		command      string
	}{
		{"", "p", Java, Process, config.Path + ":3", "AWS_PROFILE", "/x"},
		{"", "p", GoV2, Static, credentials.Path + ":2", "AWS_PROFILE", ""},
		{"", "r", GoV2, AssumeRole, config.Path + ":6", "AWS_PROFILE", ""}, // the keys go first
		{"AWS_DEFAULT_PROFILE=p", "", JavaScript, Static, credentials.Path + ":4", "", ""},
		{"AWS_DEFAULT_PROFILE=p AWS_PROFILE=r", "", Botocore, Static, credentials.Path + ":2", "AWS_DEFAULT_PROFILE", ""},
		{"AWS_DEFAULT_PROFILE=p AWS_PROFILE=r", "", GoV2, AssumeRole, config.Path + ":6", "AWS_PROFILE", ""},
		{irsa, "p", Botocore, WebIdentity, "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_PROFILE", ""},
		{keys, "p", DotNet, Environment, "AWS_ACCESS_KEY_ID", "AWS_PROFILE", ""},
	} {
		p := Of(row.sdk, Here{lookup(row.env), config, credentials}, row.profile, false)
		if p.Source != row.source || p.Place != row.place || p.Named != row.named || p.Command != row.command {
			t.Errorf("%s %q %s: %+v", row.env, row.profile, row.sdk.ID(), p)
		}
	}
}

// Every SDK has an answer whatever it finds.
func TestEveryColumnEnds(t *testing.T) {
	for _, sdk := range SDKs() {
		if p := Of(sdk, Here{Lookup: lookup("")}, "", false); p.Source != Instance {
			t.Errorf("%s: %+v", sdk.ID(), p)
		}
		if sdk.ID() == "" || sdk.Name() == "" || len(sdk.profileVariables()) == 0 {
			t.Errorf("%d has no name", sdk)
		}
	}
}
