package control

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"urncast/formats"
	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

// An Extent is a part of what is current: what passes all of its filters and, unless
// From is 0, what transactions From to To touched, both ends included.
type Extent struct {
	Filters  []producer.Filter
	From, To registry.Number
}

// An Amount is how much there is of something; Bytes are those of stored documents.
type Amount struct{ Structures, Bytes int64 }

// Contents tells what is current, as far as a preview asks.
type Contents interface {
	// Last is the number of the last transaction: as long as that stands, nothing else
	// is current.
	Last(ctx context.Context) (registry.Number, error)
	// Amount counts what an extent holds.
	Amount(ctx context.Context, e Extent) (Amount, error)
	// Documents lists what it holds of classes, all if there are none, in a lasting order.
	Documents(ctx context.Context, e Extent, classes []string) ([]producer.Entry, error)
	// Bodies gives the canonical forms of documents, in the order asked for.
	Bodies(ctx context.Context, documents []int64) ([][]byte, error)
}

// A RoutePreview says what a route would send if everything that is current were sent.
type RoutePreview struct {
	Topic   string `json:"topic"`
	Matches int64  `json:"matches"` // structures that are current and pass the filter
	Bytes   int64  `json:"bytes"`   // of their stored documents
	// Inexpressible counts those of them that were looked at and that the format
	// cannot express.
	Inexpressible int64 `json:"inexpressible"`
	// Unexamined counts those that were not looked at yet; a later preview goes on there.
	Unexamined int64 `json:"unexamined"`
}

// Messages is how many structures a route would send, as far as is known.
func (r *RoutePreview) Messages() int64 { return r.Matches - r.Inexpressible }

