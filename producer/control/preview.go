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

// An Extent selects current structures: those that pass all filters and, unless From is 0,
// that transactions From to To changed, both ends included.
type Extent struct {
	Filters  []producer.Filter
	From, To registry.Number
}

// An Amount counts structures and the bytes of their stored documents.
type Amount struct{ Structures, Bytes int64 }

// Contents reads the current structures for previews.
type Contents interface {
	// Last returns the number of the last transaction. The current structures do not
	// change as long as that does not.
	Last(ctx context.Context) (registry.Number, error)
	// Amount counts the structures of an extent.
	Amount(ctx context.Context, e Extent) (Amount, error)
	// Documents lists the structures of an extent, of some classes or of all if none are
	// named, in the same order each time.
	Documents(ctx context.Context, e Extent, classes []string) ([]producer.Entry, error)
	// Bodies returns the canonical forms of documents, in the order asked for.
	Bodies(ctx context.Context, documents []int64) ([][]byte, error)
}

// A RoutePreview says what a route would send if all current structures were sent.
type RoutePreview struct {
	Topic   string `json:"topic"`
	Matches int64  `json:"matches"` // structures that are current and pass the filter
	Bytes   int64  `json:"bytes"`   // of their stored documents
	// Inexpressible counts the matching structures that were examined and that the format
	// cannot express.
	Inexpressible int64 `json:"inexpressible"`
	// Unexamined counts the matching structures that were not examined yet; a later
	// preview continues with them.
	Unexamined int64 `json:"unexamined"`
}

// Messages returns how many structures a route would send, as far as is known.
func (r *RoutePreview) Messages() int64 { return r.Matches - r.Inexpressible }

// Preview says what routes would send now of a scope. It spends up to patience on finding
// structures that the formats cannot express, and remembers the results for the next call.
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

// Matching counts the current structures that pass a filter.
func (p *Producers) Matching(ctx context.Context, f producer.Filter) (Amount, error) {
	return p.amounts.of(ctx, p.Directory, Extent{Filters: []producer.Filter{f}})
}

const (
	// amountAge is how long a count is reused even if transactions were recorded since: a
	// form asks again at each key press.
	amountAge = time.Second
	// amountsMax bounds the cached counts.
	amountsMax = 256
)

// amounts caches counts until a transaction is recorded.
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

// verdicts caches which documents a format can express. Documents never change.
type verdicts struct {
	mu    sync.Mutex
	known map[string]map[int64]bool // by format and document
}

// verdictsMax bounds the verdicts that are cached for one format, verdictBytes the
// documents that are read at a time.
const (
	verdictsMax  = 2_000_000
	verdictBytes = 1 << 20
)

// of counts the structures of an extent that a format cannot express, and those that are
// still unexamined after patience.
func (v *verdicts) of(ctx context.Context, c Contents, e Extent, f *formats.Format, patience time.Duration) (inexpressible, unexamined int64, err error) {
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
	inexpressible, entries = v.cached(f.Name, entries)
	until := time.Now().Add(patience)
	for len(entries) > 0 && time.Now().Before(until) {
		n, bytes := 0, 0
		for n < len(entries) && (n == 0 || bytes+entries[n].Bytes <= verdictBytes) {
			bytes += entries[n].Bytes
			n++
		}
		more, err := v.examine(ctx, c, f, entries[:n])
		if err != nil {
			return 0, 0, err
		}
		inexpressible, entries = inexpressible+more, entries[n:]
	}
	return inexpressible, int64(len(entries)), nil
}

// cached counts the entries that are known to be inexpressible, and returns those without a
// verdict.
func (v *verdicts) cached(format string, entries []producer.Entry) (inexpressible int64, rest []producer.Entry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range entries {
		switch can, known := v.known[format][e.Document]; {
		case !known:
			rest = append(rest, e)
		case !can:
			inexpressible++
		}
	}
	return inexpressible, rest
}

// examine reads the documents of entries, caches the verdict on each, and counts the
// inexpressible ones.
func (v *verdicts) examine(ctx context.Context, c Contents, f *formats.Format, entries []producer.Entry) (inexpressible int64, err error) {
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
			inexpressible++
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
	return inexpressible, nil
}

// A HeldRoute counts what the database knows of a topic of a producer, without reading the
// topic.
type HeldRoute struct {
	Topic string `json:"topic"`
	// Current counts structures whose current version is on the topic. Full reports that
	// a baseline was sent since the route's last change; without one, only structures
	// changed after that are counted.
	Current int64 `json:"current"`
	Full    bool  `json:"full"`
	// LeftOut counts current structures that the route's format could not express.
	LeftOut int64 `json:"leftOut"`
}

// Held returns what the database knows of the topics that the producer published to, by
// topic.
func (a *Producer) Held(ctx context.Context) (map[string]HeldRoute, error) {
	all, err := a.records.Held(ctx)
	out := make(map[string]HeldRoute, len(all))
	for _, h := range all {
		out[h.Topic] = h
	}
	return out, err
}
