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
// tombstones of what leaves a route, each one Kafka transaction over all routes.
type work struct {
	tx      registry.Transaction
	parts   []part
	left    []Left
	skipped registry.Range // directly below it
	held    int64          // of the pipeline's budget
	err     error          // ends the pipeline, after everything before it is sent
}

// A part is one Kafka transaction to be.
type part struct {
	kind registry.Kind
	// each yields the records in order; a record is valid until yield returns.
	each func(ctx context.Context, yield func(*Record) error) error
}

// An addressed record knows the route that it goes.
type addressed struct {
	Record
	output *output
}

// pipeline prepares what is pending, ahead of its publication. Of what is owed only the
// tombstones are to come.
func (s *session) pipeline(ctx context.Context, after registry.Number, owed *owed) <-chan *work {
	out := make(chan *work, 256)
	s.ahead = semaphore.NewWeighted(aheadBytes)
	s.goroutines.Go(func() {
		defer close(out)
		for {
			batch, err := s.store.Pending(ctx, after, batchBytes)
			if err != nil {
				s.hand(ctx, out, &work{err: stored(err)})
				return
			}
			for i := range batch {
				if err := s.guard.follows(&batch[i].Transaction); err != nil {
					s.hand(ctx, out, &work{err: err})
					return
				}
				w := s.prepare(ctx, &batch[i])
				if owed != nil && batch[i].Number == owed.number {
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
	})
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
		keys := make([][]string, len(s.outputs))
		for i := range p.Documents {
			u := p.Documents[i].URN
			for _, output := range s.outputs {
				if output.Filter.Passes(u) {
					keys[output.index] = append(keys[output.index], u.String())
					w.held += 512
				}
			}
		}
		w.parts = s.tombstones(w, keys)
	default:
		w.err = s.prepareSmall(w, p.Documents)
	}
	return w
}

// prepareSmall encodes a transaction into memory.
func (s *session) prepareSmall(w *work, documents []registry.Document) error {
	var records []addressed
	counts, gone := make([]int, len(s.outputs)), make([][]string, len(s.outputs))
	for i := range documents {
		d := &documents[i]
		doc := &document{tx: &w.tx, position: d.Position, urn: d.URN, body: d.Body}
		for _, output := range s.outputs {
			if !output.Filter.Passes(d.URN) {
				continue // nor is it on the topic: a changed filter clears that
			}
			value, left, err := doc.in(output.encoder)
			if err != nil {
				return err
			}
			if left != "" {
				w.leave(output, d, left, gone)
				continue
			}
			records = append(records, addressed{Record{Topic: output.Topic, Key: []byte(d.URN.String()), Value: value}, output})
			counts[output.index]++
			w.held += int64(len(value)) + 512
		}
	}
	if len(records) > 0 {
		w.parts = append(w.parts, part{registry.Replace, func(ctx context.Context, yield func(*Record) error) error {
			return stamped(records, s.stamps(w, registry.Replace, counts), yield)
		}})
	}
	w.retire(s, gone)
	return nil
}

// stamps are those of a work's Kafka transaction on each route, with so many
// records on each.
func (s *session) stamps(w *work, kind registry.Kind, counts []int) []*stamp {
	out := make([]*stamp, len(s.outputs))
	for i, output := range s.outputs {
		out[i] = newStamp(s.row, &w.tx, kind, counts[i], output.encoder.format).skips(w.skipped)
	}
	return out
}

// leave notes a structure that a route's format cannot express. If it was there
// before it may be on the topic, in words that are no longer true: its key joins gone.
func (w *work) leave(output *output, d *registry.Document, why string, gone [][]string) {
	w.left = append(w.left, Left{output.Topic, d.URN, why})
	if d.Before != 0 {
		gone[output.index] = append(gone[output.index], d.URN.String())
	}
}

// retire adds the part that takes keys off the topics, referring before referenced.
func (w *work) retire(s *session, gone [][]string) {
	for _, keys := range gone {
		slices.Reverse(keys)
	}
	w.parts = append(w.parts, s.tombstones(w, gone)...)
}

// tombstones is the part that takes keys, by route, off the topics; none if there
// are no keys.
func (s *session) tombstones(w *work, keys [][]string) []part {
	counts := make([]int, len(keys))
	for i := range keys {
		counts[i] = len(keys[i])
	}
	if slices.Max(counts) == 0 {
		return nil
	}
	return []part{{registry.Delete, func(_ context.Context, yield func(*Record) error) error {
		stamps := s.stamps(w, registry.Delete, counts)
		for i, output := range s.outputs {
			for _, k := range keys[i] {
				if err := yield(&Record{Topic: output.Topic, Key: []byte(k), Headers: stamps[i].next()}); err != nil {
					return err
				}
			}
		}
		return nil
	}}}
}

// prepareLarge reads a transaction once to know how many of its structures each
// route takes, for every record says so; sending reads it again. It is one that
// replaces: deletes have no bytes.
func (s *session) prepareLarge(ctx context.Context, w *work) error {
	counts, gone := make([]int, len(s.outputs)), make([][]string, len(s.outputs))
	off := map[int]uint64{} // by position: the routes that do not take it
	err := s.pages(ctx, w.tx.Number, func(d *registry.Document) error {
		var structure sdmx.Maintainable
		for _, output := range s.outputs {
			if !output.Filter.Passes(d.URN) {
				off[d.Position] |= output.bit()
				continue
			}
			if !formats.AlwaysExpressible(output.encoder.format, d.URN.Class) {
				var err error
				if structure == nil {
					if structure, err = sdmx.ParseCanonical(d.URN.Class, d.Body); err != nil {
						return codecFault(d.URN, w.tx.Number, err)
					}
				}
				if why := formats.Expressible(output.encoder.format, structure); why != nil {
					w.leave(output, d, why.Error(), gone)
					off[d.Position] |= output.bit()
					continue
				}
			}
			counts[output.index]++
		}
		return nil
	})
	if err != nil {
		return err
	}
	if slices.Max(counts) > 0 {
		w.parts = append(w.parts, part{registry.Replace, func(ctx context.Context, yield func(*Record) error) error {
			return s.streamLarge(ctx, w, counts, off, yield)
		}})
	}
	w.retire(s, gone)
	return nil
}

func (s *session) streamLarge(ctx context.Context, w *work, counts []int, off map[int]uint64, yield func(*Record) error) error {
	stamps := s.stamps(w, registry.Replace, counts)
	return inOrder(ctx, aheadBytes, func(d registry.Document) int64 { return int64(len(d.Body) * len(s.outputs)) },
		func(ctx context.Context, feed func(registry.Document) error) error {
			return s.pages(ctx, w.tx.Number, func(d *registry.Document) error { return feed(*d) })
		},
		func(d registry.Document) ([]addressed, error) {
			return s.address(&document{tx: &w.tx, position: d.Position, urn: d.URN, body: d.Body}, ^off[d.Position])
		},
		func(records []addressed) error { return stamped(records, stamps, yield) })
}

// address makes the records of a document for the routes that it goes, all of
// which can express it.
func (s *session) address(d *document, to uint64) ([]addressed, error) {
	var out []addressed
	for _, output := range s.outputs {
		if to&output.bit() == 0 {
			continue
		}
		value, left, err := d.in(output.encoder)
		if err == nil && left != "" {
			err = changedMind(d.urn, left)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, addressed{Record{Topic: output.Topic, Key: []byte(d.urn.String()), Value: value}, output})
	}
	return out, nil
}

// stamped yields records with their headers.
func stamped(records []addressed, stamps []*stamp, yield func(*Record) error) error {
	for i := range records {
		r := &records[i]
		r.Headers = stamps[r.output.index].next()
		if err := yield(&r.Record); err != nil {
			return err
		}
	}
	return nil
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
