package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/endpoint"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
)

const serveLong = `Answers AWS_CONTAINER_CREDENTIALS_FULL_URI on a loopback address, so that programs
get credentials which can run no credential_process: other containers of a pod,
tools in a sandbox. The credentials are renewed from half of their life on, and
answered from memory.

Callers must send the token in the file whose path is printed, or that
--authorization-token-file names; one that is missing is made, and removed in the
end. SDKs find both by AWS_CONTAINER_CREDENTIALS_FULL_URI and
AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, which --env-file writes down for a shell.

/ gives the role that the flags describe, /role/NAME that of a profile which
--allow-profile allows. /healthz says that credproc is alive, /readyz that every
role has credentials with more life left than --min-ttl; both work without the
token. --metrics-listen gives them, and Prometheus' /metrics, an address of their
own that need not be a loopback one: there is no secret in them.

The log goes to stderr, as text on a terminal and else as JSON: a line for each
renewal, each failed one and each refused request.`

const serveExamples = `  # a sidecar whose pod mounts /run/credproc in all containers
  credproc serve --authorization-token-file /run/credproc/token --metrics-listen 0.0.0.0:9912

  # on a host: one role for a build, another for its tests
  credproc serve --profile build --allow-profile test --env-file ~/.credproc-env &
  while kill -0 $! && ! [ -e ~/.credproc-env ]; do sleep 0.1; done
  . ~/.credproc-env && make
  AWS_CONTAINER_CREDENTIALS_FULL_URI=${AWS_CONTAINER_CREDENTIALS_FULL_URI}role/test make test`

func newServe() *cobra.Command {
	c := &cobra.Command{
		Use:     "serve",
		Short:   "answer the container credentials endpoint on loopback",
		Long:    serveLong,
		Example: serveExamples,
		Args:    noArgs,
	}
	o := bind(c.Flags())
	f := c.Flags()
	f.String("listen", "127.0.0.1:9911", "the loopback `ADDRESS:PORT` to answer on; port 0 takes a free one")
	f.StringSlice("allow-profile", nil, "answer /role/NAME for the profile of this `NAME`; may be repeated")
	f.String("authorization-token-file", "", "the `file` with the token that callers must send (default a new one)")
	f.String("env-file", "", "write the variables for SDKs to this `file`, for a shell to source")
	f.String("min-ttl", "0s", "/readyz says no while a role has less than this `time` of life left")
	f.String("metrics-listen", "", "answer /metrics, /healthz and /readyz on this `ADDRESS:PORT` without the token")
	c.RunE = func(c *cobra.Command, _ []string) error {
		s := &service{options: o}
		return s.run(c.Context())
	}
	return c
}

// A service is one run of serve.
type service struct {
	options
	log      *slog.Logger
	cache    *cache.Cache
	endpoint endpoint.Endpoint
	holders  []*holder
	files    clientFiles
}

func (s *service) run(ctx context.Context) (err error) {
	// A log that nobody reads any more is no reason to die.
	signal.Ignore(syscall.SIGPIPE)
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(ctx, ends...)
	defer stop()

	verbose, err := s.boolean("verbose")
	if err != nil {
		return err
	}
	var written *backlog
	s.log, written = newLog(os.Stderr, verbose)
	defer written.flush()
	if err := s.configure(); err != nil {
		return err
	}
	l, public, err := s.listen()
	if err != nil {
		return err
	}
	defer l.Close()
	defer func() { err = errors.Join(err, s.files.remove()) }()
	if err := s.furnish(l.Addr()); err != nil {
		return err
	}
	return s.serve(ctx, stop, l, public)
}

// configure makes a holder for each role. What it finds fault with is usage.
func (s *service) configure() error {
	var err error
	if s.cache, err = s.options.cache(); err != nil {
		return err
	}
	logFile, err := s.path("log-file")
	if err != nil {
		return err
	}
	file := logger{file: logFile}
	s.cache.Debugf = func(format string, args ...any) { s.log.Debug(fmt.Sprintf(format, args...)) }
	s.cache.Logf = func(format string, args ...any) {
		file.event(format, args...)
		s.cache.Debugf(format, args...)
	}
	text, origin := s.text("min-ttl")
	if s.endpoint.MinTTL, err = time.ParseDuration(text); err != nil || s.endpoint.MinTTL < 0 {
		return &settings.Error{Text: fmt.Sprintf("%s is %.20q, which is no time", origin, text), Hint: "write 90s or 5m"}
	}
	if err := s.add("", s.given); err != nil {
		return err
	}
	names, _ := s.text("allow-profile")
	for _, name := range strings.Split(names, ",") {
		if name == "" {
			continue
		}
		if name == "." || name == ".." {
			return &settings.Error{Text: fmt.Sprintf("no URL leads to /role/%s", name), Hint: "give the profile another name"}
		}
		// The profile alone decides, whatever the flags say of the default role.
		if err := s.add(name, func(flag string) (string, bool) { return name, flag == "profile" }); err != nil {
			return err
		}
	}
	return nil
}

