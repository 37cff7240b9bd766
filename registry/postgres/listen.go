package postgres

import (
	"context"
	"time"
)

// listen signals work and wishes to the publishers, when the database notifies and every
// pollEvery. One session listens for all producers.
func (d *Directory) listen(ctx context.Context) {
	for ctx.Err() == nil {
		_ = d.listenOnce(ctx) // after an error it is started again
		d.wake("", true)
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
		}
	}
}

// wake signals the publisher of a producer, or of all if id is empty, to look for wishes; with
// work, all publishers to look for transactions too.
func (d *Directory) wake(id string, work bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.open {
		if work {
			signal(p.work)
		}
		if id == "" || id == p.id {
			signal(p.wishes)
		}
	}
	signal(d.changed)
}

// listenOnce listens on one session until that fails.
func (d *Directory) listenOnce(ctx context.Context) error {
	pooled, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	conn := pooled.Hijack()
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+channelTransaction+"; LISTEN "+channelProducer); err != nil {
		return err
	}
	d.wake("", true)
	for {
		bound, cancel := context.WithTimeout(ctx, pollEvery)
		n, err := conn.WaitForNotification(bound)
		idle := bound.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err != nil && !idle:
			return err
		case idle:
			d.wake("", true)
		case n.Channel == channelTransaction:
			d.wakeAllForWork()
		default:
			d.wake(n.Payload, false)
		}
	}
}

// wakeAllForWork signals all publishers to look for transactions.
func (d *Directory) wakeAllForWork() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.open {
		signal(p.work)
	}
}
