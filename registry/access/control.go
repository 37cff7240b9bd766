package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"urncast/registry"
)

// A Control decides who may. Without a Store there is the administrator alone whom
// the process was started with.
type Control struct {
	Store Store
	// User and Password are of the administrator whom the process was started with:
	// he is in no table. An empty password says that there is none.
	User, Password string
	// Failures counts failed attempts to sign in over all instances. Without it, and while
	// it cannot be asked, this process counts those that it saw.
	Failures Failures
	// Log takes what cannot be said to anybody; slog.Default by default.
	Log *slog.Logger
	// Now is the clock; time.Now by default.
	Now func() time.Time

	seen     limiter
	verified verified
	once     sync.Once
	slots    chan struct{}
}

// hashingMax bounds how many passwords are digested at once: each takes a core and
// 32 MiB while it lasts.
const hashingMax = 2

// touchEvery is how often it is noted that a session or a token is used.
const touchEvery = time.Minute

func (c *Control) log() *slog.Logger {
	if c.Log == nil {
		return slog.Default()
	}
	return c.Log
}

func (c *Control) now() time.Time {
	if c.Now == nil {
		return time.Now().UTC()
	}
	return c.Now().UTC()
}

// Possible says whether anybody can sign in by name and password.
func (c *Control) Possible() bool { return c.Store != nil || c.Password != "" }

// Verify finds who has a name and a password. It is asked at every request with
// Basic authentication: a password that was right a moment ago, for an account that
// has not changed since, is not digested again.
func (c *Control) Verify(ctx context.Context, name, password, remote string) (Principal, error) {
	tried := Attempt{strings.ToLower(name), address(remote)}
	if c.fixed(name, password) {
		if wait := c.wait(ctx, tried); wait > 0 {
			return Principal{}, c.tooMany(wait)
		}
		c.succeed(ctx, tried)
		return Principal{Name: c.User, Role: Admin, Remote: remote}, nil
	}
	account, err := c.find(ctx, tried.Name)
	if err != nil {
		return Principal{}, err
	}
	if account != nil && c.verified.is(account, password, c.now()) {
		return c.principal(account, remote)
	}
	if wait := c.wait(ctx, tried); wait > 0 {
		return Principal{}, c.tooMany(wait)
	}
	right, err := c.compare(ctx, account, password)
	if err != nil {
		return Principal{}, err
	}
	if !right {
		c.fail(ctx, tried)
		c.failed(ctx, account, name, remote)
		return Principal{}, refuse(Unproven, "User name or password is wrong.")
	}
	c.succeed(ctx, tried)
	return c.principal(account, remote)
}

// fixed compares in constant time: digests, so that lengths do not show either, and
// both, so that a wrong user name takes as long as a wrong password.
func (c *Control) fixed(name, password string) bool {
	n, p := sha256.Sum256([]byte(name)), sha256.Sum256([]byte(password))
	wantN, wantP := sha256.Sum256([]byte(c.User)), sha256.Sum256([]byte(c.Password))
	same := subtle.ConstantTimeCompare(n[:], wantN[:]) & subtle.ConstantTimeCompare(p[:], wantP[:])
	return same == 1 && c.Password != ""
}

// find gives an account, nil if there is none.
func (c *Control) find(ctx context.Context, name string) (*Account, error) {
	if c.Store == nil {
		return nil, nil
	}
	a, err := c.Store.Account(ctx, name)
	if errors.Is(err, registry.ErrNotFound) {
		return nil, nil
	}
	return a, err
}

// compare digests the password, whether or not there is an account to compare with:
// the time must not tell.
func (c *Control) compare(ctx context.Context, a *Account, password string) (bool, error) {
	if c.Store == nil {
		return false, nil
	}
	c.once.Do(func() { c.slots = make(chan struct{}, hashingMax) })
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-c.slots }()
	switch {
	case a == nil || a.Hash == "":
		matches(password, nobodys)
		return false, nil
	case c.verified.is(a, password, c.now()): // by one that came at the same time
		return true, nil
	case !matches(password, a.Hash):
		return false, nil
	}
	c.verified.add(a, password, c.now())
	return true, nil
}

// principal is who has an account.
func (c *Control) principal(a *Account, remote string) (Principal, error) {
	if a.Disabled {
		return Principal{}, refuse(Unproven, "The account %s is disabled. An administrator can enable it.", a.Name)
	}
	return Principal{Name: a.Name, Role: a.Role, Agencies: a.Agencies, Remote: remote, Account: a.ID}, nil
}

// failed puts a failed attempt into the audit. A name that is no account's is left
// out: people type their password there.
func (c *Control) failed(ctx context.Context, a *Account, name, remote string) {
	subject := "an unknown name"
	if a != nil {
		subject = a.Name
	} else if c.Password != "" && name == c.User {
		subject = c.User
	}
	c.Record(With(ctx, Principal{Remote: remote}), ActSignInFailed, subject, struct{}{})
}

func (c *Control) tooMany(wait time.Duration) error {
	wait = wait.Truncate(time.Second) + time.Second
	r := refuse(TooMany, "Too many attempts to sign in have failed. Try again in %s, at %s UTC.",
		inWords(wait), c.now().Add(wait).Format(time.TimeOnly))
	r.After = wait
	return r
}

func inWords(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("%d min", int(d.Minutes())+1)
}

// Administrators names those who can be asked, for whoever may not.
func (c *Control) Administrators(ctx context.Context) []string {
	var names []string
	if c.Password != "" {
		names = append(names, c.User)
	}
	if c.Store == nil {
		return names
	}
	all, err := c.Store.Accounts(ctx)
	if err != nil {
		c.log().WarnContext(ctx, "the administrators could not be read", "error", err)
	}
	for i := range all {
		if all[i].Role == Admin && !all[i].Disabled {
			names = append(names, all[i].Name)
		}
	}
	return names
}

// address is what attempts from a remote address are counted by: of IPv6 the network,
// for whoever has one address has all of it.
func address(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if ip = ip.Unmap(); ip.Is6() {
		if p, err := ip.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// verified remembers for a minute which passwords were right: a digest that is made
// with a secret of this process, of the password and of the account's revision, so
// that what changes the account, on whichever instance, drops it.
type verified struct {
	mu    sync.Mutex
	key   [32]byte
	until map[[32]byte]time.Time
}

const verifiedFor = time.Minute

func (v *verified) digest(a *Account, password string) [32]byte {
	if v.until == nil {
		v.until = map[[32]byte]time.Time{}
		_, _ = rand.Read(v.key[:]) // never fails: crypto/rand ends the program instead
	}
	return sha256.Sum256([]byte(string(v.key[:]) + a.ID + "\x00" + a.Hash + "\x00" + strconv.FormatInt(a.Revision, 10) + "\x00" + password))
}

func (v *verified) is(a *Account, password string, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return now.Before(v.until[v.digest(a, password)])
}

func (v *verified) add(a *Account, password string, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.until[v.digest(a, password)] = now.Add(verifiedFor)
	prune(v.until, func(t time.Time) time.Time { return t }, now)
}
