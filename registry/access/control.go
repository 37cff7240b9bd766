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
	"sync/atomic"
	"time"

	"urncast/registry"
)

// A Control authenticates requests and manages accounts, sessions and tokens.
type Control struct {
	Store Store
	// User and Password are of the administrator with whom the process was started and who
	// is in no table. There is none if Password is empty.
	User, Password string
	// Failures counts failed attempts to sign in over all instances. While it returns an
	// error, this process counts the failures that it has seen itself.
	Failures Failures
	// Log is for errors that do not fail a request.
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	own      limiter
	verified passwordCache
	admitted admissions
	once     sync.Once
	slots    chan struct{}
	warned   atomic.Int64 // when the log last said that failures are not counted by the database, in Unix nanoseconds
}

// hashingMax bounds the number of passwords that are digested at the same time: each uses a
// core and 32 MiB.
const hashingMax = 2

// touchEvery is how often the use of a session or a token is recorded at most.
const touchEvery = time.Minute

func (c *Control) now() time.Time {
	if c.Now == nil {
		return time.Now().UTC()
	}
	return c.Now().UTC()
}

// Verify returns the principal with a name and a password. It is called for every request with
// Basic authentication, so a password that was verified within the last minute, for an account
// that has not changed since, is not digested again, and for the process's own administrator
// the failures are not looked up again. The error is a *Refusal.
func (c *Control) Verify(ctx context.Context, name, password, remote string) (Principal, error) {
	tried := Attempt{strings.ToLower(name), address(remote)}
	if c.isOwnAdmin(name, password) {
		if !c.admitted.contains(tried, c.now()) {
			if wait := c.wait(ctx, tried); wait > 0 {
				return Principal{}, c.tooMany(wait)
			}
			c.succeed(ctx, tried)
			c.admitted.add(tried, c.now())
		}
		return Principal{Name: c.User, Role: Admin, Remote: remote}, nil
	}
	c.admitted.forget(tried.Name)
	account, err := c.find(ctx, tried.Name)
	if err != nil {
		if c.hasOwnAdmin() && tried.Name == strings.ToLower(c.User) { // whose password could be guessed while the database is away
			if wait := c.wait(ctx, tried); wait > 0 {
				return Principal{}, c.tooMany(wait)
			}
			c.fail(ctx, tried)
		}
		return Principal{}, err
	}
	if wait := c.wait(ctx, tried); wait > 0 { // even if the password is known: a right guess must not be told from a wrong one
		return Principal{}, c.tooMany(wait)
	}
	if account != nil && c.verified.contains(account, password, c.now()) {
		return c.principal(account, remote)
	}
	correct, err := c.compare(ctx, tried, account, password)
	if err != nil {
		return Principal{}, err
	}
	if !correct {
		c.auditFailure(ctx, account, name, remote)
		return Principal{}, refuse(Unproven, "User name or password is wrong.")
	}
	c.succeed(ctx, tried)
	return c.principal(account, remote)
}

// isOwnAdmin reports whether name and password are those of the process's own administrator. It
// compares digests in constant time, so that lengths do not matter, and always both of them, so
// that a wrong user name takes as long as a wrong password.
func (c *Control) isOwnAdmin(name, password string) bool {
	n, p := sha256.Sum256([]byte(name)), sha256.Sum256([]byte(password))
	wantN, wantP := sha256.Sum256([]byte(c.User)), sha256.Sum256([]byte(c.Password))
	same := subtle.ConstantTimeCompare(n[:], wantN[:]) & subtle.ConstantTimeCompare(p[:], wantP[:])
	return same == 1 && c.Password != ""
}

// find returns an account, nil if there is none.
func (c *Control) find(ctx context.Context, name string) (*Account, error) {
	a, err := c.Store.Account(ctx, name)
	if errors.Is(err, registry.ErrNotFound) {
		return nil, nil
	}
	return a, err
}

