package publisher

import (
	"context"
	"log/slog"
	"sync/atomic"

	"urncast/internal/crash"
	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/producer/guard"
	"urncast/registry"
)

// chunkBytes bounds the stored documents in one Kafka transaction of a job; a larger job is
// sent in chunks. An open transaction blocks every read_committed reader of its topics, so that
// this also bounds their wait.
const chunkBytes = 1 << 30

// jobs runs the jobs of a session.
type jobs struct {
	ledger     producer.JobLedger
	store      producer.Store
	topics     guard.Topics     // set by session.live
	routes     *encoding.Routes // set by session.live
	row        *producer.Row
	at         *progress
	outage     *outage
	log        *slog.Logger
	chunkBytes int64       // bounds the documents in one Kafka transaction of a job
	sent       int         // chunks of the job under way that are on the topics
	over       atomic.Bool // the session begins no more jobs
	cancels    bool        // it began with a job that is to be cancelled
}

// run runs the job under way and then the waiting ones that are due, one after the other. No
// waiting job begins while the tombstones of a half-sent transaction are owed.
func (j *jobs) run(ctx context.Context) error {
	if j.row.Job != nil {
		if err := j.reconsider(ctx); err != nil {
			return err
		}
	}
	if job := j.row.Job; job != nil {
		if job.AsOf < j.at.cursor.Number {
			// Transactions have followed the job, so it has ended, and the database has lost
			// the note of that. Its content is older than what the topics have.
			if err := j.end(ctx, job); err != nil {
				return err
			}
		} else if err := j.runOne(ctx, job); err != nil {
			return j.failed(job, err)
		}
	}
	for j.at.owed == nil && j.due() {
		if err := j.at.written(ctx); err != nil {
			return err
		}
		job, err := j.ledger.TakeJob(ctx, j.at.cursor)
		if err != nil {
			return producer.Stored(err)
		}
		if j.row.Job = job; job == nil {
			j.row.Waiting = 0
			break
		}
		j.at.chunks, j.at.cleared, j.row.Cursor = 0, false, j.at.cursor
		if err := j.runOne(ctx, job); err != nil {
			return j.failed(job, err)
		}
	}
	return nil
}

// runOne publishes what is left of a job, and closes it. The cursor does not move until then,
// because recovery counts the committed chunks from there.
func (j *jobs) runOne(ctx context.Context, job *producer.Job) error {
	crash.At(crash.BaselineBegun)
	j.at.sender.busy.Store(true)
	defer j.at.sender.busy.Store(false)
	j.sent = 0
	if job.AsOf == 0 { // an empty registry
		return j.end(ctx, job)
	}
	tx, err := j.store.Transaction(ctx, job.AsOf)
	if err != nil {
		return producer.Stored(err)
	}
	if job.Kind == producer.JobFilter {
		return j.runClear(ctx, job, &tx)
	}
	j.sent = j.at.chunks
	selected, err := j.routes.Select(ctx, &job.Scope)
	if err != nil {
		return err
	}
	entries, total, err := j.plan(ctx, &tx, selected)
	if err != nil {
		return err
	}
	if err := j.at.sender.fit(min(total, j.chunkBytes)); err != nil {
		return err
	}
	scan, stop := context.WithCancel(ctx)
	liveKeys := j.liveKeys(scan, selected.Topics(), j.at.cursor.Offsets)
	defer liveKeys() // the connection is not closed under it
	defer stop()
	if err := j.publishChunks(ctx, job, &tx, entries, j.at.chunks); err != nil {
		return err
	}
	crash.At(crash.BaselineSent)
	live, err := liveKeys()
	if err != nil {
		return err
	}
	if j.outage.waited.Load() {
		j.outage.recovered(ctx, &j.at.position)
	}
	if !j.at.cleared {
		if err := j.clear(ctx, job, &tx, selected.Stale(live, entries)); err != nil {
			return err
		}
	}
	crash.At(crash.BaselineCleared)
	return j.end(ctx, job)
}

// plan lists the entries that a job sends, and returns the bytes of their stored documents over
// all routes. It records what a format cannot express before anything is sent.
func (j *jobs) plan(ctx context.Context, tx *registry.Transaction, selected *encoding.Selection) ([]encoding.Planned, int64, error) {
	entries, left, total, err := j.routes.Plan(ctx, tx, selected)
	if err != nil {
		return nil, 0, err
	}
	if len(left) > 0 {
		err = j.at.outcomes.Leave(ctx, tx.Number, left)
	}
	return entries, total, producer.Stored(err)
}

// end closes a job that has sent everything.
func (j *jobs) end(ctx context.Context, job *producer.Job) error {
	c := j.at.cursor.After(max(job.AsOf, j.at.cursor.Number), j.at.sender.guard.Offsets())
	if err := j.ledger.EndJob(ctx, job.ID, c); err != nil {
		return producer.Stored(err)
	}
	j.at.cursor, j.row.Job, j.at.made = c, nil, true
	return nil
}

// publishChunks sends a job's chunks except the first done, which are on the topics already.
func (j *jobs) publishChunks(ctx context.Context, job *producer.Job, tx *registry.Transaction, entries []encoding.Planned, done int) error {
	chunks := j.routes.Chunks(job, tx, entries, j.chunkBytes)
	sent := int64(0)
	for i := range chunks.Len() {
		if i < done {
			chunks.Pass(i)
		} else {
			p := chunks.Part(i)
			if err := j.sendPart(ctx, tx, &p); err != nil {
				return err
			}
			j.sent, j.at.made = i+1, true
		}
		structures, bytes := chunks.Size(i)
		sent += int64(structures)
		if err := j.ledger.Progress(ctx, job.ID, producer.PhasePublish, int64(len(entries)), sent, bytes); err != nil {
			return producer.Stored(err)
		}
	}
	return nil
}

// sendPart sends and commits one Kafka transaction of a job, on the lane of the job's as-of
// number.
func (j *jobs) sendPart(ctx context.Context, tx *registry.Transaction, p *encoding.Part) error {
	lane := j.at.sender.lane(tx.Number)
	if _, err := j.at.sender.produce(ctx, lane, p); err != nil {
		return err
	}
	if err := j.at.sender.commitHeld(lane); err != nil {
		return err
	}
	j.outage.proven(ctx)
	return nil
}
