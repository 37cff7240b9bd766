package publisher

import (
	"context"

	"urncast/producer"
	"urncast/registry"
)

// narrowedTopics lists the topics on which going on may leave structures that the filter
// takes no more.
func narrowedTopics(row *producer.Row, next producer.Published) (topics []string) {
	for _, r := range next.Routes {
		was := row.Sent.RouteTo(r.Topic)
		if was != nil && row.Sent.Cluster == next.Cluster && was.TopicID == r.TopicID && was.Filter.String() != r.Filter.String() {
			topics = append(topics, r.Topic)
		}
	}
	return topics
}

// beginClear goes on along routes with other filters, with the job that clears their
// topics. The cursor is written first: while a job is open, recovery does not
// move it. A crash before the last write finds the question and its answer, and
// begins again.
func (s *session) beginClear(ctx context.Context, next producer.Published, topics []string, c producer.Cursor) error {
	if err := s.adopt(ctx, s.row.Sent, c, s.row.Taken); err != nil {
		return err
	}
	if _, err := s.hold.BeginJob(ctx, producer.Job{Kind: producer.JobFilter, AsOf: c.Number, Scope: producer.Scope{Topics: topics}}, s.row.Taken); err != nil {
		return producer.Stored(err)
	}
	return s.adoptAndReopen(ctx, next, c)
}

// runClear sends tombstones for what topics hold and their filters take no more.
// It reads to the ends of the topics, so that after a crash it sends none twice.
func (j *jobs) runClear(ctx context.Context, job *producer.Job, tx *registry.Transaction) error {
	selected, err := j.s.routes.Select(ctx, &job.Scope)
	if err != nil {
		return err
	}
	live, err := j.held(ctx, selected.Topics(), j.s.guard.Offsets())()
	if err != nil {
		return err
	}
	if err := j.clear(ctx, job, tx, selected.Refused(live)); err != nil {
		return err
	}
	return j.end(ctx, job)
}
