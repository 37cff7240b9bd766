package registry

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"urncast/sdmx"
)

// A proposal is what is asked for, before it meets the registry: a submission or a rename.
// Of each structure it keeps the canonical form, which takes a fraction of the memory. It
// is made once and not changed by a plan.
type proposal struct {
	Submission
	origin  string
	entries []*entry   // structures to be stored, in the order of the submission
	deletes []*entry   // structures to be deleted
	items   []sdmx.Ref // single items to be deleted
	rename  *Rename    // in place of all these
	share   *share     // of the memory that submissions may hold; nil for a rename
}

// An entry is one structure of a proposal or of a plan.
type entry struct {
	urn    sdmx.URN
	result *Result
	described

	before  *Stored // what is stored; nil if it is not there
	changed bool
	forced  bool // a rule was set aside for it
}

// A described is a structure as it is to be stored; empty for a delete.
type described struct {
	change   WriteChange
	scheme   bool           // of items
	partial  bool           // a scheme that does not hold all of its items
	external bool           // a stub
	faults   []sdmx.Fault   // in it
	inside   func() *inside // of it, read when it is first asked for
}

// describe computes what is stored of a structure, and beside it.
func describe(u sdmx.URN, m sdmx.Maintainable) described {
	body := sdmx.AppendCanonical(nil, m)
	scheme, ok := m.(sdmx.ItemScheme)
	return described{
		change: WriteChange{
			URN: u, Body: body, Digest: sdmx.DigestOf(body), Structural: sdmx.StructuralDigest(m),
			Immutable: sdmx.Immutable(m), Final: m.Common().Final, Refs: sdmx.Refs(m),
		},
		scheme: ok, partial: ok && scheme.IsPartial(), external: m.Common().External, faults: sdmx.Check(m),
		inside: sync.OnceValue(func() *inside {
			m, err := sdmx.ParseCanonical(u.Class, body)
			if err != nil { // we wrote it
				panic(fmt.Sprintf("%s: the canonical form that was just written cannot be read: %s", u, err))
			}
			return insideOf(m)
		}),
	}
}

func newEntry(u sdmx.URN, where string) *entry {
	return &entry{urn: u, result: &Result{URN: u, Where: where}}
}

// A decision is what becomes of a proposal in a world.
type decision struct {
	entries, deletes []*entry
	dangling         []Dangling
	// forced are structures that a force lets be changed.
	forced []sdmx.URN
	// found is how many structures a rename moves or changes.
	found int
	// replaces and removes are what is to be recorded, in the order of publishing; empty
	// if anything is refused.
	replaces, removes []WriteChange
}

// A planner is one run of plan.
type planner struct {
	*proposal
	view
	decision
	named  map[sdmx.URN]bool // in the submission
	moving bool              // deletes are of a rename
	err    error             // the first; the decision then counts for nothing
}

// plan decides what becomes of a proposal in a world, by the rules R3 to R5 and R7: what
// is to be recorded, or every reason why nothing is. It is a function of its arguments
// alone. Where the world lacks something that was asked, the decision counts for nothing:
// the needs are to be added, and the plan made anew. An error is an *InvalidError, or says
// that a stored document cannot be read.
func plan(w *world, in *proposal) (*decision, *needs, error) {
	p := &planner{proposal: in, view: newView(w), named: map[sdmx.URN]bool{}}
	clone := func(list []*entry) []*entry {
		out := make([]*entry, len(list))
		for i, e := range list {
			c, r := *e, *e.result
			r.Problems, r.Notices = slices.Clone(r.Problems), slices.Clone(r.Notices)
			c.result = &r
			out[i] = &c
			p.named[e.urn] = true
		}
		return out
	}
	p.decision.entries, p.decision.deletes = clone(in.entries), clone(in.deletes)
	apply := p.apply
	if in.rename != nil {
		apply = p.applyRename
	}
	apply()
	p.permit()
	p.check()
	if p.err != nil {
		return nil, nil, p.err
	}
	if !p.decision.refused() {
		p.replaces, p.removes = p.ordered()
	}
	return &p.decision, &p.needs, nil
}

