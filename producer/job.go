package producer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"urncast/formats"
	"urncast/internal/crash"
	"urncast/registry"
	"urncast/sdmx"
)

const (
	jobBaseline = "baseline"
	jobFilter   = "filter" // tombstones for what a changed filter takes no more

	phasePublish = "publish"
	phaseClear   = "clear"

	// chunkBytes bounds the stored documents in one Kafka transaction of a
	// baseline; a larger one is sent in chunks. An open transaction holds back
	// every read_committed reader of the topic, so this is a bound of their wait.
	chunkBytes = 1 << 30
)

// A chunk is the part of a baseline that is one Kafka transaction. It is a
// function of the as-of state alone, so that a continued job cuts the same.
type chunk struct {
	entries []Entry
	bytes   int64
}

func cut(entries []Entry, limit int64) []chunk {
	var out []chunk
	for _, e := range entries {
		if n := len(out); n == 0 || out[n-1].bytes+int64(e.Bytes) > limit {
			out = append(out, chunk{})
		}
		c := &out[len(out)-1]
		c.entries = append(c.entries, e)
		c.bytes += int64(e.Bytes)
	}
	return out
}

// runJob publishes the baseline in s.row.Job from where it stands, and closes it.
// The cursor stays where it was until then: recovery counts the committed chunks
// from there.
func (s *session) runJob(ctx context.Context) error {
	job := s.row.Job
	crash.At(crash.BaselineBegun)
	if job.AsOf == 0 { // an empty registry
		return s.endJob(ctx, job)
	}
	tx, err := s.store.Transaction(ctx, job.AsOf)
	if err != nil {
		return stored(err)
	}
	if job.Kind == jobFilter {
		return s.runClear(ctx, job, &tx)
	}
	start, high, err := s.broker.Ends(ctx, s.row.Sent.Topic)
	if err != nil {
		return err
	}
	seen, err := s.readBack(ctx, s.row.Sent.Topic, max(start, s.cursor.Offset), high)
	if err != nil {
		return err
	}
	entries, err := s.store.Current(ctx, job.AsOf)
	if err != nil {
		return stored(err)
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return !s.row.Config.Filter.Passes(e.URN) })
	var total int64
	for i := range entries {
		total += int64(entries[i].Bytes)
	}
	if err := s.widen(ctx, min(total, chunkBytes)); err != nil {
		return err
	}
	scan, stop := context.WithCancel(ctx)
	defer stop()
	held := s.held(scan, s.cursor.Offset)
	kept, err := s.publishChunks(ctx, job, &tx, entries, seen.chunks)
	if err != nil {
		return s.refuse(ctx, 0, err)
	}
	crash.At(crash.BaselineSent)
	stale, err := held()
	if err != nil {
		return err
	}
	maps.DeleteFunc(stale, func(key string, _ bool) bool { return kept[key] })
	if err := s.clear(ctx, job, &tx, stale); err != nil {
		return err
	}
	crash.At(crash.BaselineCleared)
	return s.endJob(ctx, job)
}

// widen opens the lanes anew when their transactions would time out too early.
func (s *session) widen(ctx context.Context, bytes int64) error {
	if t := transactionTimeout(bytes); t > s.timeout {
		s.timeout = t
		return s.reopen(ctx, s.row.Sent)
	}
	return nil
}

func (s *session) endJob(ctx context.Context, job *Job) error {
	_, high, err := s.broker.Ends(ctx, s.row.Sent.Topic)
	if err != nil {
		return err
	}
	c := Cursor{max(job.AsOf, s.cursor.Number), high}
	if err := s.hold.EndJob(ctx, job.ID, c); err != nil {
		return stored(err)
	}
	s.cursor, s.row.Job, s.progress = c, nil, true
	return nil
}

// publishChunks sends the chunks that are not on the topic yet, and gives the
// keys that belong there.
func (s *session) publishChunks(ctx context.Context, job *Job, tx *registry.Transaction, entries []Entry, done int) (map[string]bool, error) {
	off, err := s.inexpressible(ctx, tx, entries)
	if err != nil {
		return nil, err
	}
	if len(off) > 0 {
		var left []Left
		for u, why := range off {
			left = append(left, Left{u, why})
		}
		if err := s.hold.Leave(ctx, tx.Number, left); err != nil {
			return nil, stored(err)
		}
		entries = slices.DeleteFunc(entries, func(e Entry) bool { return off[e.URN] != "" })
	}
	kept := make(map[string]bool, len(entries))
	for i := range entries {
		kept[entries[i].URN.String()] = true
	}
	chunks := cut(entries, chunkBytes)
	sent := int64(0)
	for i := range chunks {
		c := &chunks[i]
		if i >= done {
			stamp := newStamp(s.row, tx, registry.Replace, len(c.entries))
			stamp.job = &jobMark{job, i + 1, len(chunks)}
			p := part{registry.Replace, len(c.entries), func(ctx context.Context, yield func(*Record) error) error {
				return s.stream(ctx, tx, stamp, c.entries, yield)
			}}
			if err := s.whole(ctx, tx, &p); err != nil {
				return nil, err
			}
		}
		sent += int64(len(c.entries))
		if err := s.hold.Progress(ctx, job.ID, phasePublish, int64(len(entries)), sent, c.bytes); err != nil {
			return nil, stored(err)
		}
	}
	return kept, nil
}

