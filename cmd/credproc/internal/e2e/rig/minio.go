package rig

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/credproc/credproc/source/sourcetest"
)

// The last version of MinIO before the project was archived.
const (
	minioModule  = "github.com/minio/minio"
	minioVersion = "v0.0.0-20260212201848-7aac2a2c5b7c"
)

// Region is what clients are told; MinIO takes any.
const Region = "us-east-1"

const (
	minioUser     = "e2e-root"
	minioPassword = "e2e-root-password"
)

// MinIO is an S3 and an STS. Asked without DurationSeconds, its STS gives
// credentials that live as long as the token, and its S3 then enforces that.
type MinIO struct {
	URL     string
	RoleARN string
	S3      *s3.Client // as MinIO's root, whose credentials do not expire

	log    string
	exited chan struct{}
}

// buildMinIO installs MinIO into bin, unless exactly this version is there.
func buildMinIO(ctx context.Context, bin string, logf func(string, ...any)) (string, error) {
	program := filepath.Join(bin, "minio")
	if info, err := buildinfo.ReadFile(program); err == nil && info.Main.Path == minioModule && info.Main.Version == minioVersion {
		return program, nil
	}
	logf("building MinIO %s into %s: about four minutes, once", minioVersion, bin)
	cmd := Command(ctx, "go", "install", minioModule+"@"+minioVersion)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+bin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building MinIO: %w\n%s", err, out)
	}
	return program, nil
}

// startMinIO returns once MinIO has accepted a token of issuer's.
func startMinIO(ctx context.Context, program, dir string, issuer *sourcetest.Issuer) (*MinIO, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	m, err := tryMinIO(ctx, program, dir, issuer)
	if errors.Is(err, errExited) {
		// Most likely another process took the port, which was only free a
		// moment before.
		m, err = tryMinIO(ctx, program, dir, issuer)
	}
	return m, err
}

var errExited = errors.New("it ended by itself")

func tryMinIO(ctx context.Context, program, dir string, issuer *sourcetest.Issuer) (_ *MinIO, err error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	m := &MinIO{URL: "http://" + address, log: filepath.Join(dir, "log"), exited: make(chan struct{})}
	log, err := os.Create(m.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()

	ctx, stop := context.WithCancel(ctx)
	cmd := Command(ctx, program, "server", "--address", address, filepath.Join(dir, "data"))
	cmd.Env = []string{
		"HOME=" + dir,
		"PATH=" + os.Getenv("PATH"),
		"MINIO_BROWSER=off",
		"MINIO_UPDATE=off",
		"MINIO_ROOT_USER=" + minioUser,
		"MINIO_ROOT_PASSWORD=" + minioPassword,
		"MINIO_IDENTITY_OPENID_CONFIG_URL=" + issuer.URL + "/.well-known/openid-configuration",
		"MINIO_IDENTITY_OPENID_CLIENT_ID=" + Audience,
		"MINIO_IDENTITY_OPENID_ROLE_POLICY=readwrite",
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		stop()
		return nil, err
	}
	go func() {
		cmd.Wait()
		close(m.exited)
	}()
	defer func() {
		if err != nil {
			stop()
			<-m.exited
			text, _ := os.ReadFile(m.log)
			err = fmt.Errorf("starting MinIO: %w\n%s", err, text)
		}
	}()

	m.S3 = s3.New(s3.Options{
		BaseEndpoint: aws.String(m.URL),
		Region:       Region,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(minioUser, minioPassword, ""),
	})
	return m, m.ready(ctx, issuer)
}

var roleARN = regexp.MustCompile(`arn:minio:iam:::role/[A-Za-z0-9_-]+`)

// ready waits for three things that come one after the other: HTTP, the role's
// ARN in MinIO's greeting, and an STS that has read the issuer's keys.
func (m *MinIO) ready(ctx context.Context, issuer *sourcetest.Issuer) error {
	steps := []func() error{
		func() error {
			response, err := http.Get(m.URL + "/minio/health/ready")
			if err != nil {
				return err
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusOK {
				return fmt.Errorf("health: %s", response.Status)
			}
			return nil
		},
		func() error {
			text, err := os.ReadFile(m.log)
			if err != nil {
				return err
			}
			if m.RoleARN = string(roleARN.Find(text)); m.RoleARN == "" {
				return errors.New("it prints no role ARN")
			}
			return nil
		},
		func() error {
			_, err := m.AssumeRole(ctx, issuer.Token(shortLived()))
			return err
		},
	}
	deadline := time.Now().Add(2 * time.Minute)
	for _, step := range steps {
		for {
			err := step()
			if err == nil {
				break
			}
			select {
			case <-m.exited:
				return errExited
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
			if time.Now().After(deadline) {
				return err
			}
		}
	}
	return nil
}

// AssumeRole asks MinIO's STS, with nothing in between, for credentials that
// live as long as the token.
func (m *MinIO) AssumeRole(ctx context.Context, token string) (aws.Credentials, error) {
	client := sts.New(sts.Options{
		BaseEndpoint: aws.String(m.URL),
		Region:       Region,
		Credentials:  aws.AnonymousCredentials{},
	})
	out, err := client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          aws.String(m.RoleARN),
		RoleSessionName:  aws.String("e2e"),
		WebIdentityToken: aws.String(token),
	})
	if err != nil {
		return aws.Credentials{}, err
	}
	return aws.Credentials{
		AccessKeyID:     aws.ToString(out.Credentials.AccessKeyId),
		SecretAccessKey: aws.ToString(out.Credentials.SecretAccessKey),
		SessionToken:    aws.ToString(out.Credentials.SessionToken),
		CanExpire:       true,
		Expires:         aws.ToTime(out.Credentials.Expiration),
	}, nil
}

func (m *MinIO) wait() { <-m.exited }

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// LookPath is exec.LookPath, absolute: a machine's commands run elsewhere.
func LookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}