// refused says whether anything is.
func (d *decision) refused() bool {
	refused := func(e *entry) bool { return e.result.Verdict == Refused }
	return slices.ContainsFunc(d.entries, refused) || slices.ContainsFunc(d.deletes, refused)
}

// all are the entries, those to be stored first.
func (d *decision) all() []*entry { return slices.Concat(d.entries, d.deletes) }

func (e *entry) refuse(reason Reason, urns []string, format string, args ...any) {
	e.result.Verdict = Refused
	e.result.Problems = append(e.result.Problems, Problem{reason, fmt.Sprintf(format, args...), urns[:min(len(urns), 100)]})
}

func (e *entry) notice(format string, args ...any) {
	e.result.Notices = append(e.result.Notices, fmt.Sprintf(format, args...))
}

// immutable refuses what R7 keeps, unless it is forced.
func (p *planner) immutable(e *entry, format string, args ...any) {
	if p.Force == "" {
		e.refuse(ReasonImmutable, nil, format, args...)
		return
	}
	p.force(e, "It is final or its version is stable: by force, this is done all the same.")
}

// force notes, for the audit and the answer, that a structure is changed because that is
// forced.
func (p *planner) force(e *entry, notice string) {
	if !e.forced {
		e.forced = true
		p.forced = append(p.forced, e.urn)
		e.notice("%s", notice)
	}
}

// permit refuses what whoever submits may not change. It comes after apply, for a
// rename or a full replace changes more than the submission names.
func (p *planner) permit() {
	if p.May == nil {
		return
	}
	for _, e := range p.decision.all() {
		if p.Force != "" {
			e.refuse(ReasonForbidden, nil, "Only an administrator may force a change of what is final or stable; send %s without force.", e.urn)
		}
		if !p.May(e.urn.Agency) {
			e.refuse(ReasonForbidden, nil, "%s is maintained by %s, whose structures your role does not let you change. Ask an administrator, or leave it out.", e.urn, e.urn.Agency)
		}
	}
}

// apply lays the submission over what is stored, by the rules of its mode.
func (p *planner) apply() {
	for _, e := range p.decision.entries {
		e.before = p.current(e.urn)
		p.applyOne(e)
	}
	for _, e := range p.decision.deletes {
		if e.before = p.current(e.urn); e.before == nil {
			e.refuse(ReasonMissing, nil, "%s is not in the registry, so it cannot be deleted.", e.urn)
			continue
		}
		p.remove(e)
	}
	p.applyItems()
	if p.Mode == ModeFullReplace {
		p.applyFull()
	}
}

// fail keeps the first error.
func (p *planner) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// read gives a stored structure; nil if it is not known, or cannot be read. Whoever gets it
// may change it.
func (p *planner) read(st *Stored) sdmx.Maintainable {
	body, known := p.bodies[st.Document]
	if !known {
		p.needs.bodies[st.Document] = *st
		return nil
	}
	m, err := sdmx.ParseCanonical(st.URN.Class, body)
	if err != nil {
		p.fail(fmt.Errorf("reading %s: %w", st.URN, err))
		return nil
	}
	return m
}

// applyOne decides what becomes of one structure, references aside.
func (p *planner) applyOne(e *entry) {
	if e.before == nil {
		if p.MustExist {
			e.refuse(ReasonMissing, nil, "%s is not in the registry, and this request only replaces what is there; send it with POST to create it.", e.urn)
		}
		p.put(e, Created)
		return
	}
	if p.same(e) {
		return
	}
	var held *inside // what of it is stored
	if e.external || e.partial || p.Mode != ModeReplace {
		held = p.look(e.before)
	}
	switch {
	case e.external && held != nil && !held.external:
		e.notice("%s is held here in full, and what was sent is a stub (isExternalReference): what is held stays.", e.urn)
		return
	case held != nil && held.external: // a stub gives way to what is sent, whatever the mode
	case p.Mode == ModeAppend && !e.scheme:
		e.notice("%s is in the registry already, and differs from what was sent: append leaves it as it is.", e.urn)
		return
	case e.partial && p.Mode == ModeFullReplace:
		e.refuse(ReasonPartial, nil, "%s is marked as partial, and a full replace would lose the items that it leaves out; submit it whole, or with merge.", e.urn)
	case e.partial, p.Mode == ModeAppend || p.Mode == ModeMerge:
		p.merge(e)
		if p.same(e) {
			return
		}
	}
	p.checkBare(e)
	p.put(e, Updated)
}

