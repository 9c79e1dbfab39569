package e2e

import (
	"context"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

// A program is a client that is there.
type program struct {
	version string

	// commands do the work, in this order; the last one works for its length,
	// and exits 0 if every request succeeded.
	commands func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd
}

// work is to use bucket again and again for length, or once if that is nothing.
type work struct {
	front            *rig.Front
	endpoint, bucket string // the endpoint is the front's
	helper           *helper
	length           time.Duration
}

func (w work) profile() string { return "AWS_PROFILE=" + w.helper.profile }

// seconds is the length for a command line.
func (w work) seconds() string { return strconv.Itoa(int(max(w.length, time.Second).Seconds())) }

// host is the endpoint without its scheme.
func (w work) host() string { return strings.TrimPrefix(w.endpoint, "http://") }

// A notHad is a client that cannot be had, and what shows it.
type notHad struct{ command, last string }

func (n *notHad) Error() string { return n.command + ": " + n.last }

// compatClients are the rows of the table. What needs more than a line to get
// or to start has a function below.
func compatClients() []row {
	return []row{
		{name: "AWS CLI v1", from: "PATH", get: getAWSCLI("aws-cli/1")},
		{name: "AWS CLI v2", from: "Debian awscli", get: getDebianAWSCLI},
		{name: "boto3", from: "Python on PATH", get: getBoto3},
		{name: "AWS SDK for Go v2", from: "Go module", get: getGo("./gosdk", "github.com/aws/aws-sdk-go-v2")},
		{name: "AWS SDK for Go v1", from: "Go module", get: getGo("./gosdkv1", "github.com/aws/aws-sdk-go", "AWS_SDK_LOAD_CONFIG=1")},
		{name: "minio-go", from: "Go module", get: getGo("./miniogo", "github.com/minio/minio-go/v7", "AWS_REGION="+rig.Region)},
		{name: "AWS SDK for JavaScript v3", from: "npm @aws-sdk/client-s3", get: getNode("@aws-sdk/client-s3", jsSDKVersion, jsSDK)},
		{name: "AWS SDK for JavaScript v2", from: "npm aws-sdk", get: getNode("aws-sdk", "2.1693.0", jsSDKv2, "AWS_SDK_LOAD_CONFIG=1", "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE=1")},
		{name: "AWS SDK for Rust, in LanceDB", from: "npm @lancedb/lancedb", get: getNode("@lancedb/lancedb", "0.37.1", rustSDK), slow: true},
		{name: "AWS SDK for Ruby v3", from: "Debian ruby-aws-sdk-s3", get: getRuby},
		{name: "Terraform, S3 backend", from: "PATH", get: getTerraform},
		{name: "Terraform, AWS provider", from: "a mirror on disk", get: getTerraformProvider},
		{name: "rclone", from: "Debian rclone", get: getRclone},
		{name: "rclone, this year's", from: "Go module", get: getRcloneModule, slow: true},
		{name: "restic", from: "Debian restic", get: getRestic},
		{name: "restic, this year's", from: "Go module", get: getResticModule, slow: true},
		{name: "s5cmd", from: "Go module", get: getS5cmd, slow: true},
		{name: "s4cmd", from: "Debian s4cmd", get: getS4cmd},
		{name: "duplicity", from: "Debian duplicity", get: getDuplicity},

		{name: "s3cmd", from: "Debian s3cmd", get: getS3cmd, cannot: "knows keys and metadata services, no profiles"},
		{name: "s3fs", from: "Debian s3fs", get: getS3fs, cannot: "knows keys in files, no processes"},
		{name: "docker-registry", from: "Debian docker-registry", get: getDockerRegistry, cannot: "reads no AWS config file"},
		{name: "MinIO's SDK for JavaScript", from: "npm minio", get: getNode("minio", "8.0.7", jsMinIO), cannot: "knows keys and STS, no profiles"},
		{name: "mc", from: "Go module", get: getMC, slow: true, cannot: "knows keys alone"},

		{name: "OpenTofu", get: uninstallable("github.com/opentofu/opentofu/cmd/tofu@v1.12.6")},
		{name: "AWS SDK for C++", get: unpackaged("aws.*cpp")},
		{name: "AWS SDK for Java", get: unpackaged("aws.*java|java.*aws")},
		{name: "AWS SDK for .NET", get: unpackaged("(dotnet|cil).*aws|awssdk")},
		{name: "AWS SDK for PHP", get: unpackaged("php.*(aws-sdk|s3)")},
	}
}

// looping is a client that is started with an endpoint, a bucket and seconds,
// and uses the bucket once a second.
func looping(env []string, line ...string) func(context.Context, *rig.Machine, work) []*exec.Cmd {
	return func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd {
		args := slices.Concat(line[1:], []string{w.endpoint, w.bucket, w.seconds()})
		return []*exec.Cmd{m.Command(ctx, append(env[:len(env):len(env)], w.profile()), line[0], args...)}
	}
}

// piped is a client that uploads what it reads from a slow pipe; words of its
// command line that are ENDPOINT, HOST and BUCKET are replaced, in part too.
func piped(env []string, line ...string) func(context.Context, *rig.Machine, work) []*exec.Cmd {
	return func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd {
		cmd := w.command(ctx, m, env, line...)
		cmd.Stdin = &slowPipe{ctx: ctx, length: w.length}
		return []*exec.Cmd{cmd}
	}
}

// once is a client that is started for one thing.
func once(env []string, line ...string) func(context.Context, *rig.Machine, work) []*exec.Cmd {
	return func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd {
		return []*exec.Cmd{w.command(ctx, m, env, line...)}
	}
}

func (w work) command(ctx context.Context, m *rig.Machine, env []string, line ...string) *exec.Cmd {
	fill := strings.NewReplacer("ENDPOINT", w.endpoint, "HOST", w.host(), "BUCKET", w.bucket)
	var words []string
	for _, word := range line {
		words = append(words, fill.Replace(word))
	}
	var filled []string
	for _, variable := range env {
		filled = append(filled, fill.Replace(variable))
	}
	return m.Command(ctx, append(filled, w.profile()), words[0], words[1:]...)
}
