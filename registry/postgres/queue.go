package postgres

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"urncast/registry"
)

const (
	// waitingMax bounds the updates of this process that wait for their turn.
	waitingMax = 256
	// dryRunsMax is how many dry runs may use a connection at a time, of the pool that the
	// console's pages use too.
	dryRunsMax = 4
)

// A queue admits a number of callers at a time, in the order of their calls. Callers wait in
// it before they take a connection, so that the pool is left to readers.
type queue struct {
	turns   *semaphore.Weighted
	atOnce  int64
	present atomic.Int64 // number of callers that wait or are admitted
}

func newQueue(atOnce int64) *queue {
	return &queue{turns: semaphore.NewWeighted(atOnce), atOnce: atOnce}
}

// enter waits to be admitted; leave makes room for the next. The error is
// registry.ErrOverloaded, at once, if too many callers wait already.
func (q *queue) enter(ctx context.Context) (leave func(), err error) {
	if q.present.Add(1) > q.atOnce+waitingMax {
		q.present.Add(-1)
		return nil, registry.ErrOverloaded
	}
	if err := q.turns.Acquire(ctx, 1); err != nil {
		q.present.Add(-1)
		return nil, err
	}
	return func() {
		q.turns.Release(1)
		q.present.Add(-1)
	}, nil
}
