package encoding

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// inOrder runs work on every input that feed hands over, on all processors, and
// hands the results to drain in the order of the inputs. cost bounds what is
// under way: inputs wait while their sum is above budget.
func inOrder[In, Out any](ctx context.Context, budget int64, cost func(In) int64,
	feed func(ctx context.Context, yield func(In) error) error, work func(In) (Out, error), drain func(Out) error) error {
	type slot struct {
		in  In
		out chan Out
	}
	g, ctx := errgroup.WithContext(ctx)
	room := semaphore.NewWeighted(budget)
	hands := runtime.GOMAXPROCS(0)
	todo, slots := make(chan slot, hands), make(chan slot, 1024)
	price := func(in In) int64 { return min(max(cost(in), 1), budget) }
	hand := func(to chan<- slot, s slot) error {
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
			if err := hand(slots, s); err != nil {
				return err
			}
			return hand(todo, s)
		})
	})
	for range hands {
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
