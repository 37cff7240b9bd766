package plan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"urncast/internal/crash"
	"urncast/registry"
	"urncast/sdmx"
)

// errRollback ends the database transaction of a submission that is refused or a dry run.
var errRollback = errors.New("rolled back")

// Submit accepts a submission or refuses it whole. A refusal is not an error: the outcome has
// its reasons. After an error nothing is written, unless the error is of the commit itself:
// then the log shows whether the submission was recorded, and it can be sent again (R5).
func (r *Registry) Submit(ctx context.Context, in registry.Submission) (*registry.Outcome, error) {
	p := newProposal(in, "", nil)
	p.share = &share{of: &r.budget}
	defer p.share.giveBack()
	if err := p.collect(); err != nil {
		return nil, err
	}
	p.origin = p.modes()
	if len(p.entries)+len(p.deletes)+len(p.items) == 0 {
		return nil, &registry.InvalidError{Text: "There is no structure in what was sent, so there is nothing to do; nothing is deleted, whatever the action."}
	}
	return r.decide(ctx, p)
}

func newProposal(in registry.Submission, origin string, rename *registry.Rename) *proposal {
	if in.CorrelationID == "" {
		in.CorrelationID = uuid.NewString()
	}
	return &proposal{Submission: in, origin: origin, rename: rename}
}

// decide plans a proposal under the lock of the counter row and writes the decision. A dry
// run takes no lock, so no other submission waits for it.
func (r *Registry) decide(ctx context.Context, p *proposal) (*registry.Outcome, error) {
	if len(p.Force) > registry.ReasonMax {
		return nil, &registry.InvalidError{Text: fmt.Sprintf("The reason of a force has %d bytes, more than the limit of %d.", len(p.Force), registry.ReasonMax)}
	}
	if len(p.Key) > keyMax {
		return nil, &registry.InvalidError{Text: fmt.Sprintf("The key of the request has %d bytes, more than the limit of %d.", len(p.Key), keyMax)}
	}
	crash.At(crash.SubmitDocuments)
	var o *registry.Outcome
	err := r.store.Update(ctx, p.ahead(), func(tx registry.Tx) error {
		p.report(registry.StageCompared, 0)
		if made, err := p.recorded(ctx, tx); err != nil || len(made) > 0 {
			o = &registry.Outcome{Transactions: made, Repeated: true}
			return cmp.Or(err, errRollback)
		}
		d, err := p.makePlan(ctx, tx)
		if err != nil {
			return err
		}
		crash.At(crash.SubmitChecked)
		ws := p.writes(d, tx.Last())
		o = p.outcome(d)
		if o.Refused() || p.DryRun || len(ws) == 0 {
			return errRollback
		}
		for i := range ws {
			o.Transactions = append(o.Transactions, ws[i].Number)
		}
		return tx.Write(ctx, ws, p.act(d, o), func(structures int) { p.report(registry.StageWritten, structures) })
	})
	if err != nil && !errors.Is(err, errRollback) {
		return nil, err
	}
	crash.At(crash.SubmitCommitted)
	return o, nil
}

// recorded returns what an earlier request with the key of a proposal has become. It is called
// under the lock, and the key is written with the transaction. So of two requests with one key,
// on any instances, the second finds the first, or the first has written nothing.
func (p *proposal) recorded(ctx context.Context, tx registry.Tx) ([]registry.Number, error) {
	if p.Key == "" || p.DryRun {
		return nil, nil
	}
	made, err := tx.Recorded(ctx, p.User, p.Key)
	if err != nil {
		return nil, fmt.Errorf("looking up the request's key: %w", err)
	}
	return made, nil
}

