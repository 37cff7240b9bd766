package answer

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"urncast/registry"
	"urncast/registry/access"
)

// Bounds of concurrent reading of topics in this process: each reader has a Kafka
// consumer, and a comparison holds what it compares in memory.
const (
	readersMax, readersEach     = 16, 4
	verifiersMax, verifiersEach = 2, 1
	lookersMax, lookersEach     = 8, 4
)

// Readers limit how many clients read topics at a time, in all and for each user.
// Anonymous clients are counted by address.
type Readers struct {
	what   string
	most   int
	each   int
	retry  time.Duration
	mu     sync.Mutex
	all    int
	byUser map[string]int
}

// NewReaders returns the limit for streams of records.
func NewReaders() *Readers {
	return &Readers{what: "streams of topics", most: readersMax, each: readersEach, retry: 5 * time.Second}
}

// NewVerifiers returns the limit for comparisons of topics with the registry.
func NewVerifiers() *Readers {
	return &Readers{what: "comparisons of topics with the registry", most: verifiersMax, each: verifiersEach, retry: 30 * time.Second}
}

// NewLookers returns the limit for pages that read a part of a topic.
func NewLookers() *Readers {
	return &Readers{what: "pages that read topics", most: lookersMax, each: lookersEach, retry: 5 * time.Second}
}

// A BusyError says that there is no room now. Its status is 429 if the user's own requests
// fill the room, else 503.
type BusyError struct {
	Status int
	Retry  time.Duration
	Text   string
}

// Error implements error.
func (e *BusyError) Error() string { return e.Text }

// Busy finds a BusyError in an error's chain; nil if there is none.
func Busy(err error) *BusyError {
	var busy *BusyError
	switch {
	case errors.As(err, &busy):
		return busy
	case errors.Is(err, registry.ErrOverloaded):
		return &BusyError{http.StatusServiceUnavailable, registry.RetryAfter, sentence(registry.ErrOverloaded)}
	}
	return nil
}

// WriteBusy answers that there is no room, and when to come again.
func WriteBusy(w http.ResponseWriter, r *http.Request, busy *BusyError) {
	busy.Tell(w.Header())
	WriteProblem(w, r, &Problem{Status: busy.Status, Detail: busy.Text})
}

// Tell sets the header Retry-After.
func (e *BusyError) Tell(h http.Header) {
	h.Set("Retry-After", strconv.Itoa(int(e.Retry.Seconds())))
}

// Enter takes room for a principal. If there is room, leave must be called at the end,
// else busy says why not.
func (r *Readers) Enter(p access.Principal) (leave func(), busy *BusyError) {
	user := "user " + p.Name
	if !p.Signed() {
		host, _, err := net.SplitHostPort(p.Remote)
		if err != nil {
			host = p.Remote
		}
		user = "address " + host
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.byUser[user] >= r.each:
		return nil, &BusyError{http.StatusTooManyRequests, r.retry, fmt.Sprintf("You have %d %s here, which is as many as one may. Close one, or try again when one has ended.", r.each, r.what)}
	case r.all >= r.most:
		return nil, &BusyError{http.StatusServiceUnavailable, r.retry, fmt.Sprintf("There are %d %s here, which is as many as may be at a time. Try again when one has ended.", r.most, r.what)}
	}
	if r.byUser == nil {
		r.byUser = map[string]int{}
	}
	r.all++
	r.byUser[user]++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.all--
		if r.byUser[user]--; r.byUser[user] == 0 {
			delete(r.byUser, user)
		}
	}, nil
}
