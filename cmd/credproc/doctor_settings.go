package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/credproc/credproc/cache"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source"
	"github.com/credproc/credproc/source/token"
)

// leads reports whether the options, with the environment, name any source.
func (o options) leads() bool {
	_, err := settings.Source(o.given, os.Getenv, &cache.Cache{Off: true})
	return err == nil
}

// settings checks what credproc makes of the options that o holds: which
// source, which token, which cache.
func (d *doctor) settings(ctx context.Context, o options) {
	c, err := o.cache()
	if err != nil {
		d.fault("settings", err)
		return
	}
	// Nothing is kept, so nothing is changed, whatever is asked below.
	src, err := settings.Source(o.given, os.Getenv, &cache.Cache{Off: true, Timeout: c.Timeout})
	file := ""
	if _, given := o.given("profile"); err != nil && !given && strings.HasPrefix(err.Error(), "no role to assume") {
		d.found.Problem("settings", "", "credential_process names neither a role nor a profile that has one, and AWS_ROLE_ARN is not set: no role to assume",
			"name the profile that holds role_arn in credential_process, with --profile")
	} else if err != nil {
		d.fault("settings", err)
	} else {
		role := src.Key().Role
		d.found.OK("settings", "", "credproc asks for "+role)
		file = d.token(o)
	}
	d.found.Cluster(os.Getenv, file, err == nil)
	d.cache(c)
	if err != nil {
		return
	}
	if asksSTS(src) {
		d.endpoint(o)
	}
	if d.online {
		d.ask(ctx, o, src)
	}
}

// token looks at the web identity token where that needs neither the network
// nor a command, and returns its file.
func (d *doctor) token(o options) (file string) {
	w, err := settings.Token(o.given, os.Getenv)
	if err != nil {
		return "" // credentials that come from no token
	}
	switch s := w.Source.(type) {
	case token.File:
		file = string(s)
	case token.Env, *token.Env:
	default:
		if !d.online {
			d.found.OK("token", "", "the web identity token "+w.Source.String()+" is not asked for without --online")
		}
		return ""
	}
	t, err := w.Source.Token(context.Background())
	if err != nil {
		err = &source.Error{Kind: source.KindToken, Code: problem(err), Text: err.Error(), Err: err}
	}
	d.found.Token(t, err, w.Source.String(), file, d.now(), hint)
	return file
}

func problem(err error) string {
	var bad *token.Error
	if errors.As(err, &bad) {
		return string(bad.Problem)
	}
	return ""
}

// cache looks at the folder that entries would go to.
func (d *doctor) cache(c *cache.Cache) {
	const check, locks = "cache-folder", "cache-locks"
	in := c.Inspect()
	switch {
	case c.Off:
		d.found.Warn(check, "", "the cache is switched off: STS is asked at every call", "take --no-cache or CREDPROC_NO_CACHE away")
		return
	case in.Path == "" && in.Meant == "":
		d.found.Warn(check, "", fmt.Sprintf("there is no cache folder: %v; STS is asked at every call", in.Err), "name a folder of this user's in CREDPROC_CACHE_DIR")
		return
	case in.Path == "":
		d.found.Warn(check, in.Meant, fmt.Sprintf("%s cannot be the cache folder: %v; STS is asked at every call", in.Meant, cause(in.Err)), "name a folder of this user's in CREDPROC_CACHE_DIR")
		return
	case in.Err != nil:
		d.found.Warn(check, in.Meant, fmt.Sprintf("the cache is in %s and not in %s: %v", in.Path, or(in.Meant, "a home"), cause(in.Err)), "name a folder of this user's in CREDPROC_CACHE_DIR")
	case in.Missing:
		d.found.OK(check, in.Path, "the cache folder "+in.Path+" can be made")
	default:
		d.found.OK(check, in.Path, "the cache folder "+in.Path+" is this user's and can be written")
	}
	switch {
	case in.Locks != nil:
		d.found.Warn(locks, in.Path, fmt.Sprintf("the file system of %s has no locks (%v): each process asks STS by itself", in.Path, in.Locks),
			"name a folder on a local disk in CREDPROC_CACHE_DIR")
	case !in.Missing:
		d.found.OK(locks, in.Path, "its file system has locks")
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// cause strips the path from a file error: the text names it already.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// asksSTS reports whether credentials of the source come from STS, and from
// nobody else.
func asksSTS(src source.Source) bool {
	switch src.(type) {
	case *source.WebIdentity, *source.AssumeRole:
		return true
	}
	return false
}

// endpoint says where STS would be asked.
func (d *doctor) endpoint(o options) {
	const check = "endpoint"
	address, region, err := endpointOf(o)
	switch {
	case err != nil || address == "":
		return // not STS, or settings has said it
	case region == "aws-global":
		d.found.Warn(check, "", "no region is set: STS is asked at its global endpoint, "+address, "set region in the profile, or AWS_REGION: a regional endpoint is nearer, and outlives us-east-1")
	default:
		d.found.OK(check, "", "STS is asked at "+address)
	}
}

// endpointOf is the URL of the STS that would be asked; empty where it cannot be
// said without asking.
func endpointOf(o options) (address, region string, err error) {
	keys, err := settings.Profile(o.given, os.Environ())
	if err != nil {
		return "", "", err
	}
	value := func(key string) string {
		for _, p := range keys.Pairs {
			if p.Key == key {
				return p.Value
			}
		}
		return ""
	}
	region = value("region")
	suffix := ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix += ".cn"
	}
	switch {
	case value("endpoint_url") != "":
		return value("endpoint_url"), "", nil
	case region == "aws-global":
		return "https://sts.amazonaws.com", region, nil
	case value("use_dualstack_endpoint") == "true":
		return "", region, nil
	case value("use_fips_endpoint") == "true":
		return "https://sts-fips." + region + suffix, region, nil
	}
	return "https://sts." + region + suffix, region, nil
}
