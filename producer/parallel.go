package producer

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
		out  chan Out
		cost int64
	}
	g, ctx := errgroup.WithContext(ctx)
	room := semaphore.NewWeighted(budget)
	slots := make(chan slot, 1024)
	hands := semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))
	g.Go(func() error {
		defer close(slots)
		return feed(ctx, func(in In) error {
			c := min(max(cost(in), 1), budget)
			if err := room.Acquire(ctx, c); err != nil {
				return err
			}
			if err := hands.Acquire(ctx, 1); err != nil {
				return err
			}
			s := slot{make(chan Out, 1), c}
			g.Go(func() error {
				defer hands.Release(1)
				out, err := work(in)
				if err == nil {
					s.out <- out
				}
				return err
			})
			select {
			case slots <- s:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	g.Go(func() error {
		for s := range slots {
			select {
			case out := <-s.out:
				if err := drain(out); err != nil {
					return err
				}
				room.Release(s.cost)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return g.Wait()
}
