package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

const (
	profiles = 20
	roleARN  = "arn:aws:iam::111122223333:role/migrator"

	sessionName = "bench"
)

// A stage is a home folder with an AWS config file of 20 profiles, a web
// identity token, no cache yet, and an STS.
type stage struct {
	home string
	tls  bool
	iss  *sourcetest.Issuer
	sts  *sourcetest.STS
}

// newStage makes a stage in a new folder under dir. The role trusts the token's
// subject, or nobody.
func newStage(dir string, trusted bool) (*stage, error) {
	role := sourcetest.Role{ARN: roleARN}
	if !trusted {
		role.Subjects = []string{"nobody"}
	}
	return (&stage{sts: sourcetest.NewSTS()}).open(dir, role)
}

// newWarmStage makes one whose cache is filled, and tells what every hit must
// print.
func newWarmStage(p *programs) (s *stage, printed string, err error) {
	if s, err = newStage(p.dir, true); err != nil {
		return nil, "", err
	}
	if printed, err = s.warm(p); err != nil {
		s.close()
		return nil, "", err
	}
	return s, printed, nil
}

// newTLSStage makes one whose STS speaks TLS.
func newTLSStage(dir string) (*stage, error) {
	return (&stage{sts: sourcetest.NewTLSSTS(), tls: true}).open(dir, sourcetest.Role{ARN: roleARN})
}

func (s *stage) open(dir string, role sourcetest.Role) (*stage, error) {
	s.iss = sourcetest.NewIssuer()
	s.sts.Trust(s.iss.URL)
	s.sts.AddRole(role)
	var err error
	if s.home, err = os.MkdirTemp(dir, "home-"); err == nil {
		err = s.furnish()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// authority is the file of who signed a TLS stage's certificate.
func (s *stage) authority() string { return filepath.Join(s.home, "ca.pem") }

func (s *stage) furnish() error {
	token := filepath.Join(s.home, "token")
	if err := s.iss.WriteToken(token, sourcetest.Claims{Expiry: time.Now().Add(24 * time.Hour)}); err != nil {
		return err
	}
	if s.tls {
		if err := os.WriteFile(s.authority(), s.sts.CertificatePEM(), 0o600); err != nil {
			return err
		}
	}
	aws := filepath.Join(s.home, ".aws")
	if err := os.Mkdir(aws, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(aws, "config"), s.config(token), 0o600)
}

// config is a config file as users have them. The profile that is asked for is
// the last one.
func (s *stage) config(token string) []byte {
	var b strings.Builder
	b.WriteString("[default]\nregion = eu-west-1\noutput = json\n")
	for i := 2; i < profiles; i++ {
		fmt.Fprintf(&b, `
[profile team-%d]
region = eu-west-1
role_arn = arn:aws:iam::1111222233%02d:role/team
source_profile = default
s3 =
  max_concurrent_requests = 20
`, i, i)
	}
	fmt.Fprintf(&b, `
[profile migration-role]
region = eu-west-1
role_arn = %s
role_session_name = %s
web_identity_token_file = %s
endpoint_url = %s
`, roleARN, sessionName, token, s.sts.URL)
	if s.tls {
		fmt.Fprintf(&b, "ca_bundle = %s\n", s.authority())
	}
	return []byte(b.String())
}

// credproc is the call that users configure.
func (s *stage) credproc(p *programs) call {
	return call{p.credproc, []string{"--profile", "migration-role"}, s.env()}
}

// env is all that a measured process gets.
func (s *stage) env() []string {
	env := []string{"HOME=" + s.home, "USERPROFILE=" + s.home, "TMPDIR=" + s.home}
	if root := os.Getenv("SYSTEMROOT"); root != "" { // Windows has no network without
		env = append(env, "SYSTEMROOT="+root)
	}
	return env
}

// warm fills the cache and returns what every hit must print.
func (s *stage) warm(p *programs) (string, error) {
	r, err := s.credproc(p).run()
	if err != nil {
		return "", err
	}
	if r.status != 0 || !strings.Contains(r.stdout, "SecretAccessKey") {
		return "", fmt.Errorf("filling the cache: exit %d\n%s", r.status, r.stderr)
	}
	return r.stdout, nil
}

// onlyHits fails if anybody asked STS since warm.
func (s *stage) onlyHits() error {
	if n := s.sts.Calls(); n != 1 {
		return fmt.Errorf("these were not all hits: STS was asked %d times", n)
	}
	return nil
}

func (s *stage) close() {
	s.sts.Close()
	s.iss.Close()
}
