package access

import (
	"sync"
	"time"
)

// The numbers of attempts that may fail before the next one has to wait: for one account from
// one address, for one account, and from one address. Each further failure doubles the wait, up
// to waitMax.
const (
	pairAttempts    = 5
	nameAttempts    = 20
	addressAttempts = 50

	waitFirst = 5 * time.Second
	waitMax   = 15 * time.Minute
	// forgetAfter is how long after the last one failures are forgotten, and knownFor how
	// long an address is remembered from which an account has signed in.
	forgetAfter = 30 * time.Minute
	knownFor    = 30 * 24 * time.Hour
	// rememberMax bounds the entries of each map (prune).
	rememberMax = 20_000
)

// A limiter makes the guessing of passwords slow. For an account that has signed in from an
// address before, only its own failures from that address count there, so that an administrator
// cannot be locked out by failures from elsewhere. Each process has its own limiter, so n
// instances allow n times the attempts.
type limiter struct {
	mu     sync.Mutex
	failed map[string]failures
	known  map[string]time.Time // last sign-in of an account from an address, by attempt.pair
}

type failures struct {
	n           int
	last, until time.Time
}

// An attempt is a try to sign in with a name from an address.
type attempt struct{ name, address string }

func (a attempt) pair() string { return "pair " + a.name + " " + a.address }

// limits returns the keys by which failures of an attempt are counted, each with the number of
// failures before the first wait.
func (a attempt) limits() map[string]int {
	return map[string]int{a.pair(): pairAttempts, "name " + a.name: nameAttempts, "address " + a.address: addressAttempts}
}

// wait returns how long an attempt has to wait; 0 or less if it may be made now.
func (l *limiter) wait(a attempt, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := a.limits()
	if at, ok := l.known[a.pair()]; ok && now.Sub(at) < knownFor {
		keys = map[string]int{a.pair(): pairAttempts}
	}
	longest := time.Duration(0)
	for key := range keys {
		longest = max(longest, l.failed[key].until.Sub(now))
	}
	return longest
}

// fail counts a failed attempt.
func (l *limiter) fail(a attempt, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = map[string]failures{}
	}
	for key, allowed := range a.limits() {
		f := l.failed[key]
		if now.Sub(f.last) > forgetAfter {
			f = failures{}
		}
		f.n++
		f.last = now
		if over := f.n - allowed; over >= 0 {
			f.until = now.Add(min(waitMax, waitFirst<<min(over, 16)))
		}
		l.failed[key] = f
	}
	prune(l.failed, func(f failures) time.Time { return f.last }, now.Add(-forgetAfter))
}

// succeed forgets the failures of the account from the address, and remembers the address.
func (l *limiter) succeed(a attempt, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failed, a.pair())
	if l.known == nil {
		l.known = map[string]time.Time{}
	}
	l.known[a.pair()] = now
	prune(l.known, func(t time.Time) time.Time { return t }, now.Add(-knownFor))
}

// prune bounds a map to rememberMax entries: it deletes those older than old and, if that is
// not enough, arbitrary ones.
func prune[K comparable, V any](m map[K]V, at func(V) time.Time, old time.Time) {
	if len(m) <= rememberMax {
		return
	}
	for key, v := range m {
		if at(v).Before(old) {
			delete(m, key)
		}
	}
	for key := range m {
		if len(m) <= rememberMax/2 {
			return
		}
		delete(m, key)
	}
}
