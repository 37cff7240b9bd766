package producer

import (
	"context"
	"maps"

	"urncast/registry"
)

// narrowed lists the topics on which going on may leave structures that the filter
// takes no more.
func (s *session) narrowed(next Published) (topics []string) {
	for _, r := range next.Routes {
		was := s.row.Sent.of(r.Topic)
		if was != nil && s.row.Sent.Cluster == next.Cluster && was.TopicID == r.TopicID && was.Filter.String() != r.Filter.String() {
			topics = append(topics, r.Topic)
		}
	}
	return topics
}

// beginClear goes on along routes with other filters, with the job that clears their
// topics. The cursor is written first: while a job is open, recovery does not
// move it. A crash before the last write finds the question and its answer, and
// begins again.
func (s *session) beginClear(ctx context.Context, next Published, topics []string, c Cursor) error {
	if err := s.adopt(ctx, s.row.Sent, c, s.row.Taken); err != nil {
		return err
	}
	if _, err := s.hold.BeginJob(ctx, Job{Kind: JobFilter, AsOf: c.Number, Scope: Scope{Topics: topics}}, s.row.Taken); err != nil {
		return stored(err)
	}
	return s.anew(ctx, next, c)
}

// runClear sends tombstones for what topics hold and their filters take no more.
// It reads to the ends of the topics, so that after a crash it sends none twice.
func (s *session) runClear(ctx context.Context, job *Job, tx *registry.Transaction) error {
	within, err := s.within(ctx, &job.Scope)
	if err != nil {
		return err
	}
	stale, err := s.held(ctx, within.outputs, s.guard.offsets())()
	if err != nil {
		return err
	}
	for _, output := range within.outputs {
		maps.DeleteFunc(stale[output.Topic], func(key string, _ bool) bool { return output.Filter.takes(key) })
	}
	if err := s.clear(ctx, job, tx, stale); err != nil {
		return err
	}
	return s.endJob(ctx, job)
}
