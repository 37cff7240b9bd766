package access

import (
	"context"
	"sync"
	"time"
)

// How many attempts may fail before the next one has to wait: of one account from
// one address, of one account, from one address. Each further failure doubles the
// wait, up to a quarter of an hour.
const (
	freePair    = 5
	freeName    = 20
	freeAddress = 50

	// WaitFirst is the first wait, WaitMax the longest.
	WaitFirst = 5 * time.Second
	WaitMax   = 15 * time.Minute
	// ForgetFailuresAfter is when failures are forgotten, AddressKnownFor how long an
	// address is known from which somebody signed in.
	ForgetFailuresAfter = 30 * time.Minute
	AddressKnownFor     = 30 * 24 * time.Hour
	// RememberMax bounds what is remembered of each: what is oldest goes.
	RememberMax = 20_000
)

// Failures count failed attempts to sign in, and slow down who guesses passwords. One who
// signed in from an address is held up by failures with his own name from that address
// alone, so that nobody can lock an administrator out by failing in his name from
// elsewhere.
type Failures interface {
	// Wait says how long the attempt has to wait; 0 if it may be made now.
	Wait(ctx context.Context, a Attempt) (time.Duration, error)
	// Fail counts an attempt that failed.
	Fail(ctx context.Context, a Attempt) error
	// Succeed forgets failures of the account from the address, and knows that address
	// from now on.
	Succeed(ctx context.Context, a Attempt) error
}

// An Attempt is one try to show who somebody is.
type Attempt struct{ Name, Address string }

// A Count is what failures of an attempt are counted by, and how many are free.
type Count struct {
	By   string
	Free int
}

// Pair is what failures of the account from the address are counted by.
func (a Attempt) Pair() Count { return Count{"pair " + a.Name + " " + a.Address, freePair} }

// Counts are all that failures of an attempt are counted by.
func (a Attempt) Counts() []Count {
	return []Count{a.Pair(), {"name " + a.Name, freeName}, {"address " + a.Address, freeAddress}}
}

// wait asks how long an attempt has to wait.
func (c *Control) wait(ctx context.Context, a Attempt) time.Duration {
	if c.Failures != nil {
		wait, err := c.Failures.Wait(ctx, a)
		if err == nil {
			return wait
		}
		c.uncounted(ctx, err)
	}
	return c.seen.wait(a, c.now())
}

// fail counts an attempt that failed. A reader who has gone does not end that: else a
// guess would be free for one who does not wait for the answer.
func (c *Control) fail(ctx context.Context, a Attempt) {
	if c.Failures != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countPatience)
		defer cancel()
		err := c.Failures.Fail(ctx, a)
		if err == nil {
			return
		}
		c.uncounted(ctx, err)
	}
	c.seen.fail(a, c.now())
}

func (c *Control) succeed(ctx context.Context, a Attempt) {
	if c.Failures != nil {
		err := c.Failures.Succeed(ctx, a)
		if err == nil {
			return
		}
		c.uncounted(ctx, err)
	}
	c.seen.succeed(a, c.now())
}

// countPatience is how long counting a failure may take.
const countPatience = 5 * time.Second

func (c *Control) uncounted(ctx context.Context, err error) {
	c.log().WarnContext(ctx, "failed attempts to sign in are counted by this process alone, for the database could not be asked", "error", err)
}

// A limiter counts the failures of one process.
type limiter struct {
	mu     sync.Mutex
	failed map[string]failures
	known  map[string]time.Time // pairs, and when they last signed in
}

type failures struct {
	n           int
	last, until time.Time
}

// wait says how long the attempt has to wait; 0 if it may be made now.
func (l *limiter) wait(a Attempt, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := a.Counts()
	if at, ok := l.known[a.Pair().By]; ok && now.Sub(at) < AddressKnownFor {
		counts = []Count{a.Pair()}
	}
	longest := time.Duration(0)
	for _, c := range counts {
		longest = max(longest, l.failed[c.By].until.Sub(now))
	}
	return longest
}

// fail counts an attempt that failed.
func (l *limiter) fail(a Attempt, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = map[string]failures{}
	}
	for _, c := range a.Counts() {
		f := l.failed[c.By]
		if now.Sub(f.last) > ForgetFailuresAfter {
			f = failures{}
		}
		f.n++
		f.last = now
		if over := f.n - c.Free; over >= 0 {
			f.until = now.Add(min(WaitMax, WaitFirst<<min(over, 16)))
		}
		l.failed[c.By] = f
	}
	prune(l.failed, func(f failures) time.Time { return f.last }, now.Add(-ForgetFailuresAfter))
}

// succeed forgets failures of the account from the address.
func (l *limiter) succeed(a Attempt, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failed, a.Pair().By)
	if l.known == nil {
		l.known = map[string]time.Time{}
	}
	l.known[a.Pair().By] = now
	prune(l.known, func(t time.Time) time.Time { return t }, now.Add(-AddressKnownFor))
}

// prune keeps a map small: what is old goes first, and if that is not enough
// anything.
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
