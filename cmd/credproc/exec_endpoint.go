package main

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
	"github.com/credproc/credproc/cmd/credproc/internal/endpoint"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source"
)

// setAside is the name under which the user's default profile still is there for
// profiles that have it as their source_profile.
const setAside = "credproc-set-aside-default"

// A containerEndpoint is the container credentials endpoint of one command.
// Every SDK asks it last but one, before the instance: nothing that comes before
// may be there.
type containerEndpoint struct {
	cache    *cache.Cache
	given    func(flag string) (string, bool)
	region   string
	listener net.Listener
	server   *http.Server

	token       *privateFile
	config      *privateFile
	credentials *privateFile // nil: the user's own will do
}

// newContainerEndpoint listens, and prepares what the command is to read. warn
// is told of what will not work.
func newContainerEndpoint(o options, c *cache.Cache, warn func(string)) (*containerEndpoint, error) {
	keys, err := settings.Profile(o.given, os.Environ())
	if err != nil {
		return nil, err
	}
	e := &containerEndpoint{cache: c, given: o.given, region: keys.Region}
	e.token = &privateFile{name: "token", text: []byte(rand.Text() + rand.Text()), cache: c, once: true}
	text, _, err := awsconfig.SetAside("the user's", usersConfig(warn), setAside)
	if err != nil {
		warn(fmt.Sprintf("the AWS config file is left out: %v", err))
	}
	e.config = &privateFile{name: "config", text: text, cache: c}
	e.credentials = usersCredentials(c, warn)
	if e.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("there is no loopback address for --container-endpoint: %w", err)
	}
	return e, nil
}

// usersCredentials is the user's own shared credentials file with the default
// profile set aside, or nil where that changes nothing.
func usersCredentials(c *cache.Cache, warn func(string)) *privateFile {
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	f := &privateFile{name: "credentials", cache: c, once: true}
	path := awsconfig.CredentialsPath(os.Getenv, home)
	text, err := awsconfig.Text(path)
	done := false
	if err == nil {
		text, done, err = awsconfig.SetAsideCredentials(path, text, setAside)
	}
	if err != nil {
		warn(fmt.Sprintf("the AWS credentials file is left out: %v", err))
		text = nil
	} else if !done {
		return nil
	}
	// Nobody else's file has the same name: this one goes with the command.
	f.text = fmt.Appendf(text, "\n# %s\n", rand.Text())
	return f
}

func (e *containerEndpoint) files() privateFiles {
	all := privateFiles{e.config, e.token}
	if e.credentials != nil {
		all = append(all, e.credentials)
	}
	return all
}

func (e *containerEndpoint) url() string { return "http://" + e.listener.Addr().String() + "/" }

// env is what leads SDKs to the endpoint. Without AWS_PROFILE they go by the
// default profile, which says nothing of credentials any more.
func (e *containerEndpoint) env(outer []string) []string {
	env := slices.DeleteFunc(slices.Clone(outer), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		// The oldest EC2 tools' file, which botocore asks before the endpoint, and
		// the Java SDK v1's name for the credentials file.
		return settings.Withheld(name) || name == "AWS_CREDENTIAL_FILE" || name == "AWS_CREDENTIAL_PROFILES_FILE"
	})
	set := func(name, value string) {
		env = slices.DeleteFunc(env, func(line string) bool { return strings.HasPrefix(line, name+"=") })
		env = append(env, name+"="+value)
	}
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", e.url())
	set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", e.token.path)
	set("AWS_CONTAINER_AUTHORIZATION_TOKEN", string(e.token.text)) // the AWS CLI 2.9 and others do not know the file
	set("AWS_CONFIG_FILE", e.config.path)
	set("AWS_SHARED_CONFIG_FILE", e.config.path) // Terraform and OpenTofu
	set("AWS_SDK_LOAD_CONFIG", "1")              // the SDK for Go v1
	set("AWS_EC2_METADATA_DISABLED", "true")
	if e.credentials != nil {
		set("AWS_SHARED_CREDENTIALS_FILE", e.credentials.path)
		set("AWS_CREDENTIAL_PROFILES_FILE", e.credentials.path)
	}
	if boto2HasKeys(settings.Lookup(env)) {
		set("BOTO_CONFIG", os.DevNull)
	}
	// Some SDKs read the one, some the other.
	lookup := settings.Lookup(env)
	region := cmp.Or(lookup("AWS_REGION"), lookup("AWS_DEFAULT_REGION"), e.region)
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if region != "" && lookup(name) == "" {
			set(name, region)
		}
	}
	return env
}

// boto2HasKeys reports whether botocore would find an access key in boto's own
// config file, which it reads before it asks the endpoint.
// Source: botocore/credentials.py, class BotoProvider.
func boto2HasKeys(getenv func(string) string) bool {
	paths := []string{getenv("BOTO_CONFIG")}
	if paths[0] == "" {
		paths = []string{"/etc/boto.cfg"}
		if home, err := os.UserHomeDir(); err == nil {
			paths = append(paths, filepath.Join(home, ".boto"))
		}
	}
	for _, path := range paths {
		file, err := awsconfig.LoadCredentials(path)
		if err != nil {
			return true // it may
		}
		if s, ok := file.Profile("Credentials"); ok {
			if _, ok := s.Value("aws_access_key_id"); ok {
				return true
			}
		}
	}
	return false
}

func (e *containerEndpoint) source([]string) (source.Source, error) {
	return settings.Source(e.given, os.Getenv, e.cache)
}

// hold begins to answer, with creds.
func (e *containerEndpoint) hold(src source.Source, creds source.Credentials) *holder {
	// The keeper has the last word about what is wrong.
	h := newHolder("", e.cache, src, slog.New(slog.DiscardHandler))
	h.hold(creds)
	h.asked = time.Now()
	_, h.stored = e.cache.Peek(src)
	e.server = endpoint.NewServer(&endpoint.Endpoint{
		Host: e.listener.Addr().String(), Token: endpoint.FixedToken(string(e.token.text)), Roles: []*endpoint.Role{h.role},
	})
	e.server.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	go e.server.Serve(endpoint.Bound(e.listener))
	return h
}

// close ends it. The command has ended, and its children can ask no more.
func (e *containerEndpoint) close() {
	if e.server != nil {
		_ = e.server.Close()
	}
	_ = e.listener.Close()
	e.files().remove()
}
