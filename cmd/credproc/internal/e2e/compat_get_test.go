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
	"strings"
	"time"

	"github.com/credproc/credproc/cmd/credproc/internal/e2e/rig"
)

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
			n += 2 * int(w.length/pause) // two at a time, at least
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
	return program{version, func(ctx context.Context, m *rig.Machine, w work) []*exec.Cmd {
		mount := filepath.Join(m.Home, "mount")
		if err := os.Mkdir(mount, 0o700); err != nil {
			panic(err) // the test's own folder
		}
		return once(env, path, "BUCKET", mount, "-f", "-o", "url=ENDPOINT,use_path_request_style,profile="+w.helper.profile)(ctx, m, w)
	}}, err
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
