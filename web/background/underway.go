package background

import (
	"context"
	"sync"
)

// UnderWay counts tasks. Unlike a sync.WaitGroup, it may be waited for while others begin.
type UnderWay struct {
	mu          sync.Mutex
	all, writes int
	none        chan struct{} // closed when there is none any more; made for the first
}

// Begin counts one more, until end is called.
func (u *UnderWay) Begin(writes bool) (end func()) {
	n := 0
	if writes {
		n = 1
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all == 0 {
		u.none = make(chan struct{})
	}
	u.all, u.writes = u.all+1, u.writes+n
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.all, u.writes = u.all-1, u.writes-n; u.all == 0 {
			close(u.none)
		}
	}
}

// Wait waits until there is none, or ctx ends; then it says how many write.
func (u *UnderWay) Wait(ctx context.Context) (writes int) {
	for {
		u.mu.Lock()
		all, none := u.all, u.none
		writes = u.writes
		u.mu.Unlock()
		if all == 0 {
			return 0
		}
		select {
		case <-none:
		case <-ctx.Done():
			return writes
		}
	}
}