// compare reports whether a password is that of an account, and counts the failure if it is not.
// It digests the password even if there is no account (nil), so that the time does not show
// whether there is. Attempts that are made at the same time all pass the first look at the
// failures; so the failures are looked at again when an attempt's turn has come, and a failure
// is counted before the next attempt's turn. The error may be a *Refusal.
func (c *Control) compare(ctx context.Context, tried Attempt, a *Account, password string) (bool, error) {
	c.once.Do(func() { c.slots = make(chan struct{}, hashingMax) })
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-c.slots }()
	if wait := c.wait(ctx, tried); wait > 0 {
		return false, c.tooMany(wait)
	}
	if a != nil && a.Hash != "" && c.verified.contains(a, password, c.now()) { // verified by a concurrent request
		return true, nil
	}
	if a == nil || a.Hash == "" {
		matches(password, noDigest)
		c.fail(ctx, tried)
		return false, nil
	}
	if !matches(password, a.Hash) {
		c.fail(ctx, tried)
		return false, nil
	}
	c.verified.add(a, password, c.now())
	return true, nil
}

// principal returns the principal of an account, or a *Refusal if that is disabled.
func (c *Control) principal(a *Account, remote string) (Principal, error) {
	if a.Disabled {
		return Principal{}, refuse(Unproven, "The account %s is disabled. An administrator can enable it.", a.Name)
	}
	return Principal{Name: a.Name, Role: a.Role, Agencies: a.Agencies, Remote: remote, Account: a.ID}, nil
}

// auditFailure records a failed sign-in in the audit. A name that is not an account's is not
// recorded, because people sometimes type their password into its field.
func (c *Control) auditFailure(ctx context.Context, a *Account, name, remote string) {
	subject := "an unknown name"
	if a != nil {
		subject = a.Name
	} else if c.Password != "" && name == c.User {
		subject = c.User
	}
	c.Record(With(ctx, Principal{Remote: remote}), ActSignInFailed, subject, struct{}{})
}

// tooMany returns the refusal of an attempt that has to wait.
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

// Administrators returns the names of the administrators, for the text of a refusal. It logs
// an error and returns the names that it has.
func (c *Control) Administrators(ctx context.Context) []string {
	var names []string
	if c.Password != "" {
		names = append(names, c.User)
	}
	all, err := c.Store.Accounts(ctx)
	if err != nil {
		c.Log.WarnContext(ctx, "the administrators could not be read", "error", err)
	}
	for i := range all {
		if all[i].Role == Admin && !all[i].Disabled {
			names = append(names, all[i].Name)
		}
	}
	return names
}

// address returns the key by which attempts from a remote address are counted: an IPv4
// address, or the /64 network of an IPv6 address, since a host can use all addresses of it.
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

// admissions remember for admittedFor from which addresses the process's own administrator has
// signed in, so that not every request asks the database whether there are failures. Its
// password and role are those of the process and cannot change under it. A wrong password for
// the name, from anywhere, ends them: whoever guesses gets no more than one attempt that is not
// counted against the limits.
type admissions struct {
	mu    sync.Mutex
	until map[Attempt]time.Time
}

const admittedFor = time.Minute

func (a *admissions) contains(tried Attempt, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return now.Before(a.until[tried])
}

func (a *admissions) add(tried Attempt, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.until == nil {
		a.until = map[Attempt]time.Time{}
	}
	a.until[tried] = now.Add(admittedFor)
	prune(a.until, func(t time.Time) time.Time { return t }, now)
}

// forget ends the admissions of a name.
func (a *admissions) forget(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for tried := range a.until {
		if tried.Name == name {
			delete(a.until, tried)
		}
	}
}

// A passwordCache remembers verified passwords for passwordCacheFor, as digests with a secret of
// this process. A digest includes the account's revision, so any change of the account, on any
// instance, invalidates it.
type passwordCache struct {
	mu    sync.Mutex
	key   [32]byte
	until map[[32]byte]time.Time
}

const passwordCacheFor = time.Minute

func (v *passwordCache) digest(a *Account, password string) [32]byte {
	if v.until == nil {
		v.until = map[[32]byte]time.Time{}
		_, _ = rand.Read(v.key[:]) // never fails: crypto/rand ends the program instead
	}
	return sha256.Sum256([]byte(string(v.key[:]) + a.ID + "\x00" + a.Hash + "\x00" + strconv.FormatInt(a.Revision, 10) + "\x00" + password))
}

func (v *passwordCache) contains(a *Account, password string, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return now.Before(v.until[v.digest(a, password)])
}

func (v *passwordCache) add(a *Account, password string, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.until[v.digest(a, password)] = now.Add(passwordCacheFor)
	prune(v.until, func(t time.Time) time.Time { return t }, now)
}