// makePlan plans a proposal, loads what the plan needs, and plans again until it needs
// nothing more; usually a few times. It ends, since each time the world has grown, and a plan
// can ask only for what the database contains.
func (p *proposal) makePlan(ctx context.Context, tx registry.Tx) (*decision, error) {
	settings, err := tx.Settings(ctx)
	if err != nil {
		return nil, err
	}
	w := newWorld(settings)
	if err := w.loadVersions(ctx, tx, p.ahead().Keys); err != nil {
		return nil, err
	}
	for {
		d, n, err := plan(w, p)
		if err != nil {
			return nil, err
		}
		if p.rename != nil && d.affected > 0 {
			p.report(registry.StageFound, d.affected)
		}
		if n.empty() {
			p.report(registry.StageCompared, len(d.entries))
			p.report(registry.StageChecked, len(d.entries))
			return d, nil
		}
		rewritten := func(documents int) {
			if p.rename != nil {
				p.report(registry.StageCompared, documents)
			}
		}
		if err := w.load(ctx, tx, n, rewritten); err != nil {
			return nil, err
		}
	}
}

// report calls Submission.Progress, if it is set.
func (p *proposal) report(stage registry.Stage, structures int) {
	if p.Progress != nil {
		p.Progress(stage, structures)
	}
}

// ahead announces the keys that the first plan will ask for.
func (p *proposal) ahead() registry.Ahead {
	seen := map[registry.Key]bool{}
	add := func(k registry.Key) { seen[k] = true }
	for _, list := range [][]*entry{p.entries, p.deletes} {
		for _, e := range list {
			add(registry.KeyOf(e.urn))
			for _, r := range e.change.Refs {
				add(registry.KeyOf(r.URN))
			}
			scheme, _ := sdmx.AgencySchemeOf(e.urn.Agency)
			add(registry.KeyOf(scheme))
		}
	}
	for _, it := range p.items {
		add(registry.KeyOf(it.URN))
	}
	if n := p.rename; n != nil && n.Agency == "" {
		add(registry.KeyOf(n.Structure))
		add(registry.KeyOf(sdmx.URN{Class: n.Structure.Class, Agency: n.Structure.Agency, ID: n.NewID}))
	}
	return registry.Ahead{Keys: keysOf(seen), ReadOnly: p.DryRun}
}

// collect reads the submitted structures and deletions into the proposal, before any lock is
// taken.
func (p *proposal) collect() error {
	seen := map[sdmx.URN]*entry{}
	add := func(in registry.Submitted) error {
		u := sdmx.URNOf(in.Structure).Clone()
		e, first := newEntry(u, in.Where), seen[u]
		if p.Mode != registry.ModeDelete {
			e.described = describe(u, in.Structure)
		}
		if in.Unresolved != "" {
			e.faults = nil // they would say that the reference is missing
			e.refuse(registry.ReasonUnresolved, nil, "%s", in.Unresolved)
		}
		switch {
		case first == nil:
			seen[u] = e
		case first.change.Digest == e.change.Digest:
			first.notice("The same %s was sent again at %s, and is taken once.", u, in.Where)
			return nil
		default:
			e.refuse(registry.ReasonTwice, nil, "%s is in the submission twice, with different content: at %s and at %s; send it once.", u, first.result.Where, in.Where)
		}
		p.entries = append(p.entries, e)
		return p.share.take(len(e.change.Body))
	}
	if p.Structures != nil {
		if err := p.Structures(add); err != nil {
			return err
		}
	}
	p.assignModes()
	for _, d := range p.Deletions {
		if d.Item != "" {
			if !slices.Contains(p.items, d) {
				p.items = append(p.items, d)
			}
		} else if seen[d.URN] == nil {
			seen[d.URN] = newEntry(d.URN, "deletion of "+d.URN.Short())
			seen[d.URN].result.Mode = registry.ModeDelete
			p.deletes = append(p.deletes, seen[d.URN])
		}
	}
	return nil
}

// assignModes gives each structure its mode, and sorts out those to be deleted.
func (p *proposal) assignModes() {
	var kept []*entry
	for _, e := range p.entries {
		mode := p.Mode
		if p.Modes != nil {
			mode = cmp.Or(p.Modes(e.urn), mode)
		}
		if e.result.Mode = mode; mode == registry.ModeDelete {
			e.described = described{}
			p.deletes = append(p.deletes, e)
		} else {
			kept = append(kept, e)
		}
	}
	p.entries = kept
}

