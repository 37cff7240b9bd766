package publisher

import (
	"context"
	"slices"

	"golang.org/x/sync/semaphore"

	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/producer/guard"
	"urncast/registry"
)

// A pipeline prepares pending transactions ahead of their publication.
type pipeline struct {
	store  producer.Store
	routes *encoding.Routes
	guard  *guard.Guard
	budget *semaphore.Weighted // bytes that are encoded and not yet sent
	works  chan *encoding.Work // closed at the end
}

func newPipeline(store producer.Store, routes *encoding.Routes, g *guard.Guard) *pipeline {
	return &pipeline{store, routes, g, semaphore.NewWeighted(encoding.BudgetBytes), make(chan *encoding.Work, 256)}
}

// run prepares the transactions that follow after, until ctx ends. Of the owed transaction it
// prepares only the tombstones.
func (p *pipeline) run(ctx context.Context, after registry.Number, owed *owed) {
	defer close(p.works)
	for {
		batch, err := p.store.Pending(ctx, after, encoding.BatchBytes)
		if err != nil {
			p.hand(ctx, &encoding.Work{Err: producer.Stored(err)})
			return
		}
		for i := range batch {
			if err := p.guard.Follow(&batch[i].Transaction); err != nil {
				p.hand(ctx, &encoding.Work{Err: err})
				return
			}
			w := p.routes.Prepare(ctx, &batch[i])
			if owed != nil && batch[i].Number == owed.number {
				w.Parts = slices.DeleteFunc(w.Parts, func(part encoding.Part) bool { return part.Kind == batch[i].Kind })
			}
			if !p.hand(ctx, w) || w.Err != nil {
				return
			}
			after = batch[i].Number
		}
		if len(batch) > 0 {
			continue
		}
		select {
		case <-p.store.Work():
		case <-ctx.Done():
			return
		}
	}
}

// hand waits for room in the budget and passes a work to the session; it returns false once ctx
// has ended.
func (p *pipeline) hand(ctx context.Context, w *encoding.Work) bool {
	w.Size = min(w.Size, encoding.BudgetBytes)
	if p.budget.Acquire(ctx, w.Size) != nil {
		return false
	}
	select {
	case p.works <- w:
		return true
	case <-ctx.Done():
		return false
	}
}
