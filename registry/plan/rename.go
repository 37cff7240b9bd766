package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"urncast/registry"
	"urncast/sdmx"
)

// Rename returns a structure or an agency a new id, and rewrites the references that would
// otherwise break or resolve to something else: references to the renamed versions, to
// structures of the agency, and to the agency as an item of its agency scheme. A wildcard that
// resolves to a version which is not renamed stays as it is.
func (r *Registry) Rename(ctx context.Context, in registry.Rename) (*registry.Outcome, error) {
	if in.Agency != "" {
		if err := sdmx.CheckAgency(in.NewAgency); err != nil {
			return nil, &registry.InvalidError{Text: fmt.Sprintf("the new agency: %s", err)}
		}
		if in.Agency == "SDMX" || within(in.NewAgency, in.Agency) || parentOf(in.Agency) != parentOf(in.NewAgency) {
			return nil, &registry.InvalidError{Text: fmt.Sprintf("agency %s cannot become %s: only the last part of an agency's id changes, and SDMX stays", in.Agency, in.NewAgency)}
		}
	} else if err := sdmx.CheckID(in.NewID); err != nil {
		return nil, &registry.InvalidError{Text: fmt.Sprintf("the new id: %s", err)}
	} else if c := in.Structure.Class; c.FixedID() != "" {
		return nil, &registry.InvalidError{Text: fmt.Sprintf("the id of %s, %s, is fixed by the standard; rename the agency instead", c.Words(), c.FixedID())}
	}
	return r.decide(ctx, newProposal(registry.Submission{Mode: registry.ModeReplace, DryRun: in.DryRun, Progress: in.Progress, Request: in.Request}, "rename", &in))
}

// applyRename decides what a rename stores and deletes.
func (p *planner) applyRename() {
	p.isRename = true
	if p.rename.Agency != "" {
		p.renameAgency(p.rename)
	} else {
		p.renameStructure(p.rename)
	}
}

func (p *planner) renameStructure(in *registry.Rename) {
	old := in.Structure
	moved := map[sdmx.URN]bool{}
	var all []registry.Stored
	for _, st := range p.stored(registry.KeyOf(old)) {
		if old.Version == "" || st.URN.Version == old.Version {
			moved[st.URN] = true
			all = append(all, st)
		}
	}
	if _, known := p.versions[registry.KeyOf(old)]; known && len(all) == 0 {
		p.refuseRename(old, registry.ReasonMissing, "%s is not in the registry, so it cannot be renamed.", old)
		return
	}
	leadsToMoved := func(from sdmx.URN, r *sdmx.Ref) bool {
		if registry.KeyOf(r.URN) != registry.KeyOf(old) {
			return false
		}
		t, found := p.target(from.Version, *r, before)
		return found && moved[t]
	}
	for _, d := range p.referringTo(registry.KeyOf(old)) {
		if leadsToMoved(d.From, &d.To) && !moved[d.From] {
			if st := p.current(d.From); st != nil {
				all = append(all, *st)
			}
		}
	}
	p.move(all, len(moved), &renaming{
		urn: func(u sdmx.URN) sdmx.URN {
			u.ID = in.NewID
			return u
		},
		ref: func(from sdmx.URN, r *sdmx.Ref) {
			if !leadsToMoved(from, r) {
				return
			}
			// The hierarchy inside a hierarchical codelist keeps its id, with which paths of 2.x begin.
			t, _ := p.target(from.Version, *r, before)
			if t.Class == sdmx.ClassHierarchicalCodelist {
				*r = r.As(sdmx.V2)
			}
			if r.ID = in.NewID; t.Class == sdmx.ClassHierarchicalCodelist {
				*r = r.Meant(sdmx.V2)
			}
		},
	})
}

// refuseRename refuses a rename as a whole; u is the structure that carries the refusal.
func (p *planner) refuseRename(u sdmx.URN, reason registry.Reason, format string, args ...any) {
	e := newEntry(u, "rename")
	e.refuse(reason, nil, format, args...)
	p.decision.deletes = append(p.decision.deletes, e)
}

