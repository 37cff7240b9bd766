package encoding

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"

	"urncast/formats"
	"urncast/internal/crash"
	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

// A chunk is the part of a job that is one Kafka transaction. It depends only on the as-of
// state and the routes, so that a job that continues after a crash has the same chunks.
type chunk struct {
	entries []Planned
	bytes   int64
}

// cut divides entries into chunks of at most limit bytes, or one entry if that is larger.
func cut(entries []Planned, limit int64) []chunk {
	var out []chunk
	for _, e := range entries {
		bytes := e.cost()
		if n := len(out); n == 0 || out[n-1].bytes+bytes > limit {
			out = append(out, chunk{})
		}
		c := &out[len(out)-1]
		c.entries = append(c.entries, e)
		c.bytes += bytes
	}
	return out
}

// countOf counts the entries that go along a route.
func countOf(entries []Planned, output *output) (n int) {
	for i := range entries {
		if entries[i].to&output.bit() != 0 {
			n++
		}
	}
	return n
}

// inexpressible finds the entries that the formats of their routes cannot express, and removes
// those routes from the entries. It reads only the documents of classes that a format cannot
// always express.
func (r *Routes) inexpressible(ctx context.Context, tx *registry.Transaction, entries []Planned) ([]producer.Left, error) {
	var doubtful []Planned
	var at []int
	for i := range entries {
		for _, output := range r.outputs {
			if entries[i].to&output.bit() != 0 && !formats.AlwaysExpressible(output.encoder.format, entries[i].URN.Class) {
				doubtful, at = append(doubtful, entries[i]), append(at, i)
				break
			}
		}
	}
	var left []producer.Left
	n := 0
	err := bodies(ctx, r.store, doubtful, func(b body) ([]producer.Left, error) {
		m, err := sdmx.ParseCanonical(b.entry.URN.Class, b.canonical)
		if err != nil {
			return nil, codecFault(b.entry.URN, tx.Number, err)
		}
		var off []producer.Left
		for _, output := range r.outputs {
			if b.entry.to&output.bit() == 0 {
				continue
			}
			if why := formats.Expressible(output.encoder.format, m); why != nil {
				off = append(off, producer.Left{Topic: output.Topic, URN: b.entry.URN, Reason: why.Error()})
			}
		}
		return off, nil
	}, func(off []producer.Left) error {
		for _, l := range off {
			for _, output := range r.outputs {
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

// stream reads the documents of entries and yields their records.
func (r *Routes) stream(ctx context.Context, tx *registry.Transaction, stamps []*stamp, entries []Planned, yield func(*producer.Record) error) error {
	sent, half := 0, (len(entries)+1)/2
	return bodies(ctx, r.store, entries, func(b body) ([]addressed, error) {
		return r.recordsOf(&document{tx: tx, position: b.position, urn: b.entry.URN, body: b.canonical}, b.entry.to)
	}, func(records []addressed) error {
		if sent++; sent == half {
			crash.At(crash.BaselineHalf)
		}
		return stamped(records, stamps, yield)
	})
}

// sortedForDelete returns keys in an order in which a structure comes before those that it
// refers to. Keys that are no URNs come last.
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

// A body is an entry of a job with its document.
type body struct {
	entry     *Planned
	position  int // in the chunk, 1-based
	canonical []byte
}

// bodies reads the entries' documents, a batch at a time, calls work for each on all
// processors, and calls drain with the results in order.
func bodies[T any](ctx context.Context, store Contents, entries []Planned, work func(body) (T, error), drain func(T) error) error {
	feed := func(ctx context.Context, yield func(body) error) error {
		for from := 0; from < len(entries); {
			ids, bytes, to := []int64{}, 0, from
			for to < len(entries) && (to == from || bytes+entries[to].Bytes <= BatchBytes) {
				bytes += entries[to].Bytes
				ids = append(ids, entries[to].Document)
				to++
			}
			docs, err := store.Bodies(ctx, ids)
			if err != nil {
				return producer.Stored(err)
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
	return inOrder(ctx, BudgetBytes, func(b body) int64 { return int64(len(b.canonical)) }, feed, work, drain)
}

// Plan lists the entries that a job sends, a structure after those that it refers to. It leaves
// out the structures that a format cannot express, and returns them as left. bytes counts the
// stored documents, once for each route.
func (r *Routes) Plan(ctx context.Context, tx *registry.Transaction, selected *Selection) (entries []Planned, left []producer.Left, bytes int64, err error) {
	current, err := r.store.Current(ctx, tx.Number)
	if err != nil {
		return nil, nil, 0, producer.Stored(err)
	}
	entries = make([]Planned, 0, len(current))
	for _, e := range current {
		if to := selected.takes(e.URN); to != 0 {
			entries = append(entries, Planned{e, to})
		}
	}
	if left, err = r.inexpressible(ctx, tx, entries); err != nil {
		return nil, nil, 0, err
	}
	if len(left) > 0 {
		entries = slices.DeleteFunc(entries, func(e Planned) bool { return e.to == 0 })
	}
	for i := range entries {
		bytes += entries[i].cost()
	}
	return entries, left, bytes, nil
}

// cost returns the bytes of the entry's stored document, once for each of its routes.
func (p *Planned) cost() int64 { return int64(p.Bytes) * int64(bits.OnesCount64(p.to)) }

// Chunks are the Kafka transactions of a job's replaces. Part or Pass must be called for each
// once, in order: Part if the chunk is to be sent, Pass if it is on the topics already.
type Chunks struct {
	routes *Routes
	tx     *registry.Transaction
	chunks []chunk
	marks  []*jobMark // by route
}

// Chunks divides a job's entries into chunks of at most limit bytes of stored documents.
func (r *Routes) Chunks(job *producer.Job, tx *registry.Transaction, entries []Planned, limit int64) *Chunks {
	c := &Chunks{routes: r, tx: tx, chunks: cut(entries, limit), marks: make([]*jobMark, len(r.outputs))}
	for _, output := range r.outputs {
		c.marks[output.index] = &jobMark{job: job, chunks: len(c.chunks), left: countOf(entries, output)}
	}
	return c
}

// Len returns the number of chunks.
func (c *Chunks) Len() int { return len(c.chunks) }

// Size returns the number of structures and the bytes of stored documents of chunk i.
func (c *Chunks) Size(i int) (structures int, bytes int64) {
	return len(c.chunks[i].entries), c.chunks[i].bytes
}

// Pass counts the records of chunk i as sent.
func (c *Chunks) Pass(i int) {
	for _, output := range c.routes.outputs {
		c.marks[output.index].skip(countOf(c.chunks[i].entries, output))
	}
}

// Part returns the Kafka transaction of chunk i.
func (c *Chunks) Part(i int) Part {
	entries, stamps := c.chunks[i].entries, make([]*stamp, len(c.routes.outputs))
	for _, output := range c.routes.outputs {
		c.marks[output.index].chunk = i + 1
		stamps[output.index] = c.routes.newStamp(c.tx, registry.Replace, countOf(entries, output))
		stamps[output.index].job = c.marks[output.index]
	}
	return Part{registry.Replace, func(ctx context.Context, yield func(*producer.Record) error) error {
		return c.routes.stream(ctx, c.tx, stamps, entries, yield)
	}}
}

// Clear returns the Kafka transaction of a job's tombstones for the stale keys of topics, a
// structure before those that it refers to, and the number of tombstones. If that is 0 there is
// nothing to send.
func (r *Routes) Clear(job *producer.Job, tx *registry.Transaction, stale map[string]map[string]bool) (p Part, count int) {
	keys := make([][]string, len(r.outputs))
	for _, output := range r.outputs {
		keys[output.index] = sortedForDelete(stale[output.Topic])
		count += len(keys[output.index])
	}
	if count == 0 {
		return Part{}, 0
	}
	plain := r.tombstones(&Work{Transaction: *tx}, keys)[0]
	return Part{plain.Kind, func(ctx context.Context, yield func(*producer.Record) error) error {
		return plain.Each(ctx, func(record *producer.Record) error {
			record.Headers = append(record.Headers, producer.Header{Key: producer.HeaderJob, Value: []byte(fmt.Sprintf("%s %s 1/1", job.Kind, job.ID))})
			return yield(record)
		})
	}}, count
}
