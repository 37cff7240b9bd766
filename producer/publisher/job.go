package publisher

import (
	"context"

	"urncast/internal/crash"
	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/registry"
)

// chunkBytes bounds the stored documents in one Kafka transaction of a job; a
// larger one is sent in chunks. An open transaction holds back every
// read_committed reader of its topics, so this is a bound of their wait.
const chunkBytes = 1 << 30

// run runs the job under way and then those that wait, one after the other.
// Waiting jobs begin after the tombstones of a half-sent transaction, too.
func (j *jobs) run(ctx context.Context) error {
	if j.s.row.Job != nil {
		if err := j.reconsider(ctx); err != nil {
			return err
		}
	}
	if job := j.s.row.Job; job != nil {
		if job.AsOf < j.s.at.cursor.Number {
			// Transactions followed it, so it has ended: the database lost the note of that, and
			// what it would send is older than what is there.
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

// runOne publishes a job from where it stands, and closes it. The cursor stays where
// it was until then: recovery counts the committed chunks from there.
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
	held := j.held(scan, selected.Topics(), j.s.at.cursor.Offsets)
	if err := j.publishChunks(ctx, job, &tx, entries, j.s.at.chunks); err != nil {
		return j.s.refuse(ctx, 0, err)
	}
	crash.At(crash.BaselineSent)
	live, err := held()
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

// plan lists what a job sends, and how many bytes of stored documents that is over
// all routes. What a format cannot express is recorded before anything is sent.
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

// fitTimeout ends the session if a transaction of so many stored bytes may outlast the lanes'
// timeout. The next session has a longer one.
func (s *session) fitTimeout(bytes int64) error {
	if t := transactionTimeout(bytes); t > s.timeout {
		s.wider = t
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

// publishChunks sends the chunks that are not on the topics yet.
func (j *jobs) publishChunks(ctx context.Context, job *producer.Job, tx *registry.Transaction, entries []encoding.Planned, done int) error {
	chunks := j.s.routes.Chunks(job, tx, entries, j.chunkBytes)
	sent := int64(0)
	for i := range chunks.Len() {
		if i < done {
			chunks.Pass(i)
		} else {
			p := chunks.Part(i)
			if err := j.whole(ctx, tx, &p); err != nil {
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

// whole publishes one Kafka transaction of a job on the lane of its number.
func (j *jobs) whole(ctx context.Context, tx *registry.Transaction, p *encoding.Part) error {
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
