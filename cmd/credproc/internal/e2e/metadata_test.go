package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
	"github.com/credproc/credproc/source/sourcetest"
)

const (
	instanceRole = "arn:aws:iam::111122223333:role/instance-role"
	targetRole   = "arn:aws:iam::111122223333:role/target"
)

// TestMetadata asks the same metadata services for the same keys with the AWS
// CLI, which is the second opinion, and with credproc.
func TestMetadata(t *testing.T) {
	clis := awsCLIs(t)
	t.Parallel()
	for name, serve := range map[string]func(testing.TB, aws.Credentials) []string{
		"Ec2InstanceMetadata": rig.Instance,
		"EcsContainer":        rig.Container,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metadata(t, name, serve, clis)
		})
	}
}

func metadata(t *testing.T, kind string, serve func(testing.TB, aws.Credentials) []string, clis map[string][]string) {
	ctx := testContext(t)
	server, given := strictSTS(t)
	m := world.Machine(t)
	m.AddProfile(t, "base", "credential_source = "+kind)
	m.AddProfile(t, "target", "role_arn = "+targetRole+"\ncredential_source = "+kind)
	m.AddProfile(t, "nothing", "region = "+rig.Region)
	for _, name := range []string{"base", "target"} {
		m.AddProfile(t, "credproc-"+name, "credential_process = "+world.Credproc+" --profile "+name)
	}
	env := append(serve(t, given), "AWS_ENDPOINT_URL_STS="+server.URL, "AWS_REGION="+rig.Region, "AWS_DEFAULT_REGION="+rig.Region)
	run := func(line []string, more ...string) string {
		t.Helper()
		var stdout strings.Builder
		cmd := m.Command(ctx, slices.Concat(env, more), line[0], line[1:]...)
		cmd.Stdout = &stdout
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %v\n%s%s", line, err, stdout.String(), stderr.String())
		}
		return stdout.String()
	}

	want := printed{given.AccessKeyID, given.SecretAccessKey, given.SessionToken, given.Expires}
	got := parsePrinted(t, run([]string{world.Credproc, "get", "--profile", "base"}))
	// What is printed ends somewhat earlier, lest an SDK use it to the last second.
	if early := want.Expiration.Sub(got.Expiration); early < 0 || early > 6*time.Minute {
		t.Errorf("credproc printed %v as the end of what lasts until %v", got.Expiration, want.Expiration)
	}
	if got.Expiration = want.Expiration; got != want {
		t.Errorf("credproc got %s, not what was given", got.AccessKeyID)
	}
	var versions []string
	assuming := 1 // credproc
	for name, cli := range clis {
		versions = append(versions, name)
		who := append(cli[:len(cli):len(cli)], "sts", "get-caller-identity", "--endpoint-url", server.URL, "--query", "Arn", "--output", "text")
		profiles := []string{"nothing", "credproc-base", "credproc-target"}
		if knowsEndpoints(name) {
			profiles = append(profiles, "target")
			assuming++
		}
		var arns []string
		for _, profile := range profiles {
			arns = append(arns, run(who, "AWS_PROFILE="+profile))
		}
		if arns[0] != arns[1] || !strings.Contains(arns[0], "/instance-role/") {
			t.Errorf("%s is %q by itself and %q through credproc", name, arns[0], arns[1])
		}
		for _, arn := range arns[2:] {
			if !strings.Contains(arn, ":assumed-role/target/") {
				t.Errorf("%s is %q", name, arn)
			}
		}
		under := append([]string{world.Credproc, "exec", "--profile", "base", "--"}, who...)
		if arn := run(under); arn != arns[0] {
			t.Errorf("%s is %q by itself and %q under credproc exec", name, arns[0], arn)
		}
		if strings.HasPrefix(name, "aws-cli/2") { // version 1 has no such command
			text := run(append(cli[:len(cli):len(cli)], "configure", "export-credentials"), "AWS_PROFILE=nothing")
			if got := parsePrinted(t, text); got != want {
				t.Errorf("%s got %s until %v, credproc %s until %v", name, got.AccessKeyID, got.Expiration, want.AccessKeyID, want.Expiration)
			}
		}
	}
	// Both assumed the role with the keys that the service gave.
	assumed := 0
	for _, call := range server.Log() {
		if call.Action != "AssumeRole" {
			continue
		}
		assumed++
		if call.AccessKeyID != given.AccessKeyID || call.Outcome != "OK" {
			t.Errorf("AssumeRole with %s: %s", call.AccessKeyID, call.Outcome)
		}
	}
	if assumed != assuming {
		t.Errorf("%d calls of AssumeRole, want %d: one by each AWS CLI that can, one by credproc", assumed, assuming)
	}
	slices.Sort(versions)
	summary.add(t, "credproc, %s: the same keys; %d AssumeRole with them", strings.Join(versions, ", "), assumed)
}

