package postgres

import (
	"context"
	"time"
)

// listen signals work and wishes: when the database notifies, and now and then. One
// session listens for all producers.
func (d *Directory) listen(ctx context.Context) {
	for ctx.Err() == nil {
		d.listenOnce(ctx) // its end is no news: it is begun again
		d.rouse("", true)
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
		}
	}
}

// rouse wakes a producer's publisher, or all, to look for wishes, and for work.
func (d *Directory) rouse(id string, work bool) {
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
	d.rouse("", true)
	for {
		bound, cancel := context.WithTimeout(ctx, pollEvery)
		n, err := conn.WaitForNotification(bound)
		idle := bound.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err != nil && !idle:
			return err
		case idle:
			d.rouse("", true)
		case n.Channel == channelTransaction:
			d.recorded()
		default:
			d.rouse(n.Payload, false)
		}
	}
}

// recorded tells all publishers that there is work.
func (d *Directory) recorded() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.open {
		signal(p.work)
	}
}
