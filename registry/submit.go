package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"urncast/internal/crash"
	"urncast/sdmx"
)

// An entry is one structure of a submission. Of the structure it keeps the canonical
// form, which takes a fraction of the memory, and is read where items are asked for.
type entry struct {
	urn    sdmx.URN
	result *Result
	free   bool // a rename may change what is immutable

	before  *Stored
	change  WriteChange // empty for a delete
	scheme  bool        // of items
	partial bool        // a scheme that does not hold all of its items
	faults  []sdmx.Fault
	changed bool
}

// A submission is one call of Submit or Rename at work.
type submission struct {
	Submission
	origin   string
	settings Settings
	outcome  *Outcome
	entries  []*entry // replaces, in the order of the submission
	deletes  []*entry
	items    []sdmx.Ref // single items to delete
	agencies map[string]bool
	world    *world
	tx       Tx
}

// errRefused rolls a submission back that was refused or was a dry run.
var errRefused = errors.New("rolled back")

// Submit takes a submission or refuses it whole: a refusal is no error, the
// outcome tells it. An error means that nothing was decided and nothing written.
func (r *Registry) Submit(ctx context.Context, in Submission) (*Outcome, error) {
	s := newSubmission(in, in.Mode.String())
	if err := s.collect(); err != nil {
		return nil, err
	}
	return r.decide(ctx, s, s.apply)
}

func newSubmission(in Submission, origin string) *submission {
	if in.CorrelationID == "" {
		in.CorrelationID = uuid.NewString()
	}
	return &submission{Submission: in, origin: origin, outcome: &Outcome{DryRun: in.DryRun}, agencies: map[string]bool{}}
}

// decide runs apply and the rules under the lock, and writes what they let pass. A dry
// run takes no lock: however long it takes, it holds nobody up.
func (r *Registry) decide(ctx context.Context, s *submission, apply func(context.Context) error) (*Outcome, error) {
	crash.At(crash.SubmitDocuments)
	err := r.store.Update(ctx, s.ahead(), func(tx Tx) error {
		s.tx, s.world = tx, newWorld(tx)
		s.told(StageCompared, 0)
		var err error
		if s.settings, err = tx.Settings(ctx); err != nil {
			return err
		}
		if err := apply(ctx); err != nil {
			return err
		}
		s.permit()
		if err := s.check(ctx); err != nil {
			return err
		}
		crash.At(crash.SubmitChecked)
		ws := s.writes()
		s.tell(ws)
		if s.refused() || s.DryRun || len(ws) == 0 {
			return errRefused
		}
		s.outcome.Transactions = nil
		for i := range ws {
			s.outcome.Transactions = append(s.outcome.Transactions, ws[i].Number)
		}
		return tx.Write(ctx, ws, s.act(), func(structures int) { s.told(StageWritten, structures) })
	})
	if err != nil && !errors.Is(err, errRefused) {
		return nil, err
	}
	crash.At(crash.SubmitCommitted)
	s.finish()
	return s.outcome, nil
}

func (s *submission) told(stage Stage, structures int) {
	if s.Told != nil {
		s.Told(stage, structures)
	}
}

// permit refuses what whoever submits may not change. It comes after apply, for a
// rename or a full replace changes more than the submission names.
func (s *submission) permit() {
	if s.May == nil {
		return
	}
	for _, e := range append(s.entries[:len(s.entries):len(s.entries)], s.deletes...) {
		if !s.May(e.urn.Agency) {
			e.refuse(ReasonForbidden, nil, "%s is maintained by %s, whose structures your role does not let you change. Ask an administrator, or leave it out.", e.urn, e.urn.Agency)
		}
	}
}

// tell puts what is to be written into the outcome.
func (s *submission) tell(ws []Write) {
	s.outcome.Replaces = nil // the store may run the decision again
	for i := range ws {
		if ws[i].Kind != Replace {
			continue
		}
		for j := range ws[i].Changes {
			c := &ws[i].Changes[j]
			s.outcome.Replaces = append(s.outcome.Replaces, Content{c.URN, c.Body})
		}
	}
}

