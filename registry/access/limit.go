package access

import (
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

	waitFirst = 5 * time.Second
	waitMax   = 15 * time.Minute
	// forgetAfter is when failures are forgotten, knownFor how long an address is
	// known from which somebody signed in.
	forgetAfter = 30 * time.Minute
	knownFor    = 30 * 24 * time.Hour
	// rememberMax bounds the memory: what is oldest goes.
	rememberMax = 20_000
)

// A limiter slows down who guesses passwords. Whoever signed in from an address is
// held up by failures with his own name from that address alone, so that nobody can
// lock an administrator out by failing in his name from elsewhere. It is of one
// process: so many instances, so many times the attempts.
type limiter struct {
	mu     sync.Mutex
	failed map[string]failures
	known  map[string]time.Time // pairs, and when they last signed in
}

type failures struct {
	n           int
	last, until time.Time
}

// attempt is one try to show who somebody is.
type attempt struct{ name, address string }

func (a attempt) pair() string { return "pair " + a.name + " " + a.address }

// keys are what failures of an attempt are counted by, and how many are free.
func (a attempt) keys() map[string]int {
	return map[string]int{a.pair(): freePair, "name " + a.name: freeName, "address " + a.address: freeAddress}
}

// wait says how long the attempt has to wait; 0 if it may be made now.
func (l *limiter) wait(a attempt, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := a.keys()
	if at, ok := l.known[a.pair()]; ok && now.Sub(at) < knownFor {
		keys = map[string]int{a.pair(): freePair}
	}
	longest := time.Duration(0)
	for key := range keys {
		longest = max(longest, l.failed[key].until.Sub(now))
	}
	return longest
}

// fail counts an attempt that failed.
func (l *limiter) fail(a attempt, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = map[string]failures{}
	}
	for key, free := range a.keys() {
		f := l.failed[key]
		if now.Sub(f.last) > forgetAfter {
			f = failures{}
		}
		f.n++
		f.last = now
		if over := f.n - free; over >= 0 {
			f.until = now.Add(min(waitMax, waitFirst<<min(over, 16)))
		}
		l.failed[key] = f
	}
	prune(l.failed, func(f failures) time.Time { return f.last }, now.Add(-forgetAfter))
}

// succeed forgets failures of the account from the address.
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

// prune keeps a map small: what is old goes first, and if that is not enough
// anything.
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