// add adds a role.
func (s *service) add(name string, flag func(string) (string, bool)) error {
	if slices.ContainsFunc(s.endpoint.Roles, func(r *endpoint.Role) bool { return r.Name == name }) {
		return nil
	}
	src, err := settings.Source(flag, os.Getenv, s.cache)
	if err != nil {
		return err
	}
	h := newHolder(name, s.cache, src, s.log)
	s.endpoint.Roles = append(s.endpoint.Roles, h.role)
	s.holders = append(s.holders, h)
	return nil
}

// listen opens the address for SDKs, and the one for metrics if there is to be
// one.
func (s *service) listen() (l, public net.Listener, err error) {
	text, origin := s.text("listen")
	if origin == "" {
		origin = "--listen"
	}
	at, err := netip.ParseAddrPort(text)
	if err != nil || !at.Addr().Unmap().IsLoopback() || at.Addr().Is4In6() {
		return nil, nil, &settings.Error{Text: fmt.Sprintf("%s is %.40q, not a loopback address with a port", origin, text),
			Hint: "write 127.0.0.1:9911 or [::1]:9911; SDKs send their token nowhere else, and some resolve no names"}
	}
	if l, err = open(text, origin); err != nil {
		return nil, nil, err
	}
	if text, origin = s.text("metrics-listen"); text == "" {
		return l, nil, nil
	}
	if public, err = open(text, origin); err != nil {
		l.Close()
		return nil, nil, err
	}
	return l, public, nil
}

func open(address, origin string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		var failed *net.OpError
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, &settings.Error{Text: fmt.Sprintf("%s: cannot listen on %.60q: %v", origin, address, err),
			Hint: "end what listens there, or choose another address with " + origin}
	}
	return endpoint.Bound(l), nil
}

// furnish makes what callers need to know.
func (s *service) furnish(at net.Addr) error {
	s.endpoint.Host = at.String()
	token, err := s.path("authorization-token-file")
	if err != nil {
		return err
	}
	env, err := s.path("env-file")
	if err != nil {
		return err
	}
	s.files.url = "http://" + s.endpoint.Host + "/"
	if err := s.files.make(token, env); err != nil {
		return err
	}
	s.endpoint.Token, err = s.files.open(func(err error) { s.log.Warn("the last token still counts", "error", err.Error()) })
	if err != nil {
		return badToken(err)
	}
	s.endpoint.Refused = (&refusals{log: s.log}).refused
	return nil
}

// drainTime is how long answers may take that are on their way when serve is
// told to end.
const drainTime = 5 * time.Second

// serve answers until ctx ends. stop gives a second signal its usual force.
func (s *service) serve(ctx context.Context, stop func(), l, public net.Listener) error {
	discard := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	servers := []*http.Server{endpoint.NewServer(&s.endpoint)}
	listeners := []net.Listener{l}
	attrs := []any{"url", s.files.url, "authorization_token_file", s.files.token}
	if public != nil {
		servers, listeners = append(servers, endpoint.NewServer(s.endpoint.Public())), append(listeners, public)
		attrs = append(attrs, "metrics_url", "http://"+public.Addr().String()+"/metrics")
	}
	failed := make(chan error, len(servers))
	for i, server := range servers {
		server.ErrorLog = discard // it says what callers do wrong, who are many
		go func() { failed <- server.Serve(listeners[i]) }()
	}
	s.log.Info("listening", attrs...)
	for _, h := range s.holders {
		// They end with us: cancelling a renewal would leave a failure behind that
		// is none.
		go h.run(context.WithoutCancel(ctx))
	}
	go s.files.tend(s.log)
	var err error
	select {
	case <-ctx.Done():
		s.log.Info("ending")
	case err = <-failed:
		err = fmt.Errorf("the server ended by itself: %w", err)
	}
	stop()
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	for _, server := range servers {
		if server.Shutdown(drain) != nil {
			server.Close()
		}
	}
	return err
}
