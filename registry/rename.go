package registry

import (
	"context"
	"fmt"
	"strings"

	"urncast/sdmx"
)

// Rename gives a structure or an agency a new id, and rewrites every reference to
// it in the same submission, also in structures that may not change otherwise.
func (r *Registry) Rename(ctx context.Context, in Rename) (*Outcome, error) {
	s := newSubmission(Submission{DryRun: in.DryRun, Told: in.Told, Request: in.Request}, "rename")
	s.Mode = ModeReplace
	apply := func(ctx context.Context) error { return s.renameStructure(ctx, in) }
	if in.Agency != "" {
		if err := sdmx.CheckAgency(in.NewAgency); err != nil {
			return nil, &InvalidError{fmt.Sprintf("the new agency: %s", err)}
		}
		apply = func(ctx context.Context) error { return s.renameAgency(ctx, in) }
	} else if err := sdmx.CheckID(in.NewID); err != nil {
		return nil, &InvalidError{fmt.Sprintf("the new id: %s", err)}
	}
	return r.decide(ctx, s, apply)
}

// An InvalidError is a request that makes no sense whatever the registry holds.
type InvalidError struct{ Text string }

// Error is the text.
func (e *InvalidError) Error() string { return e.Text }

func (s *submission) renameStructure(ctx context.Context, in Rename) error {
	old := in.Structure
	if old.Class == sdmx.ClassAgencyScheme {
		return &InvalidError{"the id of an agency scheme is fixed by the standard; rename the agency instead"}
	}
	if err := s.world.load(ctx, []Key{KeyOf(old), {old.Class, old.Agency, in.NewID}}); err != nil {
		return err
	}
	var moved []Stored
	for _, st := range s.world.stored[KeyOf(old)] {
		if old.Version == "" || st.URN.Version == old.Version {
			moved = append(moved, st)
		}
	}
	if len(moved) == 0 {
		return s.nothing(old)
	}
	hit := func(u sdmx.URN) bool {
		return KeyOf(u) == KeyOf(old) && (old.Version == "" || u.Version == old.Version || u.Version.Wildcard())
	}
	rewrite := func(u *sdmx.URN) {
		if hit(*u) {
			u.ID = in.NewID
		}
	}
	referring, err := s.tx.Referring(ctx, []Key{KeyOf(old)})
	if err != nil {
		return err
	}
	var from []sdmx.URN
	for _, d := range referring {
		if hit(d.To.URN) {
			from = append(from, d.From)
		}
	}
	dependants, err := s.tx.Current(ctx, from)
	if err != nil {
		return err
	}
	return s.move(ctx, moved, values(dependants), rewrite, nil)
}

func values(m map[sdmx.URN]Stored) []Stored {
	out := make([]Stored, 0, len(m))
	for _, st := range m {
		out = append(out, st)
	}
	return out
}

// nothing refuses a rename of what is not there.
func (s *submission) nothing(u sdmx.URN) error {
	e := &entry{urn: u, result: &Result{URN: u, Where: "rename"}}
	e.refuse(ReasonMissing, nil, "%s is not in the registry, so it cannot be renamed.", u)
	s.deletes = append(s.deletes, e)
	return nil
}

