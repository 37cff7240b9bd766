package postgres

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"urncast/registry"
)

const (
	// waitingMax bounds the submissions of this process that wait for their turn.
	waitingMax = 256
	// looksMax is how many dry runs may read at a time, of a pool that pages read
	// with too.
	looksMax = 4
)

// A queue lets some in at a time, in the order in which they came. Those who wait hold
// no connection of the pool: it stays with those who read.
type queue struct {
	turns   *semaphore.Weighted
	atOnce  int64
	present atomic.Int64 // who waits, and who is in
}

func newQueue(atOnce int64) *queue {
	return &queue{turns: semaphore.NewWeighted(atOnce), atOnce: atOnce}
}

// enter waits for a turn, which leave ends. Where too many wait already it gives
// registry.ErrOverloaded at once.
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