// modes returns the different modes of the structures, in the order of Mode and joined by commas.
func (p *proposal) modes() string {
	var out []registry.Mode
	for _, e := range slices.Concat(p.entries, p.deletes) {
		if m := e.result.Mode; m != registry.ModeInformation && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		return p.Mode.String()
	}
	slices.Sort(out)
	var names []string
	for _, m := range out {
		names = append(names, m.String())
	}
	return strings.Join(names, ", ")
}

// writes returns the transactions of a decision: one of replaces, one of deletes, or a pair of
// both (R3).
func (p *proposal) writes(d *decision, last registry.Number) []registry.Write {
	var ws []registry.Write
	base := registry.Transaction{User: p.User, Origin: p.origin, Traceparent: p.Traceparent, CorrelationID: p.CorrelationID}
	if len(d.forced) > 0 {
		base.Origin = "forced " + p.origin
	}
	add := func(kind registry.Kind, changes []registry.WriteChange) {
		if len(changes) == 0 {
			return
		}
		w := registry.Write{Transaction: base, Changes: changes}
		w.ID, w.Kind, w.Number, w.Structures = uuid.NewString(), kind, last+registry.Number(len(ws))+1, len(changes)
		for i := range changes {
			w.Bytes += int64(len(changes[i].Body))
		}
		ws = append(ws, w)
	}
	add(registry.Replace, d.replaces)
	add(registry.Delete, d.removes)
	if len(ws) > 0 {
		ws[0].Key = p.Key
	}
	if len(ws) == 2 {
		ws[0].Pair, ws[1].Pair = ws[1].Number, ws[0].Number
	}
	return ws
}

// outcome returns the answer for a decision, without transaction numbers.
func (p *proposal) outcome(d *decision) *registry.Outcome {
	o := &registry.Outcome{DryRun: p.DryRun, Dangling: d.dangling}
	for i := range d.replaces {
		o.Replaces = append(o.Replaces, registry.Content{URN: d.replaces[i].URN, Body: d.replaces[i].Body})
	}
	for _, e := range d.all() {
		e.result.Verdict = cmp.Or(e.result.Verdict, registry.Unchanged)
		o.Results = append(o.Results, *e.result)
	}
	slices.SortStableFunc(o.Results, func(a, b registry.Result) int {
		unnamed := func(r registry.Result) int {
			if r.Where == "" {
				return 1
			}
			return 0
		}
		return unnamed(a) - unnamed(b)
	})
	return o
}

// keyMax bounds Request.Key, in bytes.
const keyMax = 100

// forcedMax bounds the structures that the audit entry of a forced change names. The entry
// also has their number, and the log has all of them.
const forcedMax = 100

// act returns the audit entry of a submission. It is short, because the log has the details.
func (p *proposal) act(d *decision, o *registry.Outcome) registry.Act {
	subject := fmt.Sprintf("transaction %d", o.Transactions[0])
	if len(o.Transactions) > 1 {
		subject = fmt.Sprintf("transactions %d and %d", o.Transactions[0], o.Transactions[1])
	}
	counts := map[string]int{}
	for i := range o.Results {
		counts[o.Results[i].Verdict.String()]++
	}
	detail := map[string]any{"transactions": o.Transactions, "action": p.origin, "structures": counts}
	if len(d.forced) == 0 {
		return p.Actor.Did(registry.ActStructuresChanged, subject, detail)
	}
	var names []string
	for _, u := range d.forced[:min(len(d.forced), forcedMax)] {
		names = append(names, u.String())
	}
	detail["reason"], detail["forced"], detail["forcedCount"] = p.Force, names, len(d.forced)
	return p.Actor.Did(registry.ActStructuresForced, subject, detail)
}
