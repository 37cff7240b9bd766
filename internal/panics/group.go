package panics

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// A Group is a sync.WaitGroup for work that somebody waits for. A panic of the work comes
// out of Wait, in the goroutine of whoever asked for it, which may be a page's and must
// not end the process; out of the work's own goroutine nobody could take it.
type Group struct {
	running sync.WaitGroup
	mu      sync.Mutex
	first   error // the first panic, with where it was
}

// Go runs work in a goroutine of its own.
func (g *Group) Go(work func()) {
	g.running.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				g.mu.Lock()
				defer g.mu.Unlock()
				if g.first == nil {
					g.first = fmt.Errorf("%v, in\n%s", p, debug.Stack())
				}
			}
		}()
		work()
	})
}

// Wait waits for the end of all work, and panics if one of it did.
func (g *Group) Wait() {
	g.running.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first != nil {
		panic(g.first)
	}
}