// whole publishes one Kafka transaction of a job on the lane of its number.
func (s *session) whole(ctx context.Context, tx *registry.Transaction, p *part) error {
	lane := s.lanes[int(tx.Number)%laneCount]
	if _, err := s.produce(ctx, lane, p); err != nil {
		return err
	}
	return s.commitHeld(lane)
}

// inexpressible finds, before anything is sent, what the format cannot express;
// it reads only what might be that.
func (s *session) inexpressible(ctx context.Context, tx *registry.Transaction, entries []Entry) (map[sdmx.URN]string, error) {
	off := map[sdmx.URN]string{}
	var doubtful []Entry
	for i := range entries {
		if !formats.AlwaysExpressible(s.encoder.format, entries[i].URN.Class) {
			doubtful = append(doubtful, entries[i])
		}
	}
	err := bodies(ctx, s.store, doubtful, func(b body) (Left, error) {
		m, err := sdmx.ParseCanonical(b.entry.URN.Class, b.canonical)
		if err != nil {
			return Left{}, codecFault(b.entry.URN, tx.Number, err)
		}
		if why := formats.Expressible(s.encoder.format, m); why != nil {
			return Left{b.entry.URN, why.Error()}, nil
		}
		return Left{}, nil
	}, func(l Left) error {
		if l.Reason != "" {
			off[l.URN] = l.Reason
		}
		return nil
	})
	return off, err
}

func (s *session) stream(ctx context.Context, tx *registry.Transaction, stamp *stamp, entries []Entry, yield func(*Record) error) error {
	sent, half := 0, (len(entries)+1)/2
	return bodies(ctx, s.store, entries, func(b body) (*Record, error) {
		u := b.entry.URN
		value, left, err := s.encoder.value(tx, b.position, u, b.canonical)
		if err == nil && left != "" {
			err = &Fault{Kind: Permanent, Text: "The codec changed its mind about " + u.String() + ": " + left}
		}
		return &Record{Key: []byte(u.String()), Value: value}, err
	}, func(r *Record) error {
		r.Headers = stamp.next()
		if sent++; sent == half {
			crash.At(crash.BaselineHalf)
		}
		return yield(r)
	})
}

// held lists the keys that the topic holds of ours up to an offset. For a baseline
// that is where it began, and it reads while the baseline is published.
func (s *session) held(ctx context.Context, end int64) func() (map[string]bool, error) {
	live, done := map[string]bool{}, make(chan error, 1)
	topic, registry := s.row.Sent.Topic, s.row.Registry
	s.goroutines.Go(func() {
		start, _, err := s.broker.Ends(ctx, topic)
		if err == nil {
			err = s.broker.ReadBack(ctx, topic, start, end, func(int64) {}, func(r *Seen) {
				if r.Registry == registry && !r.Tombstone {
					live[r.Key] = true
				} else {
					delete(live, r.Key)
				}
			})
		}
		done <- err
	})
	return func() (map[string]bool, error) { return live, <-done }
}

// clear sends tombstones for what the topic held and the baseline does not,
// referring classes before the referenced.
func (s *session) clear(ctx context.Context, job *Job, tx *registry.Transaction, stale map[string]bool) error {
	if len(stale) == 0 {
		return nil
	}
	if err := s.hold.Progress(ctx, job.ID, phaseClear, int64(len(stale)), 0, 0); err != nil {
		return stored(err)
	}
	p := s.tombstones(&work{tx: *tx}, sortedForDelete(stale))
	p.each = withJob(s, tx, job, p)
	return s.whole(ctx, tx, &p)
}

// withJob gives a job's tombstones its header.
func withJob(s *session, tx *registry.Transaction, job *Job, p part) func(context.Context, func(*Record) error) error {
	plain := p.each
	return func(ctx context.Context, yield func(*Record) error) error {
		return plain(ctx, func(r *Record) error {
			r.Headers = append(r.Headers, Header{HeaderJob, []byte(fmt.Sprintf("%s %s 1/1", job.Kind, job.ID))})
			return yield(r)
		})
	}
}

// sortedForDelete orders keys with the classes that refer before those that are
// referred to; a key that is no URN comes last.
func sortedForDelete(keys map[string]bool) []string {
	classes := map[string]sdmx.Class{}
	out := make([]string, 0, len(keys))
	for k := range keys {
		if u, err := sdmx.ParseURN(k); err == nil {
			classes[k] = u.Class
		}
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(-cmp.Compare(classes[a], classes[b]), cmp.Compare(b, a))
	})
	return out
}

// A body is a document of a baseline on its way to be encoded.
type body struct {
	entry     *Entry
	position  int // in the chunk, 1-based
	canonical []byte
}

// bodies reads the entries' documents, a batch at a time, works on them on all
// processors, and hands the results to drain in order.
func bodies[T any](ctx context.Context, store Store, entries []Entry, work func(body) (T, error), drain func(T) error) error {
	feed := func(ctx context.Context, yield func(body) error) error {
		for from := 0; from < len(entries); {
			ids, bytes, to := []int64{}, 0, from
			for to < len(entries) && (to == from || bytes+entries[to].Bytes <= batchBytes) {
				bytes += entries[to].Bytes
				ids = append(ids, entries[to].Document)
				to++
			}
			docs, err := store.Bodies(ctx, ids)
			if err != nil {
				return stored(err)
			}
			for i, d := range docs {
				if err := yield(body{&entries[from+i], from + i + 1, d}); err != nil {
					return err
				}
			}
			from = to
		}
		return nil
	}
	return inOrder(ctx, aheadBytes, func(b body) int64 { return int64(len(b.canonical)) }, feed, work, drain)
}
