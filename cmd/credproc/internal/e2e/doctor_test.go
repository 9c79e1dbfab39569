package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
	"github.com/credproc/credproc/source/sourcetest"
)

// situations are the rows of credproc's table of precedence that can be set up
// on one machine, and some that combine them. $HELPER, $FILE_ID and the like are
// filled in; the profile is p.
var situations = []struct {
	name                string
	env                 []string
	config, credentials string
}{
	{name: "nothing else", config: processSection},
	{name: "access keys", config: processSection, env: environmentKeys},
	{name: "half an access key", config: processSection, env: environmentKeys[:1]},
	{name: "IRSA", config: processSection, env: irsaPair},
	{name: "IRSA set empty", config: processSection, env: []string{"AWS_ROLE_ARN=", "AWS_WEB_IDENTITY_TOKEN_FILE="}},
	{name: "a token file without a role", config: processSection, env: irsaPair[1:]},
	{name: "container", config: processSection, env: []string{"container"}},
	{name: "everything", config: processSection, env: append(append([]string{"container"}, environmentKeys...), irsaPair...)},
	{name: "same name in the credentials file", config: processSection, credentials: "[p]\n" + fileKeys},
	{name: "keys in the same section", config: processSection + fileKeys},
	{name: "source_profile in the same section", config: processSection + "role_arn = $TARGET\nsource_profile = b\n[profile b]\n" + fileKeys},
	{name: "token file in the same section", config: processSection + "role_arn = $IRSA\nweb_identity_token_file = $TOKEN\n"},
	{name: "role_arn alone", config: processSection + "role_arn = $TARGET\n"},
	{name: "role_arn alone, IRSA", config: processSection + "role_arn = $TARGET\n", env: irsaPair},
	{name: "two types, access keys", config: processSection + "role_arn = $IRSA\nweb_identity_token_file = $TOKEN\n", env: environmentKeys},
	{name: "source_profile names it", config: "[profile p]\nrole_arn = $TARGET\nsource_profile = b\n[profile b]\ncredential_process = $HELPER\n"},
	{name: "source_profile names it, IRSA", config: "[profile p]\nrole_arn = $TARGET\nsource_profile = b\n[profile b]\ncredential_process = $HELPER\n", env: irsaPair},
	{name: "process in the credentials file", credentials: "[p]\ncredential_process = $HELPER\n"},
	{name: "only keys", credentials: "[p]\n" + fileKeys},
	{name: "only keys, role_arn", config: "[profile p]\nrole_arn = $TARGET\n" + fileKeys},
	{name: "web identity profile", config: "[profile p]\nrole_arn = $IRSA\nweb_identity_token_file = $TOKEN\n", env: []string{"container"}},
	{name: "no such profile"},
	{name: "no such profile, IRSA", env: irsaPair},
	{name: "no such profile, access keys", env: environmentKeys},
	{name: "empty profile", config: "[profile p]\nregion = eu-west-1\n"},
	{name: "empty profile, IRSA", config: "[profile p]\nregion = eu-west-1\n", env: irsaPair},
	{name: "empty profile, container", config: "[profile p]\nregion = eu-west-1\n", env: []string{"container"}},
}

const (
	processSection = "[profile p]\ncredential_process = $HELPER\n"
	fileKeys       = "aws_access_key_id = $FILE_ID\naws_secret_access_key = $FILE_SECRET\n"
)

var (
	environmentKeys = []string{"AWS_ACCESS_KEY_ID=$ENV_ID", "AWS_SECRET_ACCESS_KEY=$ENV_SECRET"}
	irsaPair        = []string{"AWS_ROLE_ARN=$IRSA", "AWS_WEB_IDENTITY_TOKEN_FILE=$TOKEN"}
)