// act is what the audit tells: one line, for the log has everything else.
func (s *submission) act() Act {
	subject := "transaction " + strconv.FormatInt(int64(s.outcome.Transactions[0]), 10)
	if len(s.outcome.Transactions) > 1 {
		subject = "transactions " + strconv.FormatInt(int64(s.outcome.Transactions[0]), 10) + " and " + strconv.FormatInt(int64(s.outcome.Transactions[1]), 10)
	}
	counts := map[string]int{}
	for _, e := range append(s.entries[:len(s.entries):len(s.entries)], s.deletes...) {
		counts[cmp.Or(e.result.Verdict, Unchanged).String()]++
	}
	return s.Actor.Did(ActStructuresChanged, subject,
		map[string]any{"transactions": s.outcome.Transactions, "action": s.origin, "structures": counts})
}

// ahead names what apply and check will surely read.
func (s *submission) ahead() Ahead {
	a := Ahead{Look: s.DryRun}
	for _, list := range [][]*entry{s.entries, s.deletes} {
		for _, e := range list {
			a.URNs = append(a.URNs, e.urn)
		}
	}
	a.Keys = s.targetKeys(func(*entry) bool { return true })
	return a
}

// finish orders the results: those of the submission, then what it changed
// without naming it.
func (s *submission) finish() {
	for _, list := range [][]*entry{s.entries, s.deletes} {
		for _, e := range list {
			if e.result.Verdict == 0 {
				e.result.Verdict = Unchanged
			}
			s.outcome.Results = append(s.outcome.Results, *e.result)
		}
	}
	slices.SortStableFunc(s.outcome.Results, func(a, b Result) int {
		unnamed := func(r Result) int {
			if r.Where == "" {
				return 1
			}
			return 0
		}
		return unnamed(a) - unnamed(b)
	})
}

// Refused is asked before finish too, so entries count.
func (s *submission) refused() bool {
	return slices.ContainsFunc(append(s.entries, s.deletes...), func(e *entry) bool { return e.result.Verdict == Refused })
}

// collect takes what was submitted, without any lock.
func (s *submission) collect() error {
	seen := map[sdmx.URN]bool{}
	add := func(in Submitted) error {
		u := sdmx.URNOf(in.Structure).Clone()
		e := &entry{urn: u, result: &Result{URN: u, Where: in.Where}}
		if seen[u] {
			e.refuse(ReasonTwice, nil, "%s is in the submission twice; send it once.", u)
		}
		seen[u] = true
		s.agencies[u.Agency] = true
		if s.Mode == ModeDelete {
			s.deletes = append(s.deletes, e)
			return nil
		}
		e.describe(in.Structure)
		s.entries = append(s.entries, e)
		return nil
	}
	if s.Structures != nil {
		if err := s.Structures(add); err != nil {
			return err
		}
	}
	for _, d := range s.Deletions {
		if d.Item != "" {
			s.items = append(s.items, d)
			continue
		}
		if !seen[d.URN] {
			seen[d.URN] = true
			s.deletes = append(s.deletes, &entry{urn: d.URN, result: &Result{URN: d.URN, Where: "deletion of " + d.URN.Short()}})
		}
	}
	return nil
}

// describe computes what is stored of a structure, and beside it.
func (e *entry) describe(m sdmx.Maintainable) {
	body := sdmx.AppendCanonical(nil, m)
	e.change = WriteChange{
		URN: e.urn, Body: body, Digest: sdmx.DigestOf(body), Structural: sdmx.StructuralDigest(m),
		Immutable: sdmx.Immutable(m), Final: m.Common().Final, Refs: sdmx.Refs(m),
	}
	scheme, ok := m.(sdmx.ItemScheme)
	e.scheme, e.partial, e.faults = ok, ok && scheme.IsPartial(), sdmx.Check(m)
}

func (e *entry) refuse(reason Reason, urns []string, format string, args ...any) {
	e.result.Verdict = Refused
	e.result.Problems = append(e.result.Problems, Problem{reason, fmt.Sprintf(format, args...), urns[:min(len(urns), 100)]})
}

