package publisher

import (
	"context"

	"urncast/internal/crash"
	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/registry"
)

// chunkBytes bounds the stored documents in one Kafka transaction of a job; a larger job is
// sent in chunks. An open transaction blocks every read_committed reader of its topics, so that
// this also bounds their wait.
const chunkBytes = 1 << 30

// run runs the job under way and then the waiting ones that are due, one after the other. No
// waiting job begins while the tombstones of a half-sent transaction are owed.
func (j *jobs) run(ctx context.Context) error {
	if j.s.row.Job != nil {
		if err := j.reconsider(ctx); err != nil {
			return err
		}
	}
	if job := j.s.row.Job; job != nil {
		if job.AsOf < j.s.at.cursor.Number {
			// Transactions have followed the job, so it has ended, and the database has lost
			// the note of that. Its content is older than what the topics have.
			if err := j.end(ctx, job); err != nil {
				return err
			}
		} else if err := j.runOne(ctx, job); err != nil {
			return j.failed(job, err)
		}
	}
	for j.s.at.owed == nil && j.due() {
		if err := j.s.cursors.written(ctx); err != nil {
			return err
		}
		job, err := j.ledger.TakeJob(ctx, j.s.at.cursor)
		if err != nil {
			return producer.Stored(err)
		}
		if j.s.row.Job = job; job == nil {
			j.s.row.Waiting = 0
			break
		}
		j.s.at.chunks, j.s.at.cleared, j.s.row.Cursor = 0, false, j.s.at.cursor
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
	j.s.sending.Store(true)
	defer j.s.sending.Store(false)
	j.sent = 0
	if job.AsOf == 0 { // an empty registry
		return j.end(ctx, job)
	}
	tx, err := j.s.store.Transaction(ctx, job.AsOf)
	if err != nil {
		return producer.Stored(err)
	}
	if job.Kind == producer.JobFilter {
		return j.runClear(ctx, job, &tx)
	}
	j.sent = j.s.at.chunks
	selected, err := j.s.routes.Select(ctx, &job.Scope)
	if err != nil {
		return err
	}
	entries, total, err := j.plan(ctx, &tx, selected)
	if err != nil {
		return err
	}
	if err := j.s.fitTimeout(min(total, j.chunkBytes)); err != nil {
		return err
	}
	scan, stop := context.WithCancel(ctx)
	defer stop()
	liveKeys := j.liveKeys(scan, selected.Topics(), j.s.at.cursor.Offsets)
	if err := j.publishChunks(ctx, job, &tx, entries, j.s.at.chunks); err != nil {
		return j.s.refuse(ctx, 0, err)
	}
	crash.At(crash.BaselineSent)
	live, err := liveKeys()
	if err != nil {
		return err
	}
	if j.s.outage.waited.Load() {
		j.s.recovered(ctx)
	}
	if !j.s.at.cleared {
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
	entries, left, total, err := j.s.routes.Plan(ctx, tx, selected)
	if err != nil {
		return nil, 0, err
	}
	if len(left) > 0 {
		err = j.s.hold.Leave(ctx, tx.Number, left)
	}
	return entries, total, producer.Stored(err)
}

// fitTimeout returns errReopen if a transaction of that many stored bytes may last longer than
// the lanes' timeout; the next session has a longer one.
func (s *session) fitTimeout(bytes int64) error {
	if t := transactionTimeout(bytes); t > s.timeout {
		s.longer = t
		return errReopen
	}
	return nil
}

func (j *jobs) end(ctx context.Context, job *producer.Job) error {
	c := j.s.at.cursor.After(max(job.AsOf, j.s.at.cursor.Number), j.s.guard.Offsets())
	if err := j.ledger.EndJob(ctx, job.ID, c); err != nil {
		return producer.Stored(err)
	}
	j.s.at.cursor, j.s.row.Job, j.s.progress = c, nil, true
	return nil
}

// publishChunks sends a job's chunks except the first done, which are on the topics already.
func (j *jobs) publishChunks(ctx context.Context, job *producer.Job, tx *registry.Transaction, entries []encoding.Planned, done int) error {
	chunks := j.s.routes.Chunks(job, tx, entries, j.chunkBytes)
	sent := int64(0)
	for i := range chunks.Len() {
		if i < done {
			chunks.Pass(i)
		} else {
			p := chunks.Part(i)
			if err := j.sendPart(ctx, tx, &p); err != nil {
				return err
			}
			j.sent, j.s.progress = i+1, true
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
	lane := j.s.sender.lane(tx.Number)
	if _, err := j.s.sender.produce(ctx, lane, p); err != nil {
		return err
	}
	if err := j.s.sender.commitHeld(lane); err != nil {
		return err
	}
	j.s.outage.proven(ctx)
	return nil
}
