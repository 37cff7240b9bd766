package publisher

import (
	"context"
	"slices"

	"golang.org/x/sync/semaphore"

	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/registry"
)

// pipeline prepares what is pending, ahead of its publication. Of what is owed only the
// tombstones are to come.
func (s *session) pipeline(ctx context.Context, after registry.Number, owed *owed) <-chan *encoding.Work {
	out := make(chan *encoding.Work, 256)
	s.ahead = semaphore.NewWeighted(encoding.BudgetBytes)
	s.goroutines.Go(func() {
		defer close(out)
		for {
			batch, err := s.store.Pending(ctx, after, encoding.BatchBytes)
			if err != nil {
				s.hand(ctx, out, &encoding.Work{Err: producer.Stored(err)})
				return
			}
			for i := range batch {
				if err := s.guard.Follow(&batch[i].Transaction); err != nil {
					s.hand(ctx, out, &encoding.Work{Err: err})
					return
				}
				w := s.routes.Prepare(ctx, &batch[i])
				if owed != nil && batch[i].Number == owed.number {
					w.Parts = slices.DeleteFunc(w.Parts, func(p encoding.Part) bool { return p.Kind == batch[i].Kind })
				}
				if !s.hand(ctx, out, w) || w.Err != nil {
					return
				}
				after = batch[i].Number
			}
			if len(batch) > 0 {
				continue
			}
			select {
			case <-s.store.Work():
			case <-ctx.Done():
				return
			}
		}
	})
	return out
}

func (s *session) hand(ctx context.Context, out chan<- *encoding.Work, w *encoding.Work) bool {
	w.Size = min(w.Size, encoding.BudgetBytes)
	if s.ahead.Acquire(ctx, w.Size) != nil {
		return false
	}
	select {
	case out <- w:
		return true
	case <-ctx.Done():
		return false
	}
}
