package settings

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/source"
)

// Source is the source that the settings describe. flag looks up a flag that
// was given, by name; getenv looks up a variable; what lies behind the last link
// of a chain is kept in c. Its error is an *Error, or a *source.Error where a
// credential_process runs itself.
//
// The highest layer that names a role or a source settles the identity: session
// name, duration, policies and the like count from that layer up, so that what
// was meant for one role never reaches another. Lower layers only fill in where
// STS is and where the token comes from.
func Source(flag func(name string) (string, bool), getenv func(string) string, c *cache.Cache) (source.Source, error) {
	all, p, err := stack(flag, getenv)
	if err != nil {
		return nil, err
	}
	if p == nil && !names(all) {
		if around := inForce(getenv); around != nil {
			return within(around, flag, getenv, c)
		}
	}
	return newMaker(p, getenv, c).all(all, p)
}

// all makes the source that all layers describe, with p among them or nil.
func (m *maker) all(all layers, p *awsProfile) (source.Source, error) {
	var trail []*awsProfile
	if p != nil {
		trail = append(trail, p)
	}
	return m.source(all, identity(all), trail)
}

// stack gives all layers, and the profile among them or nil.
func stack(flag func(name string) (string, bool), getenv func(string) string) (layers, *awsProfile, error) {
	return stackOver(flag, getenv, getenv)
}

// stackOver is stack where files are found by other variables than settings.
func stackOver(flag func(name string) (string, bool), files, getenv func(string) string) (layers, *awsProfile, error) {
	all := layers{flagLayer(flag), ownLayer(getenv), awsLayer(getenv)}
	name := all[:2].find("profile").text
	if name == "" {
		return all, nil, nil
	}
	p, err := readProfile(name, files)
	if err != nil {
		return nil, nil, err
	}
	return p.over(flag, p.outside(getenv)), p, nil
}

// over are the layers with p among them.
func (p *awsProfile) over(flag func(string) (string, bool), getenv func(string) string) layers {
	return layers{flagLayer(flag), p.layer, ownLayer(getenv), awsLayer(getenv)}
}

// settles are the keys that settle the identity.
func settles() []string {
	return []string{"role_arn", "source_profile", "credential_source", "credential_process", "aws_access_key_id"}
}

// identity are the layers that have a say in who is asked for.
func identity(all layers) layers { return all.upTo(settles()...) }

// names reports whether any layer names a role or a source.
func names(all layers) bool { return all.findAny(settles()...).text != "" }

// A maker makes the sources of one chain.
type maker struct {
	getenv func(string) string // for files
	before func(string) string // for sources: as it was before exec withheld variables
	around *awsProfile         // the profile that exec wrote, or nil
	cache  *cache.Cache

	// What a source needs that was made here: secrets of the environment, the
	// working folder.
	needsSecrets, needsFolder bool
}

func newMaker(p *awsProfile, getenv func(string) string, c *cache.Cache) *maker {
	m := &maker{getenv: getenv, before: p.outside(getenv), cache: c}
	if p.isOfExec() {
		m.around = p
	}
	return m
}

// source makes the source of one profile, or of the settings above all profiles:
// base credentials, then a role, then further links. trail are the profiles on
// the way here, the last one being read.
func (m *maker) source(all, identity layers, trail []*awsProfile) (source.Source, error) {
	role := identity.find("role_arn")
	if role.text != "" {
		if err := checkRole(role); err != nil {
			return nil, err
		}
	}
	links, err := roles(identity.find("assume_role"))
	if err != nil {
		return nil, err
	}
	base, err := m.base(all, identity, trail)
	web := base == nil
	switch {
	case err != nil:
		return nil, err
	case web:
		if base, err = m.webIdentity(all, identity, role, len(links) == 0, trail); err != nil {
			return nil, err
		}
	case role.text != "":
		links = append([]setting{role}, links...)
	}
	u := use{web: web, links: len(links), other: identity.find("source_profile").text != ""}
	if err := u.taken(identity, all[:1]); err != nil {
		return nil, err
	}
	for i, link := range links {
		if base, err = m.assumeRole(base, all, identity, link, i == len(links)-1); err != nil {
			return nil, err
		}
	}
	return base, nil
}

