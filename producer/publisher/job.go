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

// runJobs runs the job under way and then those that wait, one after the other.
// Those that wait do so for the tombstones of a half-sent transaction, too.
func (s *session) runJobs(ctx context.Context) error {
	if s.row.Job != nil {
		if err := s.reconsider(ctx); err != nil {
			return err
		}
	}
	if job := s.row.Job; job != nil {
		if job.AsOf < s.at.cursor.Number {
			// Transactions followed it, so it has ended: the database lost the note of that, and
			// what it would send is older than what is there.
			if err := s.endJob(ctx, job); err != nil {
				return err
			}
		} else if err := s.runJob(ctx, job); err != nil {
			return s.jobFailed(job, err)
		}
	}
	for s.at.owed == nil && s.jobDue() {
		if err := s.written(ctx); err != nil {
			return err
		}
		job, err := s.hold.TakeJob(ctx, s.at.cursor)
		if err != nil {
			return producer.Stored(err)
		}
		if s.row.Job = job; job == nil {
			s.row.Waiting = 0
			break
		}
		s.at.chunks, s.at.cleared, s.row.Cursor = 0, false, s.at.cursor
		if err := s.runJob(ctx, job); err != nil {
			return s.jobFailed(job, err)
		}
	}
	return nil
}

// runJob publishes a job from where it stands, and closes it. The cursor stays where
// it was until then: recovery counts the committed chunks from there.
func (s *session) runJob(ctx context.Context, job *producer.Job) error {
	crash.At(crash.BaselineBegun)
	s.sending.Store(true)
	defer s.sending.Store(false)
	s.jobs.sent = 0
	if job.AsOf == 0 { // an empty registry
		return s.endJob(ctx, job)
	}
	tx, err := s.store.Transaction(ctx, job.AsOf)
	if err != nil {
		return producer.Stored(err)
	}
	if job.Kind == producer.JobFilter {
		return s.runClear(ctx, job, &tx)
	}
	s.jobs.sent = s.at.chunks
	selected, err := s.routes.Select(ctx, &job.Scope)
	if err != nil {
		return err
	}
	entries, total, err := s.plan(ctx, &tx, selected)
	if err != nil {
		return err
	}
	if err := s.lasts(min(total, s.jobs.chunkBytes)); err != nil {
		return err
	}
	scan, stop := context.WithCancel(ctx)
	defer stop()
	held := s.held(scan, selected.Topics(), s.at.cursor.Offsets)
	if err := s.publishChunks(ctx, job, &tx, entries, s.at.chunks); err != nil {
		return s.refuse(ctx, 0, err)
	}
	crash.At(crash.BaselineSent)
	live, err := held()
	if err != nil {
		return err
	}
	if s.outage.waited.Load() {
		s.recovered(ctx)
	}
	if !s.at.cleared {
		if err := s.clear(ctx, job, &tx, selected.Stale(live, entries)); err != nil {
			return err
		}
	}
	crash.At(crash.BaselineCleared)
	return s.endJob(ctx, job)
}

// plan lists what a job sends, and how many bytes of stored documents that is over
// all routes. What a format cannot express is recorded before anything is sent.
func (s *session) plan(ctx context.Context, tx *registry.Transaction, selected *encoding.Selection) ([]encoding.Planned, int64, error) {
	entries, left, total, err := s.routes.Plan(ctx, tx, selected)
	if err != nil {
		return nil, 0, err
	}
	if len(left) > 0 {
		err = s.hold.Leave(ctx, tx.Number, left)
	}
	return entries, total, producer.Stored(err)
}

// lasts ends the session if a transaction of so many stored bytes may outlast the lanes'
// timeout. The next session has a longer one.
func (s *session) lasts(bytes int64) error {
	if t := transactionTimeout(bytes); t > s.timeout {
		s.wider = t
		return errAnew
	}
	return nil
}

func (s *session) endJob(ctx context.Context, job *producer.Job) error {
	c := s.at.cursor.After(max(job.AsOf, s.at.cursor.Number), s.guard.Offsets())
	if err := s.hold.EndJob(ctx, job.ID, c); err != nil {
		return producer.Stored(err)
	}
	s.at.cursor, s.row.Job, s.progress = c, nil, true
	return nil
}

// publishChunks sends the chunks that are not on the topics yet.
func (s *session) publishChunks(ctx context.Context, job *producer.Job, tx *registry.Transaction, entries []encoding.Planned, done int) error {
	chunks := s.routes.Chunks(job, tx, entries, s.jobs.chunkBytes)
	sent := int64(0)
	for i := range chunks.Len() {
		if i < done {
			chunks.Pass(i)
		} else {
			p := chunks.Part(i)
			if err := s.whole(ctx, tx, &p); err != nil {
				return err
			}
			s.jobs.sent, s.progress = i+1, true
		}
		structures, bytes := chunks.Size(i)
		sent += int64(structures)
		if err := s.hold.Progress(ctx, job.ID, producer.PhasePublish, int64(len(entries)), sent, bytes); err != nil {
			return producer.Stored(err)
		}
	}
	return nil
}

// whole publishes one Kafka transaction of a job on the lane of its number.
func (s *session) whole(ctx context.Context, tx *registry.Transaction, p *encoding.Part) error {
	lane := s.lane(tx.Number)
	if _, err := s.produce(ctx, lane, p); err != nil {
		return err
	}
	if err := s.commitHeld(lane); err != nil {
		return err
	}
	s.proven(ctx)
	return nil
}