func (s *submission) renameAgency(ctx context.Context, in Rename) error {
	if in.Agency == "SDMX" || within(in.NewAgency, in.Agency) || parentOf(in.Agency) != parentOf(in.NewAgency) {
		return &InvalidError{fmt.Sprintf("agency %s cannot become %s: only the last part of an agency's id changes, and SDMX stays", in.Agency, in.NewAgency)}
	}
	owned, referring, err := s.tx.ReferringAgency(ctx, in.Agency)
	if err != nil {
		return err
	}
	taken, err := s.tx.Maintains(ctx, in.NewAgency)
	if err != nil {
		return err
	}
	scheme, item := sdmx.AgencySchemeOf(in.Agency)
	_, newItem := sdmx.AgencySchemeOf(in.NewAgency)
	holder, err := s.tx.Current(ctx, []sdmx.URN{scheme})
	if err != nil {
		return err
	}
	known, err := s.world.agencyKnown(ctx, in.NewAgency)
	if err != nil {
		return err
	}
	if known || taken {
		e := &entry{urn: scheme, result: &Result{URN: scheme, Where: "rename"}}
		e.refuse(ReasonTwice, nil, "Agency %s is there already, so %s cannot take its name.", in.NewAgency, in.Agency)
		s.deletes = append(s.deletes, e)
		return nil
	}
	if was, err := s.world.agencyKnown(ctx, in.Agency); err != nil {
		return err
	} else if !was && len(owned) == 0 {
		e := &entry{urn: scheme, result: &Result{URN: scheme, Where: "rename"}}
		e.refuse(ReasonMissing, nil, "Agency %s is not there, so it cannot be renamed: it maintains nothing, and %s does not hold it.", in.Agency, scheme)
		s.deletes = append(s.deletes, e)
		return nil
	}
	rewrite := func(u *sdmx.URN) {
		if within(u.Agency, in.Agency) {
			u.Agency = in.NewAgency + strings.TrimPrefix(u.Agency, in.Agency)
		}
	}
	items := func(m sdmx.Maintainable) {
		if a, ok := m.(*sdmx.AgencyScheme); ok && sdmx.URNOf(m) == scheme {
			for i := range a.Items {
				if a.Items[i].ID == item {
					a.Items[i].ID = newItem
				}
			}
		}
	}
	return s.move(ctx, owned, append(referring, values(holder)...), rewrite, items)
}

func parentOf(agency string) string {
	if i := strings.LastIndexByte(agency, '.'); i >= 0 {
		return agency[:i]
	}
	return ""
}

// move stores structures under their new URNs, deletes the old ones, and
// rewrites those that refer. However many there are, it takes few round trips.
func (s *submission) move(ctx context.Context, moved, dependants []Stored, rewrite func(*sdmx.URN), also func(sdmx.Maintainable)) error {
	seen := map[sdmx.URN]bool{}
	var all []Stored
	var urns []sdmx.URN // what those that move will be called
	for i, st := range append(moved[:len(moved):len(moved)], dependants...) {
		if seen[st.URN] {
			continue
		}
		seen[st.URN] = true
		all = append(all, st)
		if i < len(moved) {
			u := st.URN
			rewrite(&u)
			urns = append(urns, u)
		}
	}
	there, err := s.tx.Current(ctx, urns)
	if err != nil {
		return err
	}
	s.told(StageFound, len(all))
	return s.world.readEach(ctx, all, func(i int, m sdmx.Maintainable) error {
		sdmx.EachRef(m, func(_ string, r *sdmx.Ref) { rewrite(&r.URN) })
		u := all[i].URN
		if i < len(urns) {
			u = urns[i]
		}
		a := m.Common()
		a.Agency, a.ID = u.Agency, u.ID
		if also != nil {
			also(m)
		}
		_, taken := there[u]
		s.moveOne(&all[i], m, u, taken)
		s.told(StageCompared, i+1)
		return nil
	})
}

// moveOne stores one structure, under another URN if that is u.
func (s *submission) moveOne(st *Stored, m sdmx.Maintainable, u sdmx.URN, taken bool) {
	e := &entry{urn: u, free: true, result: &Result{URN: u}}
	e.describe(m)
	s.entries = append(s.entries, e)
	switch {
	case u == st.URN:
		e.before = st
		if e.change.Digest != st.Digest {
			s.put(e, Updated)
		}
	case taken:
		e.refuse(ReasonTwice, nil, "%s is in the registry already, so %s cannot take its name.", u, st.URN)
	default:
		s.put(e, Created)
		gone := &entry{urn: st.URN, result: &Result{URN: st.URN}}
		s.deletes = append(s.deletes, gone)
		s.remove(gone, *st)
	}
}