// base makes the source of base credentials other than web identity, or nil
// where none is named.
func (m *maker) base(all, identity layers, trail []*awsProfile) (source.Source, error) {
	var named []string
	for _, s := range []setting{identity.find("source_profile"), identity.find("credential_source"), identity.findAny("token_source", "web_identity_token_file")} {
		if s.text != "" {
			named = append(named, s.origin)
		}
	}
	if process := identity.find("credential_process"); process.text != "" && !forSDKs(process) {
		named = append(named, process.origin)
	}
	if len(named) > 1 {
		return nil, &Error{Text: strings.Join(named, " and ") + " cannot stand together",
			Hint: "keep the one that the credentials are to come from"}
	}
	kind := baseOf(identity)
	s := identity.find(kind)
	switch kind {
	case "source_profile":
		return m.profile(s, all, trail)
	case "credential_source":
		return m.credentialSource(s)
	case "aws_access_key_id":
		return static(trail[len(trail)-1]), nil
	case "credential_process":
		if forSDKs(s) && runsItself(s.text, trail[len(trail)-1].name) {
			return nil, &Error{Text: fmt.Sprintf("no role to assume: %s runs credproc with the same profile, which has no role_arn", s.origin),
				Hint: "name the profile that holds role_arn with --profile; it must be another one than the SDK's"}
		}
		return m.process(s)
	}
	return nil, nil
}

// baseOf is the key that names the base credentials, or empty for a web
// identity token.
func baseOf(identity layers) string {
	process := identity.find("credential_process")
	switch {
	case process.text != "" && !forSDKs(process):
		return "credential_process"
	case identity.find("source_profile").text != "":
		return "source_profile"
	case identity.find("credential_source").text != "":
		return "credential_source"
	case identity.find("role_arn").text != "":
		return ""
	case identity.find("aws_access_key_id").text != "":
		return "aws_access_key_id"
	case process.text != "":
		return "credential_process"
	}
	return ""
}

// forSDKs reports whether a credential_process stands where SDKs read it. There
// it is most often us, and so it is the last that counts.
func forSDKs(process setting) bool {
	return strings.HasPrefix(process.origin, "credential_process of profile")
}

// process makes the source that runs another credential_process.
func (m *maker) process(command setting) (source.Source, error) {
	m.needsSecrets, m.needsFolder = true, true
	p := &source.Process{Command: command.text, Getenv: m.before}
	if m.around != nil {
		p.Environ, p.Dir = m.around.environ(os.Environ()), m.around.folder()
	}
	// Before the cache is asked: the process that waits for us has the lock.
	if err := p.Loop(); err != nil {
		return nil, err
	}
	return p, nil
}

// runsItself reports whether a command runs credproc with that profile, by way
// of a shell or not. Where it cannot be seen, Process finds out.
func runsItself(command, profile string) bool {
	words := strings.FieldsFunc(command, func(r rune) bool { return strings.ContainsRune(" \t='\"", r) })
	us := slices.IndexFunc(words, func(word string) bool {
		name := filepath.Base(word)
		return name == "credproc" || name == "credproc.exe"
	})
	at := slices.Index(words, "--profile")
	return us >= 0 && at > us && at+1 < len(words) && words[at+1] == profile
}

// profile makes the source of a profile that another one names as its
// source_profile.
func (m *maker) profile(from setting, all layers, trail []*awsProfile) (source.Source, error) {
	p, err := readProfile(from.text, m.getenv)
	if err != nil {
		return nil, err
	}
	if n := len(trail); n > 0 && trail[n-1].has(accessKeyKey) {
		return static(p), nil
	}
	for _, before := range trail {
		if before.name != p.name {
			continue
		}
		// A profile may name itself for the sake of its own access keys.
		if own := (layers{p.layer}); before == trail[len(trail)-1] && own.find("aws_access_key_id").text != "" {
			return static(p), nil
		}
		var names []string
		for _, x := range append(trail, p) {
			names = append(names, x.name)
		}
		return nil, &Error{Text: "source_profile leads back to itself: " + strings.Join(names, " → "),
			Hint: "end the chain with a profile that has credentials of its own"}
	}
	own := layers{p.layer}
	// Flags stay the highest layer in all that is no identity.
	return m.source(slices.Insert(slices.Clone(all), 1, p.layer), own, append(trail, p))
}

// Values of credential_source.
// Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider".
func (m *maker) credentialSource(where setting) (source.Source, error) {
	kinds := map[string]func() (source.Source, error){
		"Ec2InstanceMetadata": m.instance,
		"EcsContainer":        m.container,
		"Environment":         func() (source.Source, error) { return source.Environment(m.before), nil },
	}
	m.needsSecrets = m.needsSecrets || where.text != "Ec2InstanceMetadata"
	kind, ok := kinds[where.text]
	if !ok {
		names := slices.Sorted(maps.Keys(kinds))
		return nil, &Error{Text: fmt.Sprintf("%s is %.40q", where.origin, where.text),
			Hint: "it may be " + strings.Join(names, ", ")}
	}
	return kind()
}