// same says whether an entry is what is stored. Digests of different algorithms say
// nothing; then the documents are compared (R5).
func (p *planner) same(e *entry) bool {
	if e.before.Digest.Comparable(e.change.Digest) {
		return e.before.Digest == e.change.Digest
	}
	old := p.read(e.before)
	return old != nil && bytes.Equal(sdmx.AppendCanonical(nil, old), e.change.Body)
}

// put stores an entry, as far as that may be.
func (p *planner) put(e *entry, v Verdict) {
	e.changed = true
	if e.result.Verdict != Refused {
		e.result.Verdict = v
	}
	p.add(e)
	e.checkInside()
	if v == Created {
		p.checkAnew(e)
		return
	}
	if e.before.Immutable {
		p.checkImmutable(e)
	}
}

// checkBare keeps a structure without items or components from emptying one that has some.
func (p *planner) checkBare(e *entry) {
	if e.external || !e.inside().bare {
		return
	}
	held := p.look(e.before)
	switch {
	case held == nil, held.bare, held.external:
	case p.Force != "":
		p.force(e, "It was sent without items or components: by force, it loses all that it held.")
	default:
		e.refuse(ReasonPartial, nil, "%s was sent without items or components, and would lose all that it holds here. Send it with what it shall hold, or as a stub (isExternalReference), which changes nothing here; to empty it, delete its items, or delete it.", e.urn)
	}
}

// checkImmutable is R7 for what is there.
func (p *planner) checkImmutable(e *entry) {
	b := e.before
	if b.Final && !e.change.Final {
		p.immutable(e, "%s is final, which cannot be taken back. Submit the change under a new version.", e.urn)
		return
	}
	was := b.Structural
	if !was.Comparable(e.change.Structural) {
		old := p.read(b)
		if old == nil {
			return // it is needed, or cannot be read: the decision counts for nothing
		}
		was = sdmx.StructuralDigest(old)
	}
	if was != e.change.Structural {
		p.immutable(e, "%s may not change any more, because it is final or its version is stable; only names, descriptions, annotations, links and validity may. Submit the change under a new version.", e.urn)
	}
}

// remove deletes what is stored, as far as that may be.
func (p *planner) remove(e *entry) {
	e.changed = true
	if e.result.Verdict != Refused {
		e.result.Verdict = Deleted
	}
	p.drop(e.urn)
	if !e.before.Immutable {
		return
	}
	what := "deleted: others may rely on it. Mark it as deprecated"
	if p.moving {
		what = "renamed: others may rely on its name. Submit it under the new id beside it"
	}
	p.immutable(e, "%s is final or its version is stable, so it cannot be %s; an administrator can force it, with a reason.", e.urn, what)
}

// applyFull deletes what the agencies of the submission, or all, maintain and the
// submission does not hold.
func (p *planner) applyFull() {
	agencies := []string{""}
	if !p.WholeRegistry {
		agencies = nil
		for u := range p.named {
			agencies = append(agencies, u.Agency)
		}
		slices.Sort(agencies)
		agencies = slices.Compact(agencies)
	}
	for _, a := range agencies {
		for _, st := range p.maintainedBy(a) {
			if !p.named[st.URN] {
				e := newEntry(st.URN, "")
				e.before = &st
				p.decision.deletes = append(p.decision.deletes, e)
				p.remove(e)
			}
		}
	}
}
