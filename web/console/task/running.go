package task

import (
	"context"
	"io"
	"sync"

	"urncast/registry"
)

// A Running is work under way on this instance, which it tells how far it is.
type Running struct {
	ended chan struct{}

	mu  sync.Mutex
	far Far
}

// Update changes how far it is.
func (t *Running) Update(change func(*Far)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.far)
}

// Now is how far it is.
func (t *Running) Now() Far {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.far
}

// File says which file is read.
func (t *Running) File(i int) { t.Update(func(f *Far) { f.File = i }) }

// Structure counts one that was read.
func (t *Running) Structure() { t.Update(func(f *Far) { f.Read++ }) }

// Read says that everything is read.
func (t *Running) Read() { t.Update(func(f *Far) { f.Phase, f.Waits = Comparing, true }) }

// Told takes up what the registry tells of a submission.
func (t *Running) Told(stage registry.Stage, n int) {
	t.Update(func(f *Far) {
		switch stage {
		case registry.StageFound:
			f.Read = n
		case registry.StageCompared:
			f.Phase, f.Compared, f.Waits = Comparing, n, false
		case registry.StageChecked:
			f.Phase, f.Checked = Ruling, n
		case registry.StageWritten:
			f.Phase, f.Written = Writing, n
		}
	})
}

// Counted counts the bytes that are read of a file.
func (t *Running) Counted(in io.Reader) io.Reader { return &counted{in, t} }

type counted struct {
	in io.Reader
	t  *Running
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.t.Update(func(f *Far) { f.Bytes += int64(n) })
	return n, err
}

// underWay counts work. Unlike a sync.WaitGroup, it may be waited for while others begin.
type underWay struct {
	mu          sync.Mutex
	all, writes int
	none        chan struct{} // closed when there is none any more; made for the first
}

// begin counts one more, until end is called.
func (u *underWay) begin(writes bool) (end func()) {
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

// wait waits until there is none, or ctx ends; then it says how many write.
func (u *underWay) wait(ctx context.Context) (writes int) {
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
