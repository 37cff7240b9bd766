package record

import (
	"context"
	"errors"

	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/diff"
	"urncast/registry/plan"
	"urncast/sdmx"
	"urncast/web/console/page"
)

// SumBytesMax and SumBytesAll bound the bytes compared for lines of a list: of one
// structure, and of a page.
const (
	SumBytesMax = 256 << 10
	SumBytesAll = 4 << 20
)

// A Reader reads recorded transactions, for the rooms of the console.
type Reader struct {
	Kit      *page.Kit
	Registry *plan.Registry
}

// Transaction is a transaction without its structures; registry.ErrNotFound if there is none.
func (r *Reader) Transaction(ctx context.Context, n registry.Number) (t registry.Transaction, err error) {
	ts, err := r.Registry.Transactions(ctx, n-1, 1)
	if err != nil {
		return t, err
	}
	if len(ts) == 0 || ts[0].Number != n {
		return t, registry.ErrNotFound
	}
	return ts[0], nil
}

// Rows adds to transactions, newest first, their first structure and their status on each
// of the producers.
func (r *Reader) Rows(ctx context.Context, ts []registry.Transaction, producers []control.Status) ([]TransactionRow, error) {
	if len(ts) == 0 {
		return nil, nil
	}
	from, to := ts[len(ts)-1].Number, ts[0].Number
	firsts, err := r.Registry.Firsts(ctx, from, to)
	if err != nil {
		return nil, err
	}
	rows := make([]TransactionRow, len(ts))
	for i := range ts {
		rows[i] = TransactionRow{Transaction: ts[i], First: firsts[ts[i].Number], Statuses: make([]string, len(producers))}
	}
	for at := range producers {
		became, err := r.Became(ctx, producers[at].ID, from, to)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			rows[i].Statuses[at] = became[rows[i].Number].Status
		}
	}
	return rows, nil
}

// Became is the status of transactions on the producer with an id.
func (r *Reader) Became(ctx context.Context, id string, from, to registry.Number) (map[registry.Number]control.Became, error) {
	return r.Kit.Producers.Of(id).TransactionStatus(ctx, from, to)
}

// SentOn is the status of a transaction on each of the producers.
func (r *Reader) SentOn(ctx context.Context, producers []control.Status, n registry.Number) ([]Sent, error) {
	sent := make([]Sent, len(producers))
	for i := range producers {
		became, err := r.Became(ctx, producers[i].ID, n, n)
		if err != nil {
			return nil, err
		}
		sent[i] = sentOn(&producers[i], n, became[n])
	}
	return sent, nil
}

// Sums compares each transition that is small enough for a line; the others are nil.
// The contents are read in one round trip. If housekeeping has removed one of them
// meanwhile, none is compared.
func (r *Reader) Sums(ctx context.Context, transitions []registry.Transition) ([]*diff.Diff, error) {
	var ids []int64
	read := 0
	small := make([]bool, len(transitions))
	for i := range transitions {
		p := &transitions[i]
		size := p.Bytes + p.BeforeBytes
		if p.Kind != registry.Replace || p.Removed || p.BeforeRemoved || size > SumBytesMax || read+size > SumBytesAll {
			continue
		}
		small[i] = true
		read += size
		if ids = append(ids, p.Document); p.BeforeDocument > 0 {
			ids = append(ids, p.BeforeDocument)
		}
	}
	bodies, err := r.Registry.Documents(ctx, ids)
	out := make([]*diff.Diff, len(transitions))
	if errors.Is(err, registry.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	for i := range transitions {
		if !small[i] {
			continue
		}
		after, before := bodies[0], []byte(nil)
		if bodies = bodies[1:]; transitions[i].BeforeDocument > 0 {
			before, bodies = bodies[0], bodies[1:]
		}
		if out[i], err = compareBodies(transitions[i].URN.Class, before, after); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Compare compares a structure with its version before, whatever their size;
// registry.ErrNotFound if housekeeping removed the content of one.
func (r *Reader) Compare(ctx context.Context, p *registry.Transition) (*diff.Diff, error) {
	ids := []int64{p.Document}
	if p.BeforeDocument > 0 {
		ids = append(ids, p.BeforeDocument)
	}
	bodies, err := r.Registry.Documents(ctx, ids)
	if err != nil {
		return nil, err
	}
	return compareBodies(p.URN.Class, append(bodies, nil)[1], bodies[0])
}

// compareBodies compares canonical forms; before is nil where there was none.
func compareBodies(class sdmx.Class, before, after []byte) (*diff.Diff, error) {
	is, err := sdmx.ParseCanonical(class, after)
	if err != nil {
		return nil, err
	}
	var was sdmx.Maintainable
	if before != nil {
		if was, err = sdmx.ParseCanonical(class, before); err != nil {
			return nil, err
		}
	}
	d := diff.Between(was, is)
	return &d, nil
}
