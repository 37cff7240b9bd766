package producer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"urncast/formats"
	"urncast/internal/crash"
	"urncast/registry"
	"urncast/sdmx"
)

// inexpressible finds, before anything is sent, what the formats of the routes cannot
// express, and takes those routes from the entries; it reads only what might be that.
func (s *session) inexpressible(ctx context.Context, tx *registry.Transaction, entries []planned) ([]Left, error) {
	var doubtful []planned
	var at []int
	for i := range entries {
		for _, output := range s.outputs {
			if entries[i].to&output.bit() != 0 && !formats.AlwaysExpressible(output.encoder.format, entries[i].URN.Class) {
				doubtful, at = append(doubtful, entries[i]), append(at, i)
				break
			}
		}
	}
	var left []Left
	n := 0
	err := bodies(ctx, s.store, doubtful, func(b body) ([]Left, error) {
		m, err := sdmx.ParseCanonical(b.entry.URN.Class, b.canonical)
		if err != nil {
			return nil, codecFault(b.entry.URN, tx.Number, err)
		}
		var off []Left
		for _, output := range s.outputs {
			if b.entry.to&output.bit() == 0 {
				continue
			}
			if why := formats.Expressible(output.encoder.format, m); why != nil {
				off = append(off, Left{output.Topic, b.entry.URN, why.Error()})
			}
		}
		return off, nil
	}, func(off []Left) error {
		for _, l := range off {
			for _, output := range s.outputs {
				if output.Topic == l.Topic {
					entries[at[n]].to &^= output.bit()
				}
			}
		}
		left = append(left, off...)
		n++
		return nil
	})
	return left, err
}

func (s *session) stream(ctx context.Context, tx *registry.Transaction, stamps []*stamp, entries []planned, yield func(*Record) error) error {
	sent, half := 0, (len(entries)+1)/2
	return bodies(ctx, s.store, entries, func(b body) ([]addressed, error) {
		return s.address(&document{tx: tx, position: b.position, urn: b.entry.URN, body: b.canonical}, b.entry.to)
	}, func(records []addressed) error {
		if sent++; sent == half {
			crash.At(crash.BaselineHalf)
		}
		return stamped(records, stamps, yield)
	})
}

// held lists the keys that topics hold of ours up to offsets, by topic. For a job
// those are where it began, and it reads while the job is published.
func (s *session) held(ctx context.Context, outputs []*output, ends map[string]int64) func() (map[string]map[string]bool, error) {
	live, done := map[string]map[string]bool{}, make(chan error, 1)
	registry, waiting := s.row.Registry, s.waits(ctx, "The job waits for it before it takes what is gone off the topic.")
	s.goroutines.Go(func() {
		for _, output := range outputs {
			keys := map[string]bool{}
			live[output.Topic] = keys
			sights, err := s.broker.Look(ctx, []string{output.Topic})
			if err == nil {
				err = s.broker.ReadBack(ctx, output.Topic, sights[0].Start, ends[output.Topic], waiting, func(r *Seen) {
					if r.Registry == registry && !r.Tombstone {
						keys[r.Key] = true
					} else {
						delete(keys, r.Key)
					}
				})
			}
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	})
	return func() (map[string]map[string]bool, error) {
		err := <-done
		return live, err
	}
}

// clear sends tombstones for what topics hold and should not, by topic, referring
// classes before the referenced.
func (s *session) clear(ctx context.Context, job *Job, tx *registry.Transaction, stale map[string]map[string]bool) error {
	keys, n := make([][]string, len(s.outputs)), 0
	for _, output := range s.outputs {
		keys[output.index] = sortedForDelete(stale[output.Topic])
		n += len(keys[output.index])
	}
	if n == 0 {
		return nil
	}
	if err := s.hold.Progress(ctx, job.ID, phaseClear, int64(n), 0, 0); err != nil {
		return stored(err)
	}
	p := s.tombstones(&work{tx: *tx}, keys)[0]
	p.each = withJob(job, p)
	return s.whole(ctx, tx, &p)
}

// withJob gives a job's tombstones its header.
func withJob(job *Job, p part) func(context.Context, func(*Record) error) error {
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
	entry     *planned
	position  int // in the chunk, 1-based
	canonical []byte
}

// bodies reads the entries' documents, a batch at a time, works on them on all
// processors, and hands the results to drain in order.
func bodies[T any](ctx context.Context, store Store, entries []planned, work func(body) (T, error), drain func(T) error) error {
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
