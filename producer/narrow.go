package producer

import (
	"context"
	"maps"

	"urncast/registry"
)

// narrowed says whether going on along a route may leave structures on the topic
// that its filter takes no more.
func (s *session) narrowed(route Route) bool {
	sent := s.row.Sent
	return sent.TopicID == route.TopicID && sent.Cluster == route.Cluster && sent.Filter != route.Filter
}

// beginClear goes on along a route with another filter, with the job that clears
// the topic. The cursor is written first: while a job is open, recovery does not
// move it. A crash before the last write finds the question and its answer, and
// begins again.
func (s *session) beginClear(ctx context.Context, route Route, c Cursor) error {
	if err := s.adopt(ctx, s.row.Sent, c, s.row.Taken); err != nil {
		return err
	}
	job, err := s.hold.BeginJob(ctx, jobFilter, c.Number, s.row.Taken)
	if err != nil {
		return stored(err)
	}
	s.row.Job = &job
	return s.adopt(ctx, route, c, s.row.Wish.Sequence)
}

// runClear sends tombstones for what the topic holds and the filter takes no more.
// It reads to the end of the topic, so that after a crash it sends none twice.
func (s *session) runClear(ctx context.Context, job *Job, tx *registry.Transaction) error {
	_, high, err := s.broker.Ends(ctx, s.row.Sent.Topic)
	if err != nil {
		return err
	}
	stale, err := s.held(ctx, high)()
	if err != nil {
		return err
	}
	filter := s.row.Config.Filter
	maps.DeleteFunc(stale, func(key string, _ bool) bool { return filter.takes(key) })
	if err := s.clear(ctx, job, tx, stale); err != nil {
		return err
	}
	return s.endJob(ctx, job)
}
