package plan

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// A proposal is a submission or a rename before it is decided. It keeps structures in their
// canonical form only, which takes a fraction of the memory of the parsed ones. A plan does
// not change it.
type proposal struct {
	registry.Submission
	origin  string
	entries []*entry         // structures to be stored, in the order of the submission
	deletes []*entry         // structures to be deleted
	items   []sdmx.Ref       // single items to be deleted
	rename  *registry.Rename // nil for a submission; otherwise the three lists above are empty
	share   *share           // of Registry.budget; nil for a rename
}

// An entry is one structure of a proposal or of a plan.
type entry struct {
	urn    sdmx.URN
	result *registry.Result
	described

	before  *registry.Stored // the stored version of it; nil if there is none
	changed bool             // it is to be stored or deleted
	forced  bool             // against a rule that Request.Force lifts
}

// A described is a structure as it is to be stored; empty for a delete.
type described struct {
	change   registry.WriteChange
	scheme   bool           // an item scheme
	partial  bool           // an item scheme without all of its items (isPartial)
	external bool           // a stub (isExternalReference)
	faults   []rules.Fault  // the rules that it breaks by itself
	inside   func() *inside // computed at the first call
}

// describe computes the canonical form of a structure and the columns that are stored with it.
func describe(u sdmx.URN, m sdmx.Maintainable) described {
	body := sdmx.AppendCanonical(nil, m)
	scheme, ok := m.(sdmx.ItemScheme)
	return described{
		change: registry.WriteChange{
			URN: u, Body: body, Digest: sdmx.DigestOf(body), Structural: sdmx.StructuralDigest(m),
			Immutable: sdmx.Immutable(m), Final: m.Common().Final, Refs: sdmx.Refs(m),
		},
		scheme: ok, partial: ok && scheme.IsPartial(), external: m.Common().External, faults: rules.Check(m),
		inside: sync.OnceValue(func() *inside {
			m, err := sdmx.ParseCanonical(u.Class, body)
			if err != nil { // AppendCanonical has just written it
				panic(fmt.Sprintf("%s: the canonical form that was just written cannot be read: %s", u, err))
			}
			return insideOf(m)
		}),
	}
}

func newEntry(u sdmx.URN, where string) *entry {
	return &entry{urn: u, result: &registry.Result{URN: u, Where: where}}
}

// A decision is the result of a plan.
type decision struct {
	entries, deletes []*entry
	dangling         []registry.Dangling
	// forced are the structures that are changed against a rule, by Request.Force.
	forced []sdmx.URN
	// affected counts the structures that a rename moves or rewrites.
	affected int
	// replaces and removes are the changes to be recorded, in publishing order; empty if
	// any entry is refused.
	replaces, removes []registry.WriteChange
}

// A planner is one run of plan.
type planner struct {
	*proposal
	view
	decision
	named    map[sdmx.URN]bool // the structures that the submission names
	isRename bool
	err      error // the first that occurred; the decision is then void
}

// plan decides a proposal in a world by the rules R3 to R5 and R7. The decision has the
// changes to be recorded, or every reason why there are none. plan is a pure function. If it
// returns needs, the world lacked something and the decision is void: load the needs and plan
// again. The error is an *InvalidError, or says that a stored document cannot be read.
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
	p.checkPermissions()
	p.check()
	if p.err != nil {
		return nil, nil, p.err
	}
	if !p.decision.refused() {
		p.replaces, p.removes = p.ordered()
	}
	return &p.decision, &p.needs, nil
}

// refused reports whether any entry is refused, and so the whole proposal.
func (d *decision) refused() bool {
	refused := func(e *entry) bool { return e.result.Verdict == registry.Refused }
	return slices.ContainsFunc(d.entries, refused) || slices.ContainsFunc(d.deletes, refused)
}

// all returns the entries to be stored, then those to be deleted.
func (d *decision) all() []*entry { return slices.Concat(d.entries, d.deletes) }

