package e2e

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
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

func getAWSCLI(want string) func(context.Context) (program, error) {
	return func(ctx context.Context) (program, error) {
		cli, err := rig.LookPath("aws")
		if err != nil {
			return program{}, err
		}
		text, err := output(rig.Command(ctx, cli, "--version"))
		if err != nil || !strings.HasPrefix(text, want) {
			return program{}, &notHad{"aws --version", lastLine(text)}
		}
		return program{versionIn(text), piped(nil, cli, "--endpoint-url", "ENDPOINT", "s3", "cp", "-", "s3://BUCKET/upload")}, nil
	}
}

// Debian's is the AWS CLI v2, most often beside a v1 that pip installed.
func getDebianAWSCLI(ctx context.Context) (program, error) {
	root, err := debianAWSCLI(ctx, filepath.Join(world.BuildDir, "debian-awscli"))
	if err != nil {
		return program{}, err
	}
	env := debianEnv(root)
	line := []string{"/usr/bin/python3", filepath.Join(root, "usr/bin/aws")}
	version, err := askVersion(ctx, env, line[0], line[1], "--version")
	return program{version, piped(env, append(line, "--endpoint-url", "ENDPOINT", "s3", "cp", "-", "s3://BUCKET/upload")...)}, err
}

func getBoto3(ctx context.Context) (program, error) {
	python, err := rig.LookPath("python3")
	if err != nil {
		return program{}, err
	}
	version, err := askVersion(ctx, nil, python, "-c", "import boto3; print(boto3.__version__)")
	return program{version, looping(nil, python, "-c", boto3)}, err
}

func getGo(pkg, module string, env ...string) func(context.Context) (program, error) {
	return func(ctx context.Context) (program, error) {
		path, err := world.GoProgram(ctx, pkg)
		if err != nil {
			return program{}, err
		}
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return program{}, err
		}
		i := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == module })
		if i < 0 {
			return program{}, fmt.Errorf("%s is not made with %s", pkg, module)
		}
		return program{versionIn(info.Deps[i].Version), looping(env, path)}, nil
	}
}

func getNode(name, version, code string, env ...string) func(context.Context) (program, error) {
	return func(ctx context.Context) (program, error) {
		node, err := rig.LookPath("node")
		if err != nil {
			return program{}, err
		}
		npm, err := rig.LookPath("npm")
		if err != nil {
			return program{}, err
		}
		modules, err := npmInstall(ctx, npm, filepath.Join(world.BuildDir, "js"), name, version)
		return program{version, looping(append(env, "NODE_PATH="+modules), node, "-e", code)}, err
	}
}

const jsSDKv2 = `
const { S3 } = require('aws-sdk');
const [endpoint, bucket, seconds] = process.argv.slice(1);
const s3 = new S3({ endpoint, s3ForcePathStyle: true, signatureVersion: 'v4' });
(async () => {
  const end = Date.now() + 1000 * seconds;
  while (Date.now() < end) {
    await s3.listObjectsV2({ Bucket: bucket }).promise();
    await new Promise((wake) => setTimeout(wake, 1000));
  }
})().catch((err) => { console.error(String(err)); process.exit(1); });
`

// rustSDK is the one program to be had that finds its credentials with the AWS
// SDK for Rust: half a gigabyte.
const rustSDK = `
const lancedb = require('@lancedb/lancedb');
const [endpoint, bucket, seconds] = process.argv.slice(1);
(async () => {
  const storageOptions = { endpoint, allowHttp: 'true', region: 'us-east-1' };
  const db = await lancedb.connect('s3://' + bucket + '/db', { storageOptions });
  const table = await db.createTable('t', [{ n: 0 }]);
  const end = Date.now() + 1000 * seconds;
  while (Date.now() < end) {
    await table.add([{ n: 1 }]);
    await new Promise((wake) => setTimeout(wake, 1000));
  }
})().catch((err) => { console.error(String(err)); process.exit(1); });
`

const jsMinIO = `
const { Client } = require('minio');
const [endpoint, bucket] = process.argv.slice(1);
const { hostname, port } = new URL(endpoint);
const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false });
client.listObjectsV2(bucket).on('error', (err) => { console.error(String(err)); process.exit(1); }).on('data', () => {});
`

const ruby = `
require 'aws-sdk-s3'
endpoint, bucket, seconds = ARGV
begin
  s3 = Aws::S3::Client.new(endpoint: endpoint, force_path_style: true)
  finish = Time.now + seconds.to_i
  while Time.now < finish
    s3.list_objects_v2(bucket: bucket)
    sleep 1
  end
rescue => e
  abort "#{e.class}: #{e.message}"
end
`