// apply lays the submission over what is stored, by the rules of its mode.
func (s *submission) apply(ctx context.Context) error {
	urns := make([]sdmx.URN, 0, len(s.entries)+len(s.deletes))
	for _, e := range append(s.entries[:len(s.entries):len(s.entries)], s.deletes...) {
		urns = append(urns, e.urn)
	}
	current, err := s.tx.Current(ctx, urns)
	if err != nil {
		return err
	}
	for i, e := range s.entries {
		if st, ok := current[e.urn]; ok {
			e.before = &st
		}
		if err := s.applyOne(ctx, e); err != nil {
			return err
		}
		s.told(StageCompared, i+1)
	}
	for _, e := range s.deletes {
		st, ok := current[e.urn]
		if !ok {
			e.refuse(ReasonMissing, nil, "%s is not in the registry, so it cannot be deleted.", e.urn)
			continue
		}
		s.remove(e, st)
	}
	if err := s.applyItems(ctx); err != nil {
		return err
	}
	if s.Mode == ModeFullReplace {
		return s.applyFull(ctx)
	}
	return nil
}

func (s *submission) remove(e *entry, st Stored) {
	e.before, e.changed = &st, true
	if e.result.Verdict != Refused {
		e.result.Verdict = Deleted
	}
	s.world.gone[e.urn] = true
}

// applyOne decides what becomes of one structure, references aside.
func (s *submission) applyOne(ctx context.Context, e *entry) error {
	if e.before == nil {
		if s.MustExist {
			e.refuse(ReasonMissing, nil, "%s is not in the registry, and this request only replaces what is there; send it with POST to create it.", e.urn)
			return nil
		}
		s.put(e, Created)
		return nil
	}
	if err := s.merge(ctx, e); err != nil {
		return err
	}
	if e.result.Verdict == Refused || e.change.Digest == e.before.Digest {
		s.world.add(e)
		return nil
	}
	s.put(e, Updated)
	return nil
}

func (s *submission) put(e *entry, v Verdict) {
	e.invalid(e.faults)
	b := e.before
	if b != nil && b.Immutable && !e.free {
		switch {
		case b.Final && !e.change.Final:
			e.refuse(ReasonImmutable, nil, "%s is final, which cannot be taken back. Submit the change under a new version.", e.urn)
		case b.Structural.Comparable(e.change.Structural) && b.Structural != e.change.Structural:
			e.refuse(ReasonImmutable, nil, "%s may not change any more, because it is final or its version is stable; only names, descriptions, annotations, links and validity may. Submit the change under a new version.", e.urn)
		}
	}
	e.changed = true
	if e.result.Verdict != Refused {
		e.result.Verdict = v
	}
	s.world.fresh[e.urn] = true
	s.world.add(e)
}

// applyFull deletes what the agencies of the submission, or all, maintain and the
// submission does not hold.
func (s *submission) applyFull(ctx context.Context) error {
	agencies := []string{}
	for a := range s.agencies {
		agencies = append(agencies, a)
	}
	if s.WholeRegistry {
		agencies = nil
	} else if len(agencies) == 0 {
		return nil
	}
	all, err := s.tx.Maintained(ctx, agencies)
	if err != nil {
		return err
	}
	for _, st := range all {
		if s.world.put[st.URN] == nil {
			e := &entry{urn: st.URN, result: &Result{URN: st.URN}}
			s.deletes = append(s.deletes, e)
			s.remove(e, st)
		}
	}
	return nil
}

// writes makes the transactions: replaces first, deletes second, as a pair.
func (s *submission) writes() []Write {
	var ws []Write
	base := Transaction{RecordedAt: time.Now().UTC().Truncate(time.Microsecond), User: s.User, Origin: s.origin, Traceparent: s.Traceparent, CorrelationID: s.CorrelationID}
	if s.refused() {
		return nil
	}
	add := func(kind Kind, list []*entry) {
		var nodes []Node
		var changed []*entry
		for _, e := range list {
			if e.changed {
				changed = append(changed, e)
				nodes = append(nodes, Node{e.urn, e.change.Refs})
			}
		}
		if len(changed) == 0 {
			return
		}
		w := Write{Transaction: base}
		w.ID, w.Kind, w.Number = uuid.NewString(), kind, s.tx.Last()+Number(len(ws))+1
		for _, i := range Order(nodes) {
			c := changed[i].change
			c.URN = changed[i].urn
			w.Changes = append(w.Changes, c)
			w.Bytes += int64(len(c.Body))
		}
		if kind == Delete {
			slices.Reverse(w.Changes)
		}
		w.Structures = len(w.Changes)
		ws = append(ws, w)
	}
	add(Replace, s.entries)
	add(Delete, s.deletes)
	if len(ws) == 2 {
		ws[0].Pair, ws[1].Pair = ws[1].Number, ws[0].Number
	}
	return ws
}