func (e *entry) refuse(reason registry.Reason, urns []string, format string, args ...any) {
	e.result.Verdict = registry.Refused
	e.result.Problems = append(e.result.Problems, registry.Problem{Reason: reason, Text: fmt.Sprintf(format, args...), URNs: urns[:min(len(urns), 100)]})
}

func (e *entry) notice(format string, args ...any) {
	e.result.Notices = append(e.result.Notices, fmt.Sprintf(format, args...))
}

// refuseImmutable refuses a change that R7 forbids, unless it is forced.
func (p *planner) refuseImmutable(e *entry, format string, args ...any) {
	if p.Force == "" {
		e.refuse(registry.ReasonImmutable, nil, format, args...)
		return
	}
	p.noteForced(e, "It is final or its version is stable: by force, this is done all the same.")
}

// noteForced notes, for the audit and the result, that a structure is changed by force.
func (p *planner) noteForced(e *entry, notice string) {
	if !e.forced {
		e.forced = true
		p.forced = append(p.forced, e.urn)
		e.notice("%s", notice)
	}
}

// checkPermissions refuses changes that the submitter is not allowed to make (Request.May). It
// runs after apply, because a rename or a full replace changes more than the request names.
func (p *planner) checkPermissions() {
	if p.May == nil {
		return
	}
	for _, e := range p.decision.all() {
		if e.result.Mode == registry.ModeInformation {
			continue
		}
		if p.Force != "" {
			e.refuse(registry.ReasonForbidden, nil, "Only an administrator may force a change of what is final or stable; send %s without force.", e.urn)
		}
		if !p.May(e.urn.Agency) {
			e.refuse(registry.ReasonForbidden, nil, "%s is maintained by %s, whose structures your role does not let you change. Ask an administrator, or leave it out.", e.urn, e.urn.Agency)
		}
	}
}

// apply decides what the submission stores and deletes, by the rules of its mode.
func (p *planner) apply() {
	for _, e := range p.decision.all() {
		p.takeAsHeld(e)
	}
	for _, e := range p.decision.entries {
		if e.result.Mode == registry.ModeInformation {
			e.notice("%s was sent for information (action Information): nothing is done with it.", e.urn)
			continue
		}
		e.before = p.current(e.urn)
		p.applyOne(e)
	}
	for _, e := range p.decision.deletes {
		if e.before = p.current(e.urn); e.before == nil {
			if e.result.Verdict != registry.Refused {
				e.refuse(registry.ReasonMissing, nil, "%s is not in the registry, so it cannot be deleted.", e.urn)
			}
			continue
		}
		p.remove(e)
	}
	p.applyItems()
	if p.Mode == registry.ModeFullReplace {
		p.applyFull()
	}
}

