package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
)

// readFiles prints what botocore makes of config files, as JSON: the profiles of
// each, or the name of the error.
const readFiles = `
import json, sys
from botocore import configloader
files = {}
for path in sys.argv[1:]:
    try:
        files[path] = configloader.load_config(path)['profiles']
    except Exception as e:
        files[path] = type(e).__name__
json.dump(files, sys.stdout, default=str)
`

// setupFiles is how many config files setup is tried on.
const setupFiles = 160

// TestSetupIsReadBack runs credproc setup on config files as odd as people's
// are, and has botocore and the Go SDK read them before and after: ours is what
// setup was told, and every other profile is what it was.
func TestSetupIsReadBack(t *testing.T) {
	python := optional(t, "python3")
	m := world.Machine(t)
	ctx := testContext(t)
	if _, err := output(m.Command(ctx, nil, python, "-c", "import botocore")); err != nil {
		notRun(t, "setup, read back by botocore", "botocore is missing")
	}
	role := "arn:aws:iam::111122223333:role/migrator"
	type file struct{ name, before, after, text string }
	var files []file
	var paths []string
	refused := 0
	for seed := range setupFiles {
		// Every sign that a name may have, too.
		name := "migration"
		if seed%5 == 0 {
			name = "Team-1_a.b/c@d+e"
		}
		f := file{name: name, text: oddConfig(rand.New(rand.NewPCG(uint64(seed), 3)))}
		f.before = filepath.Join(m.Home, fmt.Sprintf("before-%d", seed))
		f.after = filepath.Join(m.Home, fmt.Sprintf("after-%d", seed))
		for _, path := range []string{f.before, f.after} {
			if err := os.WriteFile(path, []byte(f.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out, err := output(m.Command(ctx, []string{"AWS_CONFIG_FILE=" + f.after}, world.Credproc,
			"setup", name, "--region", "eu-west-1", "--role-arn", role, "--web-identity-token-file", "/t"))
		text, readErr := os.ReadFile(f.after)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if err != nil {
			if refused++; string(text) != f.text {
				t.Errorf("setup refused, and the file is another one: %s\n%s", out, text)
			}
			continue
		}
		files = append(files, f)
		paths = append(paths, f.before, f.after)
	}
	if len(files) < setupFiles/4 || refused == 0 {
		t.Errorf("of %d files %d were refused", setupFiles, refused)
	}
	cmd := m.Command(ctx, nil, python, append([]string{"-c", readFiles}, paths...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var botocore map[string]any
	if err := json.Unmarshal(out, &botocore); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, _ := os.ReadFile(f.after)
		show := func(format string, args ...any) {
			t.Errorf(format+"\n--- before\n%s\n--- after\n%s", append(args, f.text, text)...)
		}
		before, wasRead := botocore[f.before].(map[string]any)
		after, isRead := botocore[f.after].(map[string]any)
		if !isRead || !wasRead {
			show("botocore: %v, then %v", botocore[f.before], botocore[f.after])
			continue
		}
		ours := map[string]map[string]string{
			f.name:           {"region": "eu-west-1", "credential_process": world.Credproc + " --profile " + f.name + "-role"},
			f.name + "-role": {"role_arn": role, "web_identity_token_file": "/t"},
		}
		for name, want := range ours {
			got, _ := after[name].(map[string]any)
			for key, value := range want {
				if got[key] != value {
					show("botocore reads %s of %s as %q", key, name, got[key])
				}
			}
			go2, err := goProfile(ctx, f.after, name)
			if err != nil {
				show("Go: %s: %v", name, err)
			}
			if name == f.name && (go2.Region != want["region"] || go2.CredentialProcess != want["credential_process"]) {
				show("Go reads %q, %q", go2.Region, go2.CredentialProcess)
			}
			if name != f.name && (go2.RoleARN != role || go2.WebIdentityTokenFile != "/t") {
				show("Go reads %q, %q", go2.RoleARN, go2.WebIdentityTokenFile)
			}
			delete(before, name)
			delete(after, name)
		}
		if !reflect.DeepEqual(before, after) {
			show("botocore reads other profiles otherwise: %v, then %v", before, after)
		}
		for name := range before {
			a, errA := goProfile(ctx, f.before, name)
			b, errB := goProfile(ctx, f.after, name)
			if (errA == nil) != (errB == nil) || errA == nil && !reflect.DeepEqual(a, b) {
				show("Go reads %q otherwise: %v %v, then %v %v", name, a, errA, b, errB)
			}
		}
	}
	summary.add(t, "%d config files, %d refused; read back by botocore and the Go SDK", setupFiles, refused)
}

func goProfile(ctx context.Context, path, name string) (config.SharedConfig, error) {
	return config.LoadSharedConfigProfile(ctx, name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = []string{path}, []string{}
	})
}

// oddConfig makes up a config file.
func oddConfig(r *rand.Rand) string {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	end := pick("\n", "\n", "\r\n")
	headers := []string{"default", "profile a", "profile b", "profile ünï", "profile migration", "profile migration-role", "profile migrations",
		"sso-session s", "services local", "profile x/y@z+1", "plugins"}
	r.Shuffle(len(headers), func(i, j int) { headers[i], headers[j] = headers[j], headers[i] })
	var b strings.Builder
	for i := range r.IntN(7) {
		for range r.IntN(3) {
			b.WriteString(pick("# a comment", "; [profile migration]", "", "# ümläut 日本", "#region = x") + end)
		}
		header := headers[i]
		if r.IntN(25) == 0 {
			header = headers[0]
		}
		b.WriteString("[" + header + "]" + pick("", "", " ") + end)
		keys := []string{"output", "region", "max_attempts", "x", "cli_pager", "credential_process", "duration_seconds"}
		r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		for _, key := range keys[:r.IntN(5)] {
			value := map[string]string{"max_attempts": "5", "duration_seconds": "3600", "credential_process": pick(world.Credproc+" --profile migration-role", "/old/credproc", "/bin/other x")}[key]
			if value == "" {
				value = pick("json", "eu-west-1", "日本語", "a/b:c", "")
			}
			b.WriteString(key + pick(" = ", "=", " =", "\t=\t") + value + pick("", "", " ") + end)
		}
		if r.IntN(3) == 0 {
			b.WriteString("s3 =" + end + "  addressing_style = path" + end + "  max_concurrent_requests = 3" + end)
		}
	}
	if r.IntN(3) == 0 {
		return strings.TrimSuffix(b.String(), end)
	}
	return b.String()
}
