package publisher

import (
	"context"

	"urncast/producer"
	"urncast/registry"
)

// narrowedTopics lists the topics whose filter was changed, so that they may have structures
// that the new filter does not pass.
func narrowedTopics(row *producer.Row, next producer.Published) (topics []string) {
	for _, r := range next.Routes {
		was := row.Sent.RouteTo(r.Topic)
		if was != nil && row.Sent.Cluster == next.Cluster && was.TopicID == r.TopicID && was.Filter.String() != r.Filter.String() {
			topics = append(topics, r.Topic)
		}
	}
	return topics
}

// beginClear takes up routes with changed filters, and begins the job that clears their topics.
// It writes the cursor first, because recovery does not move that while a job is open. After a
// crash before the last write, the question and its answer are still there, and beginClear runs
// again.
func (s *session) beginClear(ctx context.Context, next producer.Published, topics []string, c producer.Cursor) error {
	if err := s.adopt(ctx, s.row.Sent, c, s.row.Taken); err != nil {
		return err
	}
	if _, err := s.hold.BeginJob(ctx, producer.Job{Kind: producer.JobFilter, AsOf: c.Number, Scope: producer.Scope{Topics: topics}}, s.row.Taken); err != nil {
		return producer.Stored(err)
	}
	return s.adoptAndReopen(ctx, next, c)
}

// runClear sends tombstones for live keys that no longer pass the filters of their routes. It
// reads to the ends of the topics, so that after a crash it sends no tombstone twice.
func (j *jobs) runClear(ctx context.Context, job *producer.Job, tx *registry.Transaction) error {
	selected, err := j.s.routes.Select(ctx, &job.Scope)
	if err != nil {
		return err
	}
	live, err := j.liveKeys(ctx, selected.Topics(), j.s.guard.Offsets())()
	if err != nil {
		return err
	}
	if err := j.clear(ctx, job, tx, selected.Refused(live)); err != nil {
		return err
	}
	return j.end(ctx, job)
}
