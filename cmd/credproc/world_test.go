package main

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/credproc/credproc/source/sourcetest"
)

// Roles that every test's STS knows.
const (
	role  = "arn:aws:iam::111122223333:role/migrator"
	other = "arn:aws:iam::111122223333:role/other"
)

// A world is all that credproc meets in one test: an issuer, a strict STS that
// trusts it, a file with a web identity token, a home with an AWS config file.
type world struct {
	iss *sourcetest.Issuer
	sts *sourcetest.STS

	home, token, cache string // paths

	proxy   *wrongWay          // nil until a script starts it
	systems map[string]*system // that a script has started, by name

	// as is who runs credproc here; nil is whoever runs the test.
	as *syscall.SysProcAttr
}

// newWorld builds a world in dir. A config file that is there already keeps its
// words, but $TOKEN, $ROLE, $OTHER and $STS in it are filled in.
func newWorld(dir string) (*world, error) {
	w := &world{
		iss:   sourcetest.NewIssuer(),
		home:  filepath.Join(dir, "home"),
		token: filepath.Join(dir, "token"),
		cache: filepath.Join(dir, "home", ".cache", "credproc"),
	}
	w.serve(sourcetest.NewSTS())
	config := filepath.Join(w.home, ".aws", "config")
	text, err := os.ReadFile(config)
	if os.IsNotExist(err) {
		text = []byte("[profile migration-role]\nrole_arn = $ROLE\nweb_identity_token_file = $TOKEN\n")
		err = os.MkdirAll(filepath.Dir(config), 0o755)
	}
	if err != nil {
		return nil, err
	}
	names := map[string]string{"TOKEN": w.token, "ROLE": role, "OTHER": other, "STS": w.sts.URL}
	text = []byte(os.Expand(string(text), func(name string) string { return names[name] }))
	if err := os.WriteFile(config, text, 0o644); err != nil {
		return nil, err
	}
	return w, w.iss.WriteToken(w.token, sourcetest.Claims{})
}

// serve makes sts the STS of this world.
func (w *world) serve(sts *sourcetest.STS) {
	if w.sts != nil {
		w.sts.Close()
	}
	sts.Trust(w.iss.URL)
	sts.AddRole(sourcetest.Role{ARN: role})
	sts.AddRole(sourcetest.Role{ARN: other})
	w.sts = sts
}

func (w *world) close() {
	w.sts.Close()
	w.iss.Close()
}

// env is the whole environment of a credproc that nobody told anything but
// where STS is.
func (w *world) env() []string {
	return []string{
		"HOME=" + w.home,
		"PATH=" + os.Getenv("PATH"),
		"AWS_ENDPOINT_URL_STS=" + w.sts.URL,
		"GORACE=atexit_sleep_ms=0", // else each process of a race test ends a second late
	}
}
