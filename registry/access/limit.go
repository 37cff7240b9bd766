package access

import (
	"context"
	"errors"
	"sync"
	"time"
)

// The numbers of attempts that may fail before the next one has to wait: for one account from
// one address, for one account, and from one address. Each further failure doubles the wait, up
// to WaitMax.
const (
	pairAttempts    = 5
	nameAttempts    = 20
	addressAttempts = 50

	// WaitFirst is the first wait, WaitMax the longest.
	WaitFirst = 5 * time.Second
	WaitMax   = 15 * time.Minute
	// ForgetAfter is how long after the last one failures are forgotten, and KnownFor how
	// long an address is remembered from which an account has signed in.
	ForgetAfter = 30 * time.Minute
	KnownFor    = 30 * 24 * time.Hour
	// RememberMax bounds the failures, and the addresses, that are remembered.
	RememberMax = 20_000
)

// Failures counts failed attempts to sign in, which makes the guessing of passwords slow. For
// an account that has signed in from an address before, only its own failures from that address
// count there, so that an administrator cannot be locked out by failures from elsewhere.
type Failures interface {
	// Wait returns how long an attempt has to wait; 0 or less if it may be made now.
	Wait(ctx context.Context, a Attempt) (time.Duration, error)
	// Fail counts a failed attempt.
	Fail(ctx context.Context, a Attempt) error
	// Succeed forgets the failures of the account from the address, and remembers the address.
	Succeed(ctx context.Context, a Attempt) error
}

// An Attempt is a try to sign in with a name from an address.
type Attempt struct{ Name, Address string }

// A Limit is a key by which failures are counted, and the number of failures before the first
// wait.
type Limit struct {
	Key     string
	Allowed int
}

// Pair returns the limit for the account from the address.
func (a Attempt) Pair() Limit { return Limit{"pair " + a.Name + " " + a.Address, pairAttempts} }

// Limits returns all limits for an attempt.
func (a Attempt) Limits() []Limit {
	return []Limit{a.Pair(), {"name " + a.Name, nameAttempts}, {"address " + a.Address, addressAttempts}}
}

// askPatience is how long an attempt waits for a database that does not answer, before it is
// decided and counted by this process alone: the administrator of the flags can sign in then, too.
const askPatience = 2 * time.Second

// wait returns how long an attempt has to wait.
func (c *Control) wait(ctx context.Context, a Attempt) time.Duration {
	asking, cancel := context.WithTimeout(ctx, askPatience)
	wait, err := c.Failures.Wait(asking, a)
	cancel()
	if err == nil {
		return wait
	}
	c.warnUncounted(ctx, err)
	return c.own.wait(a, c.now())
}

// countPatience is how long counting a failure may take.
const countPatience = 5 * time.Second

// fail counts a failed attempt, also if the client has disconnected: otherwise a guess would be
// free for a client that does not wait for the answer.
func (c *Control) fail(ctx context.Context, a Attempt) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countPatience)
	defer cancel()
	err := c.Failures.Fail(ctx, a)
	if err == nil {
		return
	}
	c.warnUncounted(ctx, err)
	c.own.fail(a, c.now())
}

func (c *Control) succeed(ctx context.Context, a Attempt) {
	asking, cancel := context.WithTimeout(ctx, askPatience)
	err := c.Failures.Succeed(asking, a)
	cancel()
	if err == nil {
		return
	}
	c.warnUncounted(ctx, err)
	c.own.succeed(a, c.now())
}

// warnEvery is how often the log says at most that the database does not count failures.
const warnEvery = time.Minute

// warnUncounted logs that the database could not be asked, once in a while: every request with a
// password asks it. A client that has disconnected is no fault of the database.
func (c *Control) warnUncounted(ctx context.Context, err error) {
	if errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	now, last := c.now().UnixNano(), c.warned.Load()
	if now-last < int64(warnEvery) || !c.warned.CompareAndSwap(last, now) {
		return
	}
	c.Log.WarnContext(ctx, "failed attempts to sign in are counted by this process alone, because the database could not be asked", "error", err)
}

// A limiter counts the failures of one process.
type limiter struct {
	mu     sync.Mutex
	failed map[string]failures
	known  map[string]time.Time // last sign-in of an account from an address, by the key of Attempt.Pair
}

type failures struct {
	n           int
	last, until time.Time
}

// wait returns how long an attempt has to wait; 0 or less if it may be made now.
func (l *limiter) wait(a Attempt, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	limits := a.Limits()
	if at, ok := l.known[a.Pair().Key]; ok && now.Sub(at) < KnownFor {
		limits = []Limit{a.Pair()}
	}
	longest := time.Duration(0)
	for _, limit := range limits {
		longest = max(longest, l.failed[limit.Key].until.Sub(now))
	}
	return longest
}

// fail counts a failed attempt.
func (l *limiter) fail(a Attempt, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = map[string]failures{}
	}
	for _, limit := range a.Limits() {
		f := l.failed[limit.Key]
		if now.Sub(f.last) > ForgetAfter {
			f = failures{}
		}
		f.n++
		f.last = now
		if over := f.n - limit.Allowed; over >= 0 {
			f.until = now.Add(min(WaitMax, WaitFirst<<min(over, 16)))
		}
		l.failed[limit.Key] = f
	}
	prune(l.failed, func(f failures) time.Time { return f.last }, now.Add(-ForgetAfter))
}

// succeed forgets the failures of the account from the address, and remembers the address.
func (l *limiter) succeed(a Attempt, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failed, a.Pair().Key)
	if l.known == nil {
		l.known = map[string]time.Time{}
	}
	l.known[a.Pair().Key] = now
	prune(l.known, func(t time.Time) time.Time { return t }, now.Add(-KnownFor))
}

// prune bounds a map to RememberMax entries: it deletes those older than old and, if that is
// not enough, arbitrary ones.
func prune[K comparable, V any](m map[K]V, at func(V) time.Time, old time.Time) {
	if len(m) <= RememberMax {
		return
	}
	for key, v := range m {
		if at(v).Before(old) {
			delete(m, key)
		}
	}
	for key := range m {
		if len(m) <= RememberMax/2 {
			return
		}
		delete(m, key)
	}
}
