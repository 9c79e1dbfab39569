package cache

import (
	"context"
	"errors"
	"time"

	"github.com/credproc/credproc/source"
)

// get is one call of Get.
type get struct {
	*Cache
	src     source.Source
	key     source.Key
	folder  *folder
	began   time.Time
	timeout time.Duration

	early bool          // renew from half of the life on
	least time.Duration // renew what has less left
	late  *source.Error // why a renewal that was due has failed
}

// phase is the entry's phase for this caller.
func (g *get) phase(l life) phase {
	switch {
	case l.left < g.least:
		return hard
	case g.early && l.pastHalf():
		return min(l.phase(), soft)
	default:
		return l.phase()
	}
}

// get reads without a lock first: nearly every call ends there.
func (g *get) get(ctx context.Context) (source.Credentials, error) {
	have, life, missing := g.read()
	if missing != nil {
		g.debugf("miss: %v", missing)
	}
	switch g.phase(life) {
	case fresh:
		g.debugf("hit: %v, %v left", have, life.left.Round(time.Second))
		return have, nil
	case soft:
		return g.renewSoon(ctx, have), nil
	default:
		return g.renewNow(ctx, have)
	}
}

// read is the entry as it stands and its life, or both zero and the reason why
// there is none to use.
func (g *get) read() (source.Credentials, life, error) {
	have, missing := g.folder.read(g.key, g.time())
	if missing != nil {
		return source.Credentials{}, life{}, missing
	}
	return have, g.life(have), nil
}

// name is the name of the entry that have is, or would be.
func (g *get) name(have source.Credentials) string {
	if g.key.Identity == "" {
		return name(g.key.Settings, have.Identity)
	}
	return name(g.key.Settings, g.key.Identity)
}

// renewSoon is for an entry that has life left, but not for long: whoever gets
// the lock renews it, and nobody waits for him.
func (g *get) renewSoon(ctx context.Context, have source.Credentials) source.Credentials {
	name := g.name(have)
	if g.resting(g.folder.failure(name, g.time())) {
		return have
	}
	patience, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	unlock, err := g.folder.lock(name).try(patience)
	switch {
	case errors.Is(err, errBusy):
		g.debugf("soft: another process renews")
		return have
	case err != nil:
		g.logf("warning: this folder has no locks, so that several processes may renew at once: %v", err)
	default:
		defer unlock()
	}
	// Somebody may have renewed between our look and our lock.
	newest, life, _ := g.read()
	if g.phase(life) == fresh {
		g.debugf("hit: %v, %v left, renewed meanwhile", newest, life.left.Round(time.Second))
		return newest
	}
	failed := g.folder.failure(name, g.time())
	if g.resting(failed) {
		return have
	}
	renewed, err := g.renew(ctx, name, failed, have, tryLimit(g.life(have), failed.Cut, g.timeout))
	if err != nil {
		return have
	}
	return renewed
}

// resting reports whether a renewal failed so recently that nobody is to try
// again yet who has something to print.
func (g *get) resting(failed failure) bool {
	wait := failed.Next.Sub(g.time())
	if wait <= 0 {
		return false
	}
	g.late = failed.err()
	g.debugf("the last renewal failed, the next is due in %v", wait.Round(time.Second))
	return true
}

// Parts of the time-out. The lock's holder gives up first, so that his failure
// answers those who wait for him; a waiter gives him up before his own time is
// over.
const (
	holderGivesUp = 0.6
	waiterGivesUp = 0.7
	lateGivesUp   = 0.85 // for the lock of those who go without the lock
	lateHolder    = 0.25 // what one who got the lock late has at least
	end           = 0.98 // room to say so
)

