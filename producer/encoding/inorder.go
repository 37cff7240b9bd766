package encoding

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// inOrder calls work for every input that feed yields, on all processors, and calls drain with
// the results in the order of the inputs. An input waits until the costs of those under way
// leave room for it in budget.
func inOrder[In, Out any](ctx context.Context, budget int64, cost func(In) int64,
	feed func(ctx context.Context, yield func(In) error) error, work func(In) (Out, error), drain func(Out) error) error {
	type slot struct {
		in  In
		out chan Out
	}
	g, ctx := errgroup.WithContext(ctx)
	room := semaphore.NewWeighted(budget)
	workers := runtime.GOMAXPROCS(0)
	todo, slots := make(chan slot, workers), make(chan slot, 1024)
	price := func(in In) int64 { return min(max(cost(in), 1), budget) }
	put := func(to chan<- slot, s slot) error {
		select {
		case to <- s:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	g.Go(func() error {
		defer close(slots)
		defer close(todo)
		return feed(ctx, func(in In) error {
			if err := room.Acquire(ctx, price(in)); err != nil {
				return err
			}
			s := slot{in, make(chan Out, 1)}
			if err := put(slots, s); err != nil {
				return err
			}
			return put(todo, s)
		})
	})
	for range workers {
		g.Go(func() error {
			for s := range todo {
				out, err := work(s.in)
				if err != nil {
					return err
				}
				s.out <- out
			}
			return nil
		})
	}
	g.Go(func() error {
		for s := range slots {
			select {
			case out := <-s.out:
				if err := drain(out); err != nil {
					return err
				}
				room.Release(price(s.in))
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return g.Wait()
}