// webIdentity makes the source that trades a web identity token.
func (m *maker) webIdentity(all, identity layers, role setting, last bool, trail []*awsProfile) (source.Source, error) {
	if role.text == "" {
		return nil, m.noRole(trail)
	}
	w := &source.WebIdentity{RoleARN: role.text}
	var err error
	if w.Token, err = tokenSource(all, role.text, m.before); err != nil {
		return nil, err
	}
	m.helps(w.Token)
	if err := audienceTaken(all, identity, m.before); err != nil {
		return nil, err
	}
	if w.SessionName, err = sessionName(identity.find("role_session_name")); err != nil {
		return nil, err
	}
	if last {
		w.Policy, w.PolicyARNs = identity.find("policy").text, list(identity.find("policy_arn"))
		if w.Duration, err = duration(identity.find("duration_seconds")); err != nil {
			return nil, err
		}
	}
	if w.STS, err = sts(all); err != nil {
		return nil, err
	}
	w.Longest = source.Memory{
		Recall:   func() string { return m.cache.Recall(w.Key().Settings) },
		Remember: func(text string) { m.cache.Remember(w.Key().Settings, text) },
	}
	return w, nil
}

// assumeRole makes a link. What is said of a session besides its name is said
// of the last one, which is the one that is printed.
func (m *maker) assumeRole(base source.Source, all, identity layers, role setting, last bool) (source.Source, error) {
	r := &source.AssumeRole{Base: m.cache.Through(base), RoleARN: role.text, Logf: m.cache.Logf}
	var err error
	if r.SessionName, err = sessionName(identity.find("role_session_name")); err != nil {
		return nil, err
	}
	if last {
		r.ExternalID = identity.find("external_id").text
		r.SourceIdentity = identity.find("source_identity").text
		r.Policy, r.PolicyARNs = identity.find("policy").text, list(identity.find("policy_arn"))
		if r.Tags, err = tags(identity.find("tag")); err != nil {
			return nil, err
		}
		if r.Duration, err = duration(identity.find("duration_seconds")); err != nil {
			return nil, err
		}
	}
	r.STS, err = sts(all)
	return r, err
}

// roles reads the ARNs of further links.
func roles(s setting) ([]setting, error) {
	var links []setting
	for _, arn := range list(s) {
		link := setting{arn, s.origin}
		if err := checkRole(link); err != nil {
			return nil, err
		}
		links = append(links, link)
	}
	return links, nil
}

func tags(s setting) ([]source.Tag, error) {
	var all []source.Tag
	for _, text := range list(s) {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return nil, &Error{Text: fmt.Sprintf("%s is not KEY=VALUE", s.origin), Hint: "a tag looks like team=payments"}
		}
		all = append(all, source.Tag{Key: key, Value: value})
	}
	return all, nil
}

// list splits a value at its commas.
func list(s setting) []string {
	if s.text == "" {
		return nil
	}
	return strings.Split(s.text, ",")
}

// noRole says what to do when nothing names a role or a source.
func (m *maker) noRole(trail []*awsProfile) *Error {
	if len(trail) == 0 {
		e := &Error{Text: "no role to assume", Hint: "set --role-arn or AWS_ROLE_ARN, or name a profile that has role_arn with --profile"}
		if name := m.before("AWS_PROFILE"); name == "" && m.before("KUBERNETES_SERVICE_HOST") != "" {
			e.Hint = "in a pod its service account needs the annotation eks.amazonaws.com/role-arn: `credproc doctor` says what the pod has"
		} else if name != "" {
			e.Hint = fmt.Sprintf("AWS_PROFILE names the profile that runs credproc; for another one say --profile %s", name)
		}
		return e
	}
	p := trail[len(trail)-1]
	if fault := p.fault(); fault != nil {
		return fault // it may have had an access key
	}
	e := &Error{Text: fmt.Sprintf("no role to assume: profile %q has no role_arn (%s:%d)", p.name, p.section.Path, p.section.Line),
		Hint: "add role_arn to the profile, or name another one with --profile"}
	for _, key := range p.section.Keys() {
		if strings.NewReplacer("-", "", "_", "").Replace(key) == "rolearn" {
			e.Hint = fmt.Sprintf("the profile says %s; the key is role_arn", key)
		}
	}
	return e
}
