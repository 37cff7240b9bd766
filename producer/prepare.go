package producer

import (
	"context"
	"slices"

	"golang.org/x/sync/semaphore"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
)

const (
	// batchBytes bounds the documents read from the database at a time. A
	// larger transaction is read in pages of this size, twice: once to count
	// what the format can express, once to send.
	batchBytes = 8 << 20
	// aheadBytes bounds what is encoded and not yet sent.
	aheadBytes = 64 << 20
)

// A work is one transaction made ready: at most two parts, the replaces and the
// tombstones of what leaves the route, each one Kafka transaction.
type work struct {
	tx      registry.Transaction
	parts   []part
	left    []Left
	skipped []registry.Number // directly below it
	held    int64             // of the pipeline's budget
	err     error             // ends the pipeline, after everything before it is sent
}

// A part is one Kafka transaction to be.
type part struct {
	kind  registry.Kind
	count int
	// each yields the records in order; a record is valid until yield returns.
	each func(ctx context.Context, yield func(*Record) error) error
}

// pipeline prepares what is pending, ahead of its publication. half is a
// transaction whose replaces are on the topic already, 0 if there is none.
func (s *session) pipeline(ctx context.Context, after, half registry.Number) <-chan *work {
	out := make(chan *work, 256)
	s.ahead = semaphore.NewWeighted(aheadBytes)
	s.goroutines.Add(1)
	go func() {
		defer s.goroutines.Done()
		defer close(out)
		for {
			batch, err := s.store.Pending(ctx, after, batchBytes)
			if err != nil {
				s.hand(ctx, out, &work{err: stored(err)})
				return
			}
			for i := range batch {
				w := s.prepare(ctx, &batch[i])
				if batch[i].Number == half {
					w.parts = slices.DeleteFunc(w.parts, func(p part) bool { return p.kind == batch[i].Kind })
				}
				if !s.hand(ctx, out, w) || w.err != nil {
					return
				}
				after = batch[i].Number
			}
			if len(batch) > 0 {
				continue
			}
			select {
			case <-s.store.Work():
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func (s *session) hand(ctx context.Context, out chan<- *work, w *work) bool {
	w.held = min(w.held, aheadBytes)
	if s.ahead.Acquire(ctx, w.held) != nil {
		return false
	}
	select {
	case out <- w:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *session) prepare(ctx context.Context, p *Pending) *work {
	w := &work{tx: p.Transaction}
	switch {
	case p.Documents == nil:
		w.err = s.prepareLarge(ctx, w)
	case p.Kind == registry.Delete:
		keys := make([]string, 0, len(p.Documents))
		for i := range p.Documents {
			if u := p.Documents[i].URN; s.row.Config.Filter.Passes(u) {
				keys = append(keys, u.String())
			}
		}
		if len(keys) > 0 {
			w.parts = []part{s.tombstones(w, keys)}
		}
		w.held = int64(len(keys)) * 512
	default:
		w.err = s.prepareSmall(w, p.Documents)
	}
	return w
}

// prepareSmall encodes a transaction into memory.
func (s *session) prepareSmall(w *work, documents []registry.Document) error {
	var records []Record
	var gone []string
	for i := range documents {
		d := &documents[i]
		if !s.row.Config.Filter.Passes(d.URN) {
			continue // nor is it on the topic: a changed filter clears that
		}
		value, left, err := s.encoder.value(&w.tx, d.Position, d.URN, d.Body)
		if err != nil {
			return err
		}
		if left != "" {
			gone = w.leave(d, left, gone)
			continue
		}
		records = append(records, Record{Key: []byte(d.URN.String()), Value: value})
		w.held += int64(len(value)) + 512
	}
	if len(records) > 0 {
		w.parts = append(w.parts, part{registry.Replace, len(records), func(ctx context.Context, yield func(*Record) error) error {
			stamp := newStamp(s.row, &w.tx, registry.Replace, len(records)).skips(w.skipped)
			for i := range records {
				records[i].Headers = stamp.next()
				if err := yield(&records[i]); err != nil {
					return err
				}
			}
			return nil
		}})
	}
	w.retire(s, gone)
	return nil
}

// leave notes a structure that the format cannot express. If it was there before
// it may be on the topic, in words that are no longer true: its key joins gone.
func (w *work) leave(d *registry.Document, why string, gone []string) []string {
	w.left = append(w.left, Left{d.URN, why})
	if d.Before != 0 {
		gone = append(gone, d.URN.String())
	}
	return gone
}

// retire adds the part that takes keys off the topic, referring before referenced.
func (w *work) retire(s *session, gone []string) {
	if len(gone) > 0 {
		slices.Reverse(gone)
		w.parts = append(w.parts, s.tombstones(w, gone))
	}
}

func (s *session) tombstones(w *work, keys []string) part {
	return part{registry.Delete, len(keys), func(_ context.Context, yield func(*Record) error) error {
		stamp := newStamp(s.row, &w.tx, registry.Delete, len(keys)).skips(w.skipped)
		for _, k := range keys {
			if err := yield(&Record{Key: []byte(k), Headers: stamp.next()}); err != nil {
				return err
			}
		}
		return nil
	}}
}

// prepareLarge reads a transaction once to know how many of its structures the
// filter takes and the format can express, for every record says so; sending reads it again.
func (s *session) prepareLarge(ctx context.Context, w *work) error {
	count := 0
	var gone []string
	off := map[int]bool{}
	err := s.pages(ctx, w.tx.Number, func(d *registry.Document) error {
		if !s.row.Config.Filter.Passes(d.URN) {
			off[d.Position] = true
			return nil
		}
		if formats.AlwaysExpressible(s.encoder.format, d.URN.Class) {
			count++
			return nil
		}
		m, err := sdmx.ParseCanonical(d.URN.Class, d.Body)
		if err != nil {
			return codecFault(d.URN, w.tx.Number, err)
		}
		if why := formats.Expressible(s.encoder.format, m); why != nil {
			gone = w.leave(d, why.Error(), gone)
			off[d.Position] = true
			return nil
		}
		count++
		return nil
	})
	if err != nil {
		return err
	}
	if count > 0 {
		w.parts = append(w.parts, part{registry.Replace, count, func(ctx context.Context, yield func(*Record) error) error {
			return s.streamLarge(ctx, w, count, off, yield)
		}})
	}
	w.retire(s, gone)
	return nil
}

func (s *session) streamLarge(ctx context.Context, w *work, count int, off map[int]bool, yield func(*Record) error) error {
	stamp := newStamp(s.row, &w.tx, registry.Replace, count).skips(w.skipped)
	return inOrder(ctx, aheadBytes, func(d registry.Document) int64 { return int64(len(d.Body)) },
		func(ctx context.Context, feed func(registry.Document) error) error {
			return s.pages(ctx, w.tx.Number, func(d *registry.Document) error {
				if off[d.Position] {
					return nil
				}
				return feed(*d)
			})
		},
		func(d registry.Document) (*Record, error) {
			value, left, err := s.encoder.value(&w.tx, d.Position, d.URN, d.Body)
			if err == nil && left != "" {
				err = &Fault{Kind: Permanent, Text: "The codec changed its mind about " + d.URN.String() + ": " + left}
			}
			return &Record{Key: []byte(d.URN.String()), Value: value}, err
		},
		func(r *Record) error {
			r.Headers = stamp.next()
			return yield(r)
		})
}

func (s *session) pages(ctx context.Context, n registry.Number, yield func(*registry.Document) error) error {
	for from := 1; ; {
		docs, err := s.store.Page(ctx, n, from, batchBytes)
		if err != nil {
			return stored(err)
		}
		if len(docs) == 0 {
			return nil
		}
		for i := range docs {
			if err := yield(&docs[i]); err != nil {
				return err
			}
		}
		from = docs[len(docs)-1].Position + 1
	}
}
