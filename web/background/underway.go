package background

import (
	"context"
	"sync"
)

// UnderWay counts tasks. Unlike with a sync.WaitGroup, tasks may begin while another
// goroutine waits.
type UnderWay struct {
	mu          sync.Mutex
	all, writes int
	none        chan struct{} // closed when there is none any more; made for the first
}

// Begin counts one more task until end is called; writes says that it changes the
// registry.
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

// Wait waits until no task is left, or ctx ends; then it returns how many that write are
// left.
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
