package encoding

import (
	"context"
	"slices"

	"urncast/formats"
	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

const (
	// BatchBytes bounds the documents that are read from the database at a time. A larger
	// transaction is read in pages of this size, twice: first to count what the formats can
	// express, then to send.
	BatchBytes = 8 << 20
	// BudgetBytes bounds the records that are encoded and not yet sent.
	BudgetBytes = 64 << 20
)

// A Work is a structure transaction that is ready to be sent. It has at most two parts, each
// one Kafka transaction over all routes: the replaces, and the tombstones of structures that
// leave a route.
type Work struct {
	Transaction registry.Transaction
	Parts       []Part
	Left        []producer.Left
	Skipped     registry.Range // the skipped transactions directly below
	Size        int64          // the share of the pipeline's budget
	Err         error          // ends the session, after all earlier works are sent
}

// A Part is the content of one Kafka transaction.
type Part struct {
	Kind registry.Kind
	// Each yields the records in order; a record is valid until yield returns.
	Each func(ctx context.Context, yield func(*producer.Record) error) error
}

// An addressed is a record with the route that it goes along.
type addressed struct {
	producer.Record
	output *output
	media  string // type of the value
}

// Prepare makes a transaction ready to be sent. Errors are in Work.Err.
func (r *Routes) Prepare(ctx context.Context, p *producer.Pending) *Work {
	w := &Work{Transaction: p.Transaction}
	switch {
	case p.Documents == nil:
		w.Err = r.prepareLarge(ctx, w)
	case p.Kind == registry.Delete:
		keys := make([][]string, len(r.outputs))
		for i := range p.Documents {
			u := p.Documents[i].URN
			for _, output := range r.outputs {
				if output.Filter.Passes(u) {
					keys[output.index] = append(keys[output.index], output.key(u))
					w.Size += 512
				}
			}
		}
		w.Parts = r.tombstones(w, keys)
	default:
		w.Err = r.prepareSmall(w, p.Documents)
	}
	return w
}

// prepareSmall encodes a transaction into memory.
func (r *Routes) prepareSmall(w *Work, documents []registry.Document) error {
	var records []addressed
	counts, gone := make([]int, len(r.outputs)), make([][]string, len(r.outputs))
	for i := range documents {
		d := &documents[i]
		doc := &document{tx: &w.Transaction, position: d.Position, urn: d.URN, body: d.Body}
		for _, output := range r.outputs {
			if !output.Filter.Passes(d.URN) {
				continue // and it is not on the topic, which a change of the filter clears
			}
			value, left, err := doc.encode(output.encoder)
			if err != nil {
				return err
			}
			if left != "" {
				w.leave(output, d, left, gone)
				continue
			}
			records = append(records, addressed{producer.Record{Topic: output.Topic, Key: []byte(output.key(d.URN)), Value: value}, output, output.encoder.format.Media(d.URN.Class)})
			counts[output.index]++
			w.Size += int64(len(value)) + 512
		}
	}
	if len(records) > 0 {
		w.Parts = append(w.Parts, Part{registry.Replace, func(ctx context.Context, yield func(*producer.Record) error) error {
			return stamped(records, r.stamps(w, registry.Replace, counts), yield)
		}})
	}
	w.retire(r, gone)
	return nil
}

// stamps returns the stamp of each route for a Kafka transaction of a work; counts has the
// number of records on each route.
func (r *Routes) stamps(w *Work, kind registry.Kind, counts []int) []*stamp {
	out := make([]*stamp, len(r.outputs))
	for i := range r.outputs {
		out[i] = r.newStamp(&w.Transaction, kind, counts[i]).skips(w.Skipped)
	}
	return out
}

// leave notes a structure that a route's format cannot express. If the structure existed
// before, the topic may have an older version of it, so its key is added to gone, the keys that
// get tombstones.
func (w *Work) leave(output *output, d *registry.Document, why string, gone [][]string) {
	w.Left = append(w.Left, producer.Left{Topic: output.Topic, URN: d.URN, Reason: why})
	if d.Before != 0 {
		gone[output.index] = append(gone[output.index], output.key(d.URN))
	}
}

// retire adds the part with the tombstones for keys, by route, to the work: a structure before
// those that it refers to.
func (w *Work) retire(r *Routes, gone [][]string) {
	for _, keys := range gone {
		slices.Reverse(keys)
	}
	w.Parts = append(w.Parts, r.tombstones(w, gone)...)
}

// tombstones returns the part with the tombstones for keys, by route; none if there are no
// keys.
func (r *Routes) tombstones(w *Work, keys [][]string) []Part {
	counts := make([]int, len(keys))
	for i := range keys {
		counts[i] = len(keys[i])
	}
	if slices.Max(counts) == 0 {
		return nil
	}
	return []Part{{registry.Delete, func(_ context.Context, yield func(*producer.Record) error) error {
		stamps := r.stamps(w, registry.Delete, counts)
		for i, output := range r.outputs {
			for _, k := range keys[i] {
				if err := yield(&producer.Record{Topic: output.Topic, Key: []byte(k), Headers: stamps[i].next("")}); err != nil {
					return err
				}
			}
		}
		return nil
	}}}
}

// prepareLarge reads a transaction to count the structures that each route takes, because the
// header of every record has that count; sending reads the transaction again. The transaction
// is one of replaces: deletes have no bytes, and are never large.
func (r *Routes) prepareLarge(ctx context.Context, w *Work) error {
	counts, gone := make([]int, len(r.outputs)), make([][]string, len(r.outputs))
	off := map[int]uint64{} // by position: a bit for each route that does not take the structure
	err := r.pages(ctx, w.Transaction.Number, func(d *registry.Document) error {
		var structure sdmx.Maintainable
		for _, output := range r.outputs {
			if !output.Filter.Passes(d.URN) {
				off[d.Position] |= output.bit()
				continue
			}
			if !formats.AlwaysExpressible(output.encoder.format, d.URN.Class) {
				var err error
				if structure == nil {
					if structure, err = sdmx.ParseCanonical(d.URN.Class, d.Body); err != nil {
						return codecFault(d.URN, w.Transaction.Number, err)
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
		w.Parts = append(w.Parts, Part{registry.Replace, func(ctx context.Context, yield func(*producer.Record) error) error {
			return r.streamLarge(ctx, w, counts, off, yield)
		}})
	}
	w.retire(r, gone)
	return nil
}

// streamLarge reads a large transaction again and yields its records.
func (r *Routes) streamLarge(ctx context.Context, w *Work, counts []int, off map[int]uint64, yield func(*producer.Record) error) error {
	stamps := r.stamps(w, registry.Replace, counts)
	return inOrder(ctx, BudgetBytes, func(d registry.Document) int64 { return int64(len(d.Body) * len(r.outputs)) },
		func(ctx context.Context, feed func(registry.Document) error) error {
			return r.pages(ctx, w.Transaction.Number, func(d *registry.Document) error { return feed(*d) })
		},
		func(d registry.Document) ([]addressed, error) {
			return r.recordsOf(&document{tx: &w.Transaction, position: d.Position, urn: d.URN, body: d.Body}, ^off[d.Position])
		},
		func(records []addressed) error { return stamped(records, stamps, yield) })
}

// recordsOf returns the records of a document for the routes of to, a bit for each. Their
// formats must be able to express it.
func (r *Routes) recordsOf(d *document, to uint64) ([]addressed, error) {
	var out []addressed
	for _, output := range r.outputs {
		if to&output.bit() == 0 {
			continue
		}
		value, left, err := d.encode(output.encoder)
		if err == nil && left != "" {
			err = inconsistent(d.urn, left)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, addressed{producer.Record{Topic: output.Topic, Key: []byte(output.key(d.urn)), Value: value}, output, output.encoder.format.Media(d.urn.Class)})
	}
	return out, nil
}

// stamped sets the records' headers and yields them.
func stamped(records []addressed, stamps []*stamp, yield func(*producer.Record) error) error {
	for i := range records {
		r := &records[i]
		r.Headers = stamps[r.output.index].next(r.media)
		if err := yield(&r.Record); err != nil {
			return err
		}
	}
	return nil
}

// pages reads the documents of a transaction, a page at a time.
func (r *Routes) pages(ctx context.Context, n registry.Number, yield func(*registry.Document) error) error {
	for from := 1; ; {
		docs, err := r.store.Page(ctx, n, from, BatchBytes)
		if err != nil {
			return producer.Stored(err)
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

// SkippedWhy returns the reason for which a transaction without parts is skipped.
func (r *Routes) SkippedWhy() string {
	switch {
	case len(r.outputs) > 1:
		return "None of its structures is for any route: the filters pass them over, or the formats cannot express them."
	case r.outputs[0].Filter.IsZero():
		return "The route's format can express none of its structures."
	}
	return "None of its structures is for the route: its filter passes them over, or its format cannot express them."
}