// TestDoctor holds what doctor says against what the SDKs do.
func TestDoctor(t *testing.T) {
	ctx := testContext(t)
	sdks := doctorSDKs(t, ctx)
	t.Parallel()
	var compared atomic.Int32
	var names []string
	for _, sdk := range sdks {
		names = append(names, sdk.name)
	}
	// Once the situations, which go in parallel, are all over.
	t.Cleanup(func() {
		summary.add(t, "%d choices of %s are what doctor says", compared.Load(), strings.Join(names, ", "))
	})
	for i, s := range situations {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, s.env, s.config, s.credentials)
			for _, how := range []struct {
				name, profile string
				env           []string
			}{
				{"AWS_PROFILE", "", []string{"AWS_PROFILE=p"}},
				{"AWS_DEFAULT_PROFILE", "", []string{"AWS_DEFAULT_PROFILE=p"}},
				{"in code", "p", nil},
				{"both", "", []string{"AWS_PROFILE=p", "AWS_DEFAULT_PROFILE=nowhere"}},
			} {
				if i > 1 && how.profile == "" && how.name != "AWS_PROFILE" {
					continue // which name counts does not hang on the rest
				}
				said := p.doctor(t, ctx, how.env, how.profile)
				for _, sdk := range sdks {
					did := p.run(ctx, sdk, how.env, how.profile)
					if want := said[sdk.id]; did != want && !(want == "none" && did == "error") {
						t.Errorf("%s, profile by %s: doctor says %s, it did %s", sdk.name, how.name, want, did)
					}
					compared.Add(1)
				}
			}
		})
	}
}

// A doctorSDK is a program that prints the id of the access key that the SDK
// finds; for a profile named in code, that is its argument.
type doctorSDK struct {
	id, name string
	line     func(profile string) []string
	env      []string
}

const botocoreKey = `
import sys, botocore.session
c = botocore.session.Session(profile=sys.argv[1] if len(sys.argv) > 1 else None).get_credentials()
print(c.get_frozen_credentials().access_key if c else 'none')
`

const javaScriptKey = `
const { defaultProvider } = require('@aws-sdk/credential-provider-node');
const profile = process.argv[1];
defaultProvider(profile ? { profile } : {})().then((c) => console.log(c.accessKeyId),
  (err) => { console.error(String(err)); process.exit(1); });
`

func doctorSDKs(t *testing.T, ctx context.Context) (all []doctorSDK) {
	t.Helper()
	with := func(line ...string) func(string) []string {
		return func(profile string) []string {
			if profile == "" {
				return line
			}
			return append(line[:len(line):len(line)], profile)
		}
	}
	program, err := world.GoProgram(ctx, "./gocreds")
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, doctorSDK{"go-v2", "Go SDK v2", with(program), nil})
	m := world.Machine(t)
	if out, err := output(m.Command(ctx, nil, "python3", "-c", "import botocore")); err == nil {
		all = append(all, doctorSDK{"botocore", "botocore", with("python3", "-c", botocoreKey), nil})
	} else {
		summary.skip("doctor against botocore", lastLine(out))
	}
	if out, err := output(m.Command(ctx, nil, "aws", "--version")); err == nil {
		all = append(all, doctorSDK{"botocore", "AWS CLI", func(profile string) []string {
			line := []string{"aws", "configure", "list"}
			if profile != "" {
				line = append(line, "--profile", profile)
			}
			return line
		}, nil})
	} else {
		summary.skip("doctor against the AWS CLI", lastLine(out))
	}
	node, err := exec.LookPath("node")
	npm, errNPM := exec.LookPath("npm")
	if err != nil || errNPM != nil {
		summary.skip("doctor against the JavaScript SDK", "there is no node or no npm")
		return all
	}
	modules, err := npmInstall(ctx, npm, filepath.Join(world.BuildDir, "js"), "@aws-sdk/client-s3", jsSDKVersion)
	if err != nil {
		summary.skip("doctor against the JavaScript SDK", err.Error())
		return all
	}
	return append(all, doctorSDK{"javascript-v3", "JavaScript SDK v3", with(node, "-e", javaScriptKey), []string{"NODE_PATH=" + modules}})
}

// A place is a machine on which every source has an access key of its own.
type place struct {
	*rig.Machine
	sts    *sourcetest.STS
	env    []string
	source map[string]string // by access key
}

