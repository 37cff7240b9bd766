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

// clear takes up routes with changed filters, and begins the job that clears their topics.
// It writes the cursor first, because recovery does not move that while a job is open. After a
// crash before the last write, the question and its answer are still there, and clear runs
// again.
func (b *beginning) clear(ctx context.Context, next producer.Published, topics []string, c producer.Cursor) error {
	if err := b.ledger.adopt(ctx, b.row.Sent, c, b.row.Taken); err != nil {
		return err
	}
	if _, err := b.jobs.BeginJob(ctx, producer.Job{Kind: producer.JobFilter, AsOf: c.Number, Scope: producer.Scope{Topics: topics}}, b.row.Taken); err != nil {
		return producer.Stored(err)
	}
	return b.ledger.adoptAndReopen(ctx, next, c)
}

// runClear sends tombstones for live keys that no longer pass the filters of their routes. It
// reads to the ends of the topics, so that after a crash it sends no tombstone twice.
func (j *jobs) runClear(ctx context.Context, job *producer.Job, tx *registry.Transaction) error {
	selected, err := j.routes.Select(ctx, &job.Scope)
	if err != nil {
		return err
	}
	live, err := j.liveKeys(ctx, selected.Topics(), j.at.sender.guard.Offsets())()
	if err != nil {
		return err
	}
	if err := j.clear(ctx, job, tx, selected.Refused(live)); err != nil {
		return err
	}
	return j.end(ctx, job)
}