// fail keeps the first error.
func (p *planner) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// read parses a stored structure, which the caller may change. It returns nil if the document
// is not loaded (then it is noted as needed) or cannot be read (then planner.err is set).
func (p *planner) read(st *registry.Stored) sdmx.Maintainable {
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

// applyOne decides whether and how one structure is stored, apart from the rules about
// references.
func (p *planner) applyOne(e *entry) {
	mode := e.result.Mode
	if e.before == nil {
		if p.MustExist {
			e.refuse(registry.ReasonMissing, nil, "%s is not in the registry, and this request only replaces what is there; send it with POST to create it.", e.urn)
		}
		p.put(e, registry.Created)
		return
	}
	if p.isUnchanged(e) {
		return
	}
	var old *inside
	if e.external || e.partial || mode != registry.ModeReplace {
		old = p.storedInside(e.before)
	}
	switch {
	case e.external && old != nil && !old.external:
		e.notice("%s is held here in full, and what was sent is a stub (isExternalReference): what is held stays.", e.urn)
		return
	case old != nil && old.external: // a stored stub is replaced in every mode
	case mode == registry.ModeAppend && !e.scheme:
		e.notice("%s is in the registry already, and differs from what was sent: append leaves it as it is.", e.urn)
		return
	case e.partial && mode == registry.ModeFullReplace:
		e.refuse(registry.ReasonPartial, nil, "%s is marked as partial, and a full replace would lose the items that it leaves out; submit it whole, or with merge.", e.urn)
	case e.partial, mode == registry.ModeAppend || mode == registry.ModeMerge:
		p.merge(e)
		if p.isUnchanged(e) {
			return
		}
	}
	p.checkEmptied(e)
	p.put(e, registry.Updated)
}

// isUnchanged reports whether an entry equals its stored version (R5). The documents are
// compared if the two digests are of different algorithms.
func (p *planner) isUnchanged(e *entry) bool {
	if e.before.Digest.Comparable(e.change.Digest) {
		return e.before.Digest == e.change.Digest
	}
	old := p.read(e.before)
	return old != nil && bytes.Equal(sdmx.AppendCanonical(nil, old), e.change.Body)
}

// put marks an entry as stored with verdict v, and checks the rules about its own content.
func (p *planner) put(e *entry, v registry.Verdict) {
	e.changed = true
	if e.result.Verdict != registry.Refused {
		e.result.Verdict = v
	}
	p.addWritten(e)
	e.checkInside()
	if v == registry.Created {
		p.checkWithdrawn(e)
		return
	}
	if e.before.Immutable {
		p.checkImmutable(e)
	}
}

// checkEmptied refuses a structure without items or components in place of one that has some.
func (p *planner) checkEmptied(e *entry) {
	if e.external || !e.inside().bare {
		return
	}
	old := p.storedInside(e.before)
	switch {
	case old == nil, old.bare, old.external:
	case p.Force != "":
		p.noteForced(e, "It was sent without items or components: by force, it loses all that it held.")
	default:
		e.refuse(registry.ReasonPartial, nil, "%s was sent without items or components, and would lose all that it holds here. Send it with what it shall hold, or as a stub (isExternalReference), which changes nothing here; to empty it, delete its items, or delete it.", e.urn)
	}
}

// checkImmutable refuses a structural change of a version that is final or stable (R7).
func (p *planner) checkImmutable(e *entry) {
	b := e.before
	if b.Final && !e.change.Final {
		p.refuseImmutable(e, "%s is final, which cannot be taken back. Submit the change under a new version.", e.urn)
		return
	}
	if b.Structural == e.change.Structural {
		return
	}
	// The stored digest may be that of an older version of the program, which took something
	// else for the structure: the content decides.
	if old := p.read(b); old != nil && sdmx.StructuralDigest(old) != e.change.Structural {
		p.refuseImmutable(e, "%s may not change any more, because it is final or its version is stable; only names, descriptions, annotations, links and validity may. Submit the change under a new version.", e.urn)
	}
}

// remove marks an entry as deleted, and checks R7.
func (p *planner) remove(e *entry) {
	e.changed = true
	if e.result.Verdict != registry.Refused {
		e.result.Verdict = registry.Deleted
	}
	p.addDeleted(e.urn)
	if !e.before.Immutable {
		return
	}
	what := "deleted: others may rely on it. Mark it as deprecated"
	if p.isRename {
		what = "renamed: others may rely on its name. Submit it under the new id beside it"
	}
	p.refuseImmutable(e, "%s is final or its version is stable, so it cannot be %s; an administrator can force it, with a reason.", e.urn, what)
}

// applyFull deletes the structures that the submission does not name: of the agencies that it
// names, or of all (WholeRegistry). What is no structure in SDMX stays (sdmx.Class.Apart).
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
			if !p.named[st.URN] && !st.URN.Class.Apart() {
				e := newEntry(st.URN, "")
				e.before = &st
				p.decision.deletes = append(p.decision.deletes, e)
				p.remove(e)
			}
		}
	}
}