// renewNow is for an entry whose life is nearly over, and for none at all.
func (g *get) renewNow(ctx context.Context, have source.Credentials) (source.Credentials, error) {
	name := g.name(have)
	if g.stays(name, have) {
		return have, nil
	}
	if g.Recall(name) == endless {
		return g.renew(ctx, name, failure{}, have, g.at(end)) // nothing to wait for: it is not kept
	}
	unlock, limit := g.await(ctx, name, have)
	defer unlock()
	// While we waited somebody may have renewed, or failed.
	if newest, life, _ := g.read(); g.phase(life) > hard {
		g.debugf("hit: %v, %v left, renewed while waiting", newest, life.left.Round(time.Second))
		return newest, nil
	} else if life.alive() {
		have = newest
	}
	if g.stays(name, have) {
		return have, nil
	}
	failed := g.folder.failure(name, g.time())
	if l := g.life(have); l.alive() {
		limit = min(limit, l.bears())
	} else if failed.answers(g.began, g.time()) {
		g.debugf("not asked again: it failed %v ago", g.time().Sub(failed.At).Round(time.Millisecond))
		return source.Credentials{}, failed.err()
	}
	renewed, err := g.renew(ctx, name, failed, have, limit)
	if err != nil && g.life(have).alive() {
		return have, nil
	}
	return renewed, err
}

// stays reports whether there is something to print that is not to be renewed
// just now: a renewal has failed, or there is no time for one.
func (g *get) stays(name string, have source.Credentials) bool {
	l := g.life(have)
	return l.alive() && (l.bears() == 0 || g.resting(g.folder.failure(name, g.time())))
}

// life measures credentials now.
func (g *get) life(c source.Credentials) life { return lifeOf(c, g.time()) }

// await takes the lock, and waits no longer than the credentials that are there
// can bear. limit is what its holder, or who goes without it, has for asking.
func (g *get) await(ctx context.Context, name string, have source.Credentials) (unlock func(), limit time.Duration) {
	patience := g.at(waiterGivesUp)
	if l := g.life(have); l.alive() {
		patience = min(patience, l.bears())
	}
	unlock, err := g.wait(ctx, name, patience)
	if err == nil {
		return unlock, min(g.at(end), max(g.at(holderGivesUp), scale(g.timeout, lateHolder)))
	}
	if !errors.Is(err, errBusy) {
		g.logf("warning: this folder has no locks, so that several processes may ask at once: %v", err)
		return func() {}, g.at(end)
	}
	g.logf("warning: the lock was not given free in time; asking without it")
	// All who waited are here now. The second lock lets one go first.
	if unlock, err = g.wait(ctx, name+lateSuffix, g.at(lateGivesUp)); err != nil {
		unlock = func() {}
	}
	return unlock, g.at(end)
}

func (g *get) wait(ctx context.Context, name string, patience time.Duration) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return g.folder.lock(name).wait(ctx)
}

// at is how long it is until a part of the time-out has passed.
func (g *get) at(part float64) time.Duration {
	return g.began.Add(scale(g.timeout, part)).Sub(g.time())
}

// renew asks the source for new credentials, for no longer than limit, and
// writes down what came of it.
func (g *get) renew(ctx context.Context, name string, failed failure, have source.Credentials, limit time.Duration) (source.Credentials, error) {
	got, err := g.ask(ctx, limit)
	if err != nil {
		errors.As(err, &g.late)
		record := failed.next(g.late, g.time(), have.Remaining(g.time()))
		record.Brief = limit < scale(g.timeout, lateHolder)
		record.Role, record.Subject = g.key.Role, g.key.Subject
		if err := g.folder.writeFailure(name, record); err != nil {
			g.logf("warning: cannot write down the failure: %v", err)
		}
		return source.Credentials{}, err
	}
	if !got.Ends() {
		g.debugf("not kept: nobody says when these credentials end")
		g.Remember(name, endless)
	} else if err := g.folder.write(g.key, got); err != nil {
		g.logf("warning: cannot keep the credentials: %v", err)
	}
	if failed.Version != 0 {
		g.folder.forgetFailure(name)
	}
	g.folder.sweep(g.time())
	return got, nil
}

// endless is a note beside the entry that is not there: the source's credentials
// come without an end and are not kept.
const endless = "no expiration"

// ask asks the source, for no longer than limit.
func (g *get) ask(ctx context.Context, limit time.Duration) (source.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := g.time()
	got, err := g.src.Retrieve(ctx)
	if err != nil {
		err := source.AsError(err)
		g.logf("renewal failed after %v: %v", g.time().Sub(began).Round(time.Millisecond), err)
		return source.Credentials{}, err
	}
	g.logf("renewed: %v", got)
	return got, nil
}