// knowsEndpoints reports whether that AWS CLI asks the STS that
// AWS_ENDPOINT_URL_STS names: since 1.29 and 2.13.
func knowsEndpoints(version string) bool {
	var major, minor int
	_, err := fmt.Sscanf(version, "aws-cli/%d.%d", &major, &minor)
	return err == nil && (major == 1 && minor >= 29 || major == 2 && minor >= 13 || major > 2)
}

// strictSTS is an STS that knows, unlike MinIO, of instances' roles, and
// credentials of one.
func strictSTS(t *testing.T) (*sourcetest.STS, aws.Credentials) {
	t.Helper()
	server := sourcetest.NewSTS()
	t.Cleanup(server.Close)
	server.Trust(world.Issuer.URL)
	server.AddRole(sourcetest.Role{ARN: instanceRole})
	server.AddRole(sourcetest.Role{ARN: targetRole, Callers: []string{instanceRole}})
	client := sts.New(sts.Options{BaseEndpoint: aws.String(server.URL), Region: rig.Region, Credentials: aws.AnonymousCredentials{}})
	out, err := client.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(instanceRole), RoleSessionName: aws.String("i-0123456789abcdef0"), WebIdentityToken: aws.String(world.Token.New()),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := out.Credentials
	return server, aws.Credentials{
		AccessKeyID:     aws.ToString(c.AccessKeyId),
		SecretAccessKey: aws.ToString(c.SecretAccessKey),
		SessionToken:    aws.ToString(c.SessionToken),
		Expires:         aws.ToTime(c.Expiration).Truncate(time.Second),
	}
}

// printed are credentials as a credential_process prints them.
type printed struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

func parsePrinted(t *testing.T, text string) (p printed) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatalf("not credentials: %v", err)
	}
	p.Expiration = p.Expiration.UTC()
	return p
}

// awsCLIs are the command lines of the AWS CLIs that there are, by version.
func awsCLIs(t *testing.T) map[string][]string {
	t.Helper()
	ctx := testContext(t)
	lines := make(map[string][]string)
	add := func(line ...string) {
		m := world.Machine(t)
		version, err := output(m.Command(ctx, nil, line[0], append(line[1:], "--version")...))
		name, _, _ := strings.Cut(version, " ")
		if err == nil && strings.HasPrefix(name, "aws-cli/") {
			lines[name] = line
		}
	}
	if cli, err := exec.LookPath("aws"); err == nil {
		add(cli)
	}
	if root, err := debianAWSCLI(ctx, filepath.Join(world.BuildDir, "debian-awscli")); err == nil {
		add("env", "PYTHONPATH="+filepath.Join(root, "usr/lib/python3/dist-packages"), "/usr/bin/python3", filepath.Join(root, "usr/bin/aws"))
	} else {
		summary.skip("Debian's awscli as a second opinion", fmt.Sprint(err))
	}
	if len(lines) == 0 {
		notRun(t, "a second opinion on metadata services", "there is no AWS CLI")
	}
	return lines
}