func getRuby(ctx context.Context) (program, error) {
	root, err := debianPackages(ctx, "ruby-aws-sdk-s3")
	if err != nil {
		return program{}, err
	}
	env := debianEnv(root)
	found, _ := filepath.Glob(filepath.Join(root, "usr/bin/ruby[0-9]*"))
	if len(found) == 0 {
		if found, err = filepath.Glob("/usr/bin/ruby"); len(found) == 0 {
			return program{}, fmt.Errorf("Debian's ruby is nowhere: %w", err)
		}
	}
	line := []string{found[0], "--disable-gems", "-e"}
	version, err := askVersion(ctx, env, append(line, "require 'aws-sdk-s3'; puts Aws::S3::GEM_VERSION")...)
	return program{version, looping(env, append(line, ruby)...)}, err
}

func getRclone(ctx context.Context) (program, error) {
	root, err := debianPackages(ctx, "rclone")
	if err != nil {
		return program{}, err
	}
	return rclone(ctx, filepath.Join(root, "usr/bin/rclone"))
}

func getRcloneModule(ctx context.Context) (program, error) {
	path, err := module{"rclone", "github.com/rclone/rclone", "v1.76.0", "github.com/rclone/rclone"}.build(ctx)
	if err != nil {
		return program{}, err
	}
	return rclone(ctx, path)
}

func rclone(ctx context.Context, path string) (program, error) {
	version, err := askVersion(ctx, nil, path, "version")
	return program{version, piped([]string{"RCLONE_CONFIG=/dev/null"}, path, "--retries", "1", "--low-level-retries", "1", "rcat", ":s3,provider=Minio,env_auth=true,endpoint='ENDPOINT':BUCKET/upload")}, err
}

func getRestic(ctx context.Context) (program, error) {
	root, err := debianPackages(ctx, "restic")
	if err != nil {
		return program{}, err
	}
	return restic(ctx, filepath.Join(root, "usr/bin/restic"))
}

func getResticModule(ctx context.Context) (program, error) {
	path, err := module{"restic", "github.com/restic/restic", "v0.18.1", "github.com/restic/restic/cmd/restic"}.build(ctx)
	if err != nil {
		return program{}, err
	}
	return restic(ctx, path)
}

// restic reads a process in the credentials file alone, as minio-go did before 7.4.
func restic(ctx context.Context, path string) (program, error) {
	version, err := askVersion(ctx, nil, path, "version")
	return program{version, func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd {
		text := fmt.Sprintf("[%s]\ncredential_process = %s\n", w.helper.profile, w.helper.line)
		if err := os.WriteFile(filepath.Join(m.Home, ".aws", "credentials"), []byte(text), 0o600); err != nil {
			panic(err) // the test's own folder
		}
		env := []string{"RESTIC_PASSWORD=e2e", "RESTIC_REPOSITORY=s3:" + w.endpoint + "/" + w.bucket}
		return append(once(env, path, "init")(ctx, m, w), piped(env, path, "--pack-size", "4", "backup", "--stdin")(ctx, m, w)...)
	}}, err
}

// getS5cmd is a client that is given a list of commands, one after another.
func getS5cmd(ctx context.Context) (program, error) {
	const version = "v2.3.0"
	path, err := module{"s5cmd", "github.com/peak/s5cmd/v2", version, "github.com/peak/s5cmd/v2"}.build(ctx)
	if err != nil {
		return program{}, err
	}
	return program{versionIn(version), func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd {
		const pause = 2 * time.Second
		n := 1
		if w.length > 0 {
			w.front.SetPause(pause)
			n += int(w.length / pause)
		}
		cmd := w.command(ctx, m, nil, path, "--endpoint-url", "ENDPOINT", "--retry-count", "0", "--numworkers", "1", "run")
		cmd.Stdin = strings.NewReader(strings.Repeat("ls s3://"+w.bucket+"\n", n))
		return []*exec.Cmd{cmd}
	}}, nil
}

func getS4cmd(ctx context.Context) (program, error) {
	root, err := debianPackages(ctx, "s4cmd")
	if err != nil {
		return program{}, err
	}
	env := debianEnv(root)
	line := []string{"/usr/bin/python3", filepath.Join(root, "usr/bin/s4cmd")}
	version, err := askVersion(ctx, env, line[0], line[1], "--version")
	return program{version, func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd {
		files := manyFiles(m, w, 2)
		return once(env, append(line, "--endpoint-url", "ENDPOINT", "--num-threads", "1", "--retry", "1", "put", "--recursive", files, "s3://BUCKET/")...)(ctx, m, w)
	}}, err
}

