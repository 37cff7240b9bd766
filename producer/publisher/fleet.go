package publisher

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"urncast/producer"
)

// A Fleet runs a Publisher for each producer. They are independent: one that fails or waits
// does not hold up another.
type Fleet struct {
	Stock   producer.Stock
	Cluster producer.Cluster
	Metrics *Metrics
	Log     *slog.Logger
	// ProcessStart is as in Publisher.
	ProcessStart time.Time
}

// Run publishes until ctx ends.
func (f *Fleet) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	stops := map[string]context.CancelFunc{}
	for ctx.Err() == nil {
		all, err := f.Stock.Producers(ctx)
		if err == nil {
			f.keep(ctx, all, stops, &running)
		} else if ctx.Err() == nil {
			f.Log.Warn("the producers could not be listed; those that run go on", "error", err)
			sleep[struct{}](ctx, nil, time.Second)
		}
		select {
		case <-f.Stock.Changed():
		case <-ctx.Done():
		}
	}
}

// keep starts the publishers of new producers, and stops those of deleted ones.
func (f *Fleet) keep(ctx context.Context, all []producer.Named, stops map[string]context.CancelFunc, running *sync.WaitGroup) {
	there := map[string]bool{}
	for _, n := range all {
		there[n.ID] = true
		if stops[n.ID] != nil {
			continue
		}
		one, stop := context.WithCancel(ctx)
		stops[n.ID] = stop
		p := &Publisher{Store: f.Stock.Open(one, n.ID), Cluster: f.Cluster, Metrics: f.Metrics.of(n.Name),
			Log: f.Log.With("producer", n.Name), ProcessStart: f.ProcessStart}
		running.Go(func() { p.Run(one) })
	}
	for id, stop := range stops {
		if !there[id] {
			stop()
			delete(stops, id)
		}
	}
}
