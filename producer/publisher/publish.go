package publisher

import (
	"context"

	"urncast/producer/encoding"
)

// publish sends pending transactions until the session is to stop. The records of transaction
// n+1 are sent on the other lane while n commits; n+1 is committed after n.
func (s *session) publish(ctx context.Context) error {
	watch, busy := s.at.sender.guard, &s.at.sender.busy
	p := s.publication(s.routes)
	defer p.wait()
	ahead, after, owed := newPipeline(p.store, s.routes, watch), s.at.cursor.Number, s.at.owed
	s.goroutines.Go(func() { ahead.run(ctx, after, owed) })
	for {
		if s.at.cursor.Number > s.outage.recoveredAt {
			s.outage.proven(ctx)
		}
		if s.at.owed == nil {
			if s.jobs.due() {
				return p.settle(nil) // the next session begins the job
			}
			s.jobs.over.Store(true)
		}
		busy.Store(p.flight != nil)
		select {
		case err := <-p.landing():
			if err := p.land(err); err != nil {
				return err
			}
		case w, ok := <-ahead.works:
			if !ok {
				return p.settle(context.Cause(ctx))
			}
			if err := p.send(ctx, w); err != nil {
				return p.settle(err)
			}
			ahead.budget.Release(w.Size)
		case <-watch.Idle:
			p.advanceIdle()
		case <-s.soft:
			return p.settle(nil)
		case <-s.broker.Changed(): // the next session uses the changed connection
			return p.settle(nil)
		case <-ctx.Done():
			return p.settle(context.Cause(ctx))
		}
	}
}

// publication returns what publishes transactions along routes.
func (s *session) publication(routes *encoding.Routes) *publication {
	return &publication{at: &s.at, store: s.publisher.Store, routes: routes, metrics: s.publisher.Metrics}
}