func (p *planner) renameAgency(in *registry.Rename) {
	old, target := p.holdingsOf(in.Agency), p.holdingsOf(in.NewAgency)
	scheme, _ := sdmx.AgencySchemeOf(in.Agency)
	newKnown, oldKnown := p.agencyKnown(in.NewAgency), p.agencyKnown(in.Agency)
	if !p.needs.empty() {
		return // the answers are not loaded yet
	}
	if newKnown || len(target.owned) > 0 {
		p.refuseRename(scheme, registry.ReasonTwice, "Agency %s is there already, so %s cannot take its name.", in.NewAgency, in.Agency)
		return
	}
	if !oldKnown && len(old.owned) == 0 {
		p.refuseRename(scheme, registry.ReasonMissing, "Agency %s is not there, so it cannot be renamed: it maintains nothing, and %s does not hold it.", in.Agency, scheme)
		return
	}
	rewrite := func(agency string) string {
		if within(agency, in.Agency) {
			return in.NewAgency + strings.TrimPrefix(agency, in.Agency)
		}
		return agency
	}
	all := slices.Concat(old.owned, old.referring)
	if st := p.current(scheme); st != nil {
		all = append(all, *st)
	}
	for _, d := range p.referringTo(registry.KeyOf(scheme)) { // to the agency as an item of its scheme
		if st := p.current(d.From); st != nil && agencyOf(d.To) == in.Agency {
			all = append(all, *st)
		}
	}
	p.move(all, len(old.owned), &renaming{
		urn: func(u sdmx.URN) sdmx.URN {
			u.Agency = rewrite(u.Agency)
			return u
		},
		ref: func(_ sdmx.URN, r *sdmx.Ref) {
			if a := agencyOf(*r); within(a, in.Agency) {
				r.URN, r.Item = sdmx.AgencySchemeOf(rewrite(a))
			}
			r.Agency = rewrite(r.Agency)
		},
		edit: func(m sdmx.Maintainable) {
			a, ok := m.(*sdmx.AgencyScheme)
			if !ok || sdmx.URNOf(m) != scheme {
				return
			}
			_, item := sdmx.AgencySchemeOf(in.Agency)
			for i := range a.Items {
				if a.Items[i].ID == item {
					_, a.Items[i].ID = sdmx.AgencySchemeOf(in.NewAgency)
				}
			}
		},
	})
}

// agencyOf returns the full id of the agency that a reference names as an item of an agency
// scheme; empty if the reference names something else.
func agencyOf(r sdmx.Ref) string {
	switch {
	case r.Class != sdmx.ClassAgencyScheme || r.Item == "":
		return ""
	case r.Agency == "SDMX":
		return r.Item
	}
	return r.Agency + "." + r.Item
}

// parentOf returns the id of an agency's parent agency; empty at the top level.
func parentOf(agency string) string {
	if i := strings.LastIndexByte(agency, '.'); i >= 0 {
		return agency[:i]
	}
	return ""
}

// A renaming maps old names to new ones.
type renaming struct {
	urn  func(sdmx.URN) sdmx.URN
	ref  func(from sdmx.URN, r *sdmx.Ref)
	edit func(sdmx.Maintainable)
}

// move stores the first moved structures of all under their new URNs and deletes them under
// the old ones; in the others, which refer to them, it rewrites the references. A structure
// may be listed more than once.
func (p *planner) move(all []registry.Stored, moved int, r *renaming) {
	seen := map[sdmx.URN]bool{}
	for i := range all {
		st := &all[i]
		if seen[st.URN] {
			continue
		}
		seen[st.URN] = true
		p.affected++
		u := st.URN
		if i < moved {
			u = r.urn(u)
		}
		taken := u != st.URN && p.current(u) != nil
		m := p.read(st)
		if m == nil {
			continue
		}
		sdmx.EachRef(m, func(_ string, ref *sdmx.Ref) { r.ref(st.URN, ref) })
		a := m.Common()
		if r.edit != nil {
			r.edit(m)
		}
		a.Agency, a.ID = u.Agency, u.ID
		p.moveOne(st, m, u, taken)
	}
}

// moveOne stores a structure under URN u, and deletes it under its old URN if that is another.
// taken means that another structure has URN u already.
func (p *planner) moveOne(st *registry.Stored, m sdmx.Maintainable, u sdmx.URN, taken bool) {
	e := newEntry(u, "")
	e.described = describe(u, m)
	p.decision.entries = append(p.decision.entries, e)
	if u == st.URN {
		e.before = st
		if !p.isUnchanged(e) {
			p.put(e, registry.Updated)
		}
		return
	}
	if taken {
		e.refuse(registry.ReasonTwice, nil, "%s is in the registry already, so %s cannot take its name.", u, st.URN)
	} else {
		p.put(e, registry.Created)
	}
	old := newEntry(st.URN, "")
	old.before = st
	p.decision.deletes = append(p.decision.deletes, old)
	p.remove(old)
}