func getDuplicity(ctx context.Context) (program, error) {
	root, err := debianPackages(ctx, "duplicity", "python3-boto3")
	if err != nil {
		return program{}, err
	}
	env := debianEnv(root)
	line := []string{"/usr/bin/python3", filepath.Join(root, "usr/bin/duplicity")}
	version, err := askVersion(ctx, env, line[0], line[1], "--version")
	return program{version, func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd {
		files := manyFiles(m, w, 3)
		return once(env, append(line, "full", "--no-encryption", "--no-compression", "--num-retries", "1", "--volsize", "1", "--s3-endpoint-url", "ENDPOINT", files, "boto3+s3://BUCKET/backup")...)(ctx, m, w)
	}}, err
}

// manyFiles is a folder of files of a megabyte, so many that a client which
// stores one after another, with so many requests for each, works for the
// length: S3 answers it late.
func manyFiles(m *rig.Machine, w work, requests time.Duration) (dir string) {
	const pause = 2 * time.Second
	n := 1
	if w.length > 0 {
		w.front.SetPause(pause)
		n += int(w.length / (requests * pause))
	}
	dir = filepath.Join(m.Home, "files-"+w.helper.profile)
	if err := os.Mkdir(dir, 0o700); err != nil {
		panic(err) // the test's own folder
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d", i)), make([]byte, 1<<20), 0o600); err != nil {
			panic(err)
		}
	}
	return dir
}

func getS3cmd(ctx context.Context) (program, error) {
	root, err := debianPackages(ctx, "s3cmd")
	if err != nil {
		return program{}, err
	}
	env := debianEnv(root)
	line := []string{"/usr/bin/python3", filepath.Join(root, "usr/bin/s3cmd")}
	version, err := askVersion(ctx, env, line[0], line[1], "--version")
	return program{version, once(env, append(line, "--config=/dev/null", "--host=HOST", "--host-bucket=HOST", "--no-ssl", "ls", "s3://BUCKET")...)}, err
}

func getS3fs(ctx context.Context) (program, error) {
	root, err := debianPackages(ctx, "s3fs")
	if err != nil {
		return program{}, err
	}
	env, path := debianEnv(root), filepath.Join(root, "usr/bin/s3fs")
	version, err := askVersion(ctx, env, path, "--version")
	return program{version, once(env, path, "BUCKET", "/mnt", "-f", "-o", "url=ENDPOINT,use_path_request_style,profile=never")}, err
}

func getDockerRegistry(ctx context.Context) (program, error) {
	root, err := debianPackages(ctx, "docker-registry")
	if err != nil {
		return program{}, err
	}
	path := filepath.Join(root, "usr/bin/docker-registry")
	version, err := askVersion(ctx, nil, path, "--version")
	return program{version, func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd {
		config := filepath.Join(m.Home, "registry.yml")
		text := fmt.Sprintf("version: 0.1\nstorage:\n  s3:\n    region: %s\n    regionendpoint: %s\n    bucket: %s\n    secure: false\n", rig.Region, w.endpoint, w.bucket)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			panic(err)
		}
		return once(nil, path, "garbage-collect", config)(ctx, m, w)
	}}, err
}

func getMC(ctx context.Context) (program, error) {
	const version = "v0.0.0-20250313080218-cf909e1063a9" // of March 2025
	path, err := module{"mc", "github.com/minio/mc", version, "github.com/minio/mc"}.build(ctx)
	if err != nil {
		return program{}, err
	}
	return program{version, func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd {
		alias := once(nil, path, "--quiet", "alias", "set", "rig", "ENDPOINT", "", "")
		return append(alias(ctx, m, w), once(nil, path, "--quiet", "ls", "rig/BUCKET")(ctx, m, w)...)
	}}, nil
}

var numbers = regexp.MustCompile(`\d+\.\d+(\.\d+)*`)

// versionIn is the first version number in a text.
func versionIn(text string) string { return numbers.FindString(text) }

// askVersion runs a client that says its version.
func askVersion(ctx context.Context, env []string, line ...string) (string, error) {
	cmd := rig.Command(ctx, line[0], line[1:]...)
	cmd.Env = append(os.Environ(), env...)
	out, err := output(cmd)
	if version := versionIn(out); err == nil && version != "" {
		return version, nil
	}
	return "", &notHad{filepath.Base(line[0]) + " " + strings.Join(line[1:], " "), lastLine(out)}
}