// Preview says what routes would send now of what a scope is about. It looks for what
// formats cannot express for as long as patience lasts, and remembers what it saw.
func (p *Producers) Preview(ctx context.Context, routes []producer.Route, scope producer.Scope, patience time.Duration) ([]RoutePreview, error) {
	if err := scope.Filter.Check(); err != nil {
		return nil, producer.BadEdit("%s", err)
	}
	out := []RoutePreview{}
	for i := range routes {
		r := &routes[i]
		if len(scope.Topics) > 0 && !slices.Contains(scope.Topics, r.Topic) {
			continue
		}
		if err := r.Filter.Check(); err != nil {
			return nil, producer.BadEdit("%s", err)
		}
		f, err := formats.ByName(r.Format)
		if err != nil {
			return nil, producer.BadEdit("%s", err)
		}
		e := Extent{Filters: []producer.Filter{r.Filter, scope.Filter}, From: scope.From, To: scope.To}
		a, err := p.amounts.of(ctx, p.Directory, e)
		if err != nil {
			return nil, err
		}
		one := RoutePreview{Topic: r.Topic, Matches: a.Structures, Bytes: a.Bytes}
		if one.Inexpressible, one.Unexamined, err = p.verdicts.of(ctx, p.Directory, e, f, patience/time.Duration(len(routes))); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// Matching counts what is current and passes a filter.
func (p *Producers) Matching(ctx context.Context, f producer.Filter) (Amount, error) {
	return p.amounts.of(ctx, p.Directory, Extent{Filters: []producer.Filter{f}})
}

const (
	// amountAge is how old a count may be whatever was recorded since: a form asks again
	// with each key.
	amountAge = time.Second
	// amountsMax bounds the counts that are kept.
	amountsMax = 256
)

// amounts keep counts until something is recorded.
type amounts struct {
	mu   sync.Mutex
	kept map[string]keptAmount
}

type keptAmount struct {
	Amount
	last registry.Number
	at   time.Time
}

func (a *amounts) of(ctx context.Context, c Contents, e Extent) (Amount, error) {
	last, err := c.Last(ctx)
	if err != nil {
		return Amount{}, err
	}
	key := fmt.Sprint(e.Filters, e.From, e.To)
	a.mu.Lock()
	kept, ok := a.kept[key]
	a.mu.Unlock()
	if ok && (kept.last == last || time.Since(kept.at) < amountAge) {
		return kept.Amount, nil
	}
	got, err := c.Amount(ctx, e)
	if err != nil {
		return got, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept == nil || len(a.kept) >= amountsMax {
		a.kept = map[string]keptAmount{}
	}
	a.kept[key] = keptAmount{got, last, time.Now()}
	return got, nil
}

// verdicts remember which documents a format can express. A document never changes.
type verdicts struct {
	mu    sync.Mutex
	known map[string]map[int64]bool // by format and document
}

// verdictsMax bounds what is remembered for one format; verdictBytes is what is read
// at a time.
const (
	verdictsMax  = 2_000_000
	verdictBytes = 1 << 20
)

// of counts what a format cannot express of an extent, and what is not known yet when
// the time is up.
func (v *verdicts) of(ctx context.Context, c Contents, e Extent, f *formats.Format, patience time.Duration) (off, unknown int64, err error) {
	classes := []string{}
	for _, class := range sdmx.Modelled() {
		if !formats.AlwaysExpressible(f, class) {
			classes = append(classes, class.String())
		}
	}
	if len(classes) == 0 {
		return 0, 0, nil
	}
	entries, err := c.Documents(ctx, e, classes)
	if err != nil {
		return 0, 0, err
	}
	off, entries = v.sort(f.Name, entries)
	until := time.Now().Add(patience)
	for len(entries) > 0 && time.Now().Before(until) {
		n, bytes := 0, 0
		for n < len(entries) && (n == 0 || bytes+entries[n].Bytes <= verdictBytes) {
			bytes += entries[n].Bytes
			n++
		}
		more, err := v.look(ctx, c, f, entries[:n])
		if err != nil {
			return 0, 0, err
		}
		off, entries = off+more, entries[n:]
	}
	return off, int64(len(entries)), nil
}

// sort counts those that are known not to be expressible, and gives those of which
// nothing is known.
func (v *verdicts) sort(format string, entries []producer.Entry) (off int64, rest []producer.Entry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range entries {
		switch can, known := v.known[format][e.Document]; {
		case !known:
			rest = append(rest, e)
		case !can:
			off++
		}
	}
	return off, rest
}

func (v *verdicts) look(ctx context.Context, c Contents, f *formats.Format, entries []producer.Entry) (off int64, err error) {
	ids := make([]int64, len(entries))
	for i := range entries {
		ids[i] = entries[i].Document
	}
	bodies, err := c.Bodies(ctx, ids)
	if err != nil {
		return 0, err
	}
	can := make([]bool, len(entries))
	for i, body := range bodies {
		m, err := sdmx.ParseCanonical(entries[i].URN.Class, body)
		if err != nil {
			return 0, fmt.Errorf("the stored document of %s cannot be read: %w", entries[i].URN, err)
		}
		if can[i] = formats.Expressible(f, m) == nil; !can[i] {
			off++
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = map[string]map[int64]bool{}
	}
	if v.known[f.Name] == nil || len(v.known[f.Name]) > verdictsMax {
		v.known[f.Name] = map[int64]bool{}
	}
	for i := range entries {
		v.known[f.Name][entries[i].Document] = can[i]
	}
	return off, nil
}

// A HeldRoute says what is known, without reading it, of a topic of a producer.
type HeldRoute struct {
	Topic string `json:"topic"`
	// Current counts structures that are on the topic as they are now. If Full is
	// false those that were sent before a baseline would have been are not counted.
	Current int64 `json:"current"`
	Full    bool  `json:"full"`
	// LeftOut counts structures that are current and that its format could not express.
	LeftOut int64 `json:"leftOut"`
}

// Held says what is known, without reading them, of the topics that the producer
// published to, by topic.
func (a *Producer) Held(ctx context.Context) (map[string]HeldRoute, error) {
	all, err := a.records.Held(ctx)
	out := make(map[string]HeldRoute, len(all))
	for _, h := range all {
		out[h.Topic] = h
	}
	return out, err
}
