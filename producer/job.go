package producer

import (
	"context"
	"math/bits"
	"slices"

	"urncast/internal/crash"
	"urncast/registry"
)

const (
	JobBaseline  = "baseline"
	JobRepublish = "republish" // a part of what is current
	JobFilter    = "filter"    // tombstones for what a changed filter takes no more

	PhaseWaiting = "waiting"
	phasePublish = "publish"
	phaseClear   = "clear"

	// chunkBytes bounds the stored documents in one Kafka transaction of a job; a
	// larger one is sent in chunks. An open transaction holds back every
	// read_committed reader of its topics, so this is a bound of their wait.
	chunkBytes = 1 << 30
)

// A JobLedger keeps jobs and how far they are.
type JobLedger interface {
	// BeginJob records a job, with the wish that asked for it; the audit holds it where
	// a setting did.
	BeginJob(ctx context.Context, j Job, wish int64) (Job, error)
	// TakeJob begins the job that waits longest, as of the cursor, which it writes;
	// nil if none waits, or that one for a later transaction.
	TakeJob(ctx context.Context, c Cursor) (*Job, error)
	// Progress records a job's phase and how far it is.
	Progress(ctx context.Context, id, phase string, structures, done, bytes int64) error
	// EndJob closes a job: what was pending up to its transaction is covered.
	EndJob(ctx context.Context, id string, c Cursor) error
	// CancelJob closes a job whose end was asked for, with what it leaves: what was
	// pending up to the cursor is skipped. The audit holds it.
	CancelJob(ctx context.Context, id string, c Cursor, leaves string) error
	// RenewJob gives a job another as-of transaction; PutBackJob lets it wait again,
	// until a transaction is handled.
	RenewJob(ctx context.Context, id string, asOf registry.Number) error
	PutBackJob(ctx context.Context, id string, after registry.Number) error
}

// A planned entry is one that a job sends along some routes: a bit for each.
type planned struct {
	Entry
	to uint64
}

// A chunk is the part of a job that is one Kafka transaction. It is a function of
// the as-of state and the routes alone, so that a continued job cuts the same.
type chunk struct {
	entries []planned
	bytes   int64
}

func cut(entries []planned, limit int64) []chunk {
	var out []chunk
	for _, e := range entries {
		bytes := int64(e.Bytes) * int64(bits.OnesCount64(e.to))
		if n := len(out); n == 0 || out[n-1].bytes+bytes > limit {
			out = append(out, chunk{})
		}
		c := &out[len(out)-1]
		c.entries = append(c.entries, e)
		c.bytes += bytes
	}
	return out
}

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
			return stored(err)
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
func (s *session) runJob(ctx context.Context, job *Job) error {
	crash.At(crash.BaselineBegun)
	s.sending.Store(true)
	defer s.sending.Store(false)
	s.jobs.sent = 0
	if job.AsOf == 0 { // an empty registry
		return s.endJob(ctx, job)
	}
	tx, err := s.store.Transaction(ctx, job.AsOf)
	if err != nil {
		return stored(err)
	}
	if job.Kind == JobFilter {
		return s.runClear(ctx, job, &tx)
	}
	s.jobs.sent = s.at.chunks
	within, err := s.within(ctx, &job.Scope)
	if err != nil {
		return err
	}
	entries, total, err := s.plan(ctx, &tx, within)
	if err != nil {
		return err
	}
	if err := s.lasts(min(total, s.jobs.chunkBytes)); err != nil {
		return err
	}
	scan, stop := context.WithCancel(ctx)
	defer stop()
	held := s.held(scan, within.outputs, s.at.cursor.Offsets)
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
		if err := s.clear(ctx, job, &tx, within.stale(live, entries)); err != nil {
			return err
		}
	}
	crash.At(crash.BaselineCleared)
	return s.endJob(ctx, job)
}

// plan lists what a job sends, and how many bytes of stored documents that is over
// all routes. What a format cannot express is left out, and recorded, before
// anything is sent.
func (s *session) plan(ctx context.Context, tx *registry.Transaction, within *within) ([]planned, int64, error) {
	current, err := s.store.Current(ctx, tx.Number)
	if err != nil {
		return nil, 0, stored(err)
	}
	entries := make([]planned, 0, len(current))
	for _, e := range current {
		if to := within.takes(e.URN); to != 0 {
			entries = append(entries, planned{e, to})
		}
	}
	left, err := s.inexpressible(ctx, tx, entries)
	if err != nil {
		return nil, 0, err
	}
	if len(left) > 0 {
		if err := s.hold.Leave(ctx, tx.Number, left); err != nil {
			return nil, 0, stored(err)
		}
		entries = slices.DeleteFunc(entries, func(e planned) bool { return e.to == 0 })
	}
	var total int64
	for i := range entries {
		total += int64(entries[i].Bytes) * int64(bits.OnesCount64(entries[i].to))
	}
	return entries, total, nil
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

func (s *session) endJob(ctx context.Context, job *Job) error {
	c := s.at.cursor.after(max(job.AsOf, s.at.cursor.Number), s.guard.offsets())
	if err := s.hold.EndJob(ctx, job.ID, c); err != nil {
		return stored(err)
	}
	s.at.cursor, s.row.Job, s.progress = c, nil, true
	return nil
}

// publishChunks sends the chunks that are not on the topics yet.
func (s *session) publishChunks(ctx context.Context, job *Job, tx *registry.Transaction, entries []planned, done int) error {
	chunks := cut(entries, s.jobs.chunkBytes)
	marks := make([]*jobMark, len(s.outputs))
	for _, output := range s.outputs {
		marks[output.index] = &jobMark{job: job, chunks: len(chunks), left: countOf(entries, output)}
	}
	sent := int64(0)
	for i := range chunks {
		c := &chunks[i]
		stamps := make([]*stamp, len(s.outputs))
		for _, output := range s.outputs {
			n := countOf(c.entries, output)
			mark := marks[output.index]
			mark.chunk = i + 1
			stamps[output.index] = newStamp(s.row, tx, registry.Replace, n, output.encoder.format)
			stamps[output.index].job = mark
			if i < done {
				mark.skip(n)
			}
		}
		if i >= done {
			p := part{registry.Replace, func(ctx context.Context, yield func(*Record) error) error {
				return s.stream(ctx, tx, stamps, c.entries, yield)
			}}
			if err := s.whole(ctx, tx, &p); err != nil {
				return err
			}
			s.jobs.sent, s.progress = i+1, true
		}
		sent += int64(len(c.entries))
		if err := s.hold.Progress(ctx, job.ID, phasePublish, int64(len(entries)), sent, c.bytes); err != nil {
			return stored(err)
		}
	}
	return nil
}

// countOf counts the entries that go along a route.
func countOf(entries []planned, output *output) (n int) {
	for i := range entries {
		if entries[i].to&output.bit() != 0 {
			n++
		}
	}
	return n
}

// whole publishes one Kafka transaction of a job on the lane of its number.
func (s *session) whole(ctx context.Context, tx *registry.Transaction, p *part) error {
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