func newPlace(t *testing.T, env []string, config, credentials string) *place {
	t.Helper()
	server := sourcetest.NewSTS()
	t.Cleanup(server.Close)
	server.Trust(world.Issuer.URL)
	p := &place{Machine: world.Machine(t), sts: server, source: map[string]string{}}
	names := map[string]string{"IRSA": instanceRole, "TARGET": targetRole, "TOKEN": world.Token.Path}
	var users []string
	for name, source := range map[string]string{"ENV": "environment", "FILE": "static-keys", "HELPER": "credential-process"} {
		user := "arn:aws:iam::111122223333:user/" + strings.ToLower(name)
		id, secret := server.AddUser(user)
		names[name+"_ID"], names[name+"_SECRET"] = id, secret
		p.source[id] = source
		users = append(users, user)
	}
	server.AddRole(sourcetest.Role{ARN: instanceRole})
	server.AddRole(sourcetest.Role{ARN: targetRole, Callers: users})

	helper := filepath.Join(p.Home, "helper.sh")
	names["HELPER"] = helper
	fill := func(text string) string { return os.Expand(text, func(name string) string { return names[name] }) }
	write := func(file, text string, mode os.FileMode) {
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(helper, fmt.Sprintf("#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":%q,\"SecretAccessKey\":%q,\"Expiration\":\"2099-01-01T00:00:00Z\"}'\n",
		names["HELPER_ID"], names["HELPER_SECRET"]), 0o755)
	write(filepath.Join(p.Home, ".aws", "config"), fill(config), 0o600)
	if credentials != "" {
		write(filepath.Join(p.Home, ".aws", "credentials"), fill(credentials), 0o600)
	}
	p.env = []string{"AWS_ENDPOINT_URL_STS=" + server.URL, "AWS_REGION=" + rig.Region, "AWS_DEFAULT_REGION=" + rig.Region, "AWS_MAX_ATTEMPTS=1"}
	for _, line := range env {
		if line == "container" {
			const id = "ASIACONTAINERCONTAIN"
			p.source[id] = "container"
			p.env = append(p.env, rig.Container(t, aws.Credentials{AccessKeyID: id, SecretAccessKey: "s", SessionToken: "t", Expires: time.Now().Add(time.Hour)})...)
			continue
		}
		p.env = append(p.env, fill(line))
	}
	return p
}

// doctor returns the source that doctor names, by SDK.
func (p *place) doctor(t *testing.T, ctx context.Context, env []string, profile string) map[string]string {
	t.Helper()
	line := []string{"doctor", "--json"}
	if profile != "" {
		line = append(line, "--profile", profile)
	}
	text, err := p.Command(ctx, append(p.env, env...), world.Credproc, line...).Output()
	var report struct {
		SDKs []struct {
			SDK, Source string
			InCode      struct{ Source string } `json:"profileInCode"`
		}
	}
	if jsonErr := json.Unmarshal(text, &report); jsonErr != nil || len(report.SDKs) == 0 {
		t.Fatalf("%v, %v: %s", err, jsonErr, text)
	}
	said := map[string]string{}
	for _, sdk := range report.SDKs {
		said[sdk.SDK] = sdk.Source
		if profile != "" {
			said[sdk.SDK] = sdk.InCode.Source
		}
	}
	return said
}

// listed is the line of `aws configure list` that tells the type.
var listed = regexp.MustCompile(`(?m)^ *access_key[ :]+(<not set>|\S+)[ :]+(\S+)`)

// types are the AWS CLI's words for sources.
var types = map[string]string{
	"env": "environment", "custom-process": "credential-process", "shared-credentials-file": "static-keys",
	"config-file": "static-keys", "assume-role": "assume-role", "assume-role-with-web-identity": "web-identity",
	"container-role": "container", "None": "none",
}

// run returns the source that an SDK uses, or what it printed that is none.
func (p *place) run(ctx context.Context, sdk doctorSDK, env []string, profile string) string {
	before := len(p.sts.Log())
	line := sdk.line(profile)
	text, err := output(p.Command(ctx, append(append(p.env[:len(p.env):len(p.env)], env...), sdk.env...), line[0], line[1:]...))
	if err != nil {
		return "error"
	}
	if found := listed.FindStringSubmatch(text); found != nil {
		if source, ok := types[found[2]]; ok {
			return source
		}
		return text
	}
	key := lastLine(text)
	if key == "none" {
		return "none"
	}
	if source, ok := p.source[key]; ok {
		return source
	}
	for _, call := range p.sts.Log()[before:] {
		switch call.Action {
		case "AssumeRole":
			return "assume-role"
		case "AssumeRoleWithWebIdentity":
			return "web-identity"
		}
	}
	return text
}
