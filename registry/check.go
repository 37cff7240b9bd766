package registry

import (
	"context"
	"fmt"

	"urncast/sdmx"
)

// check holds what would be true after the submission against the rules, and
// refuses with every reason, not the first.
func (s *submission) check(ctx context.Context) error {
	if err := s.loadTargets(ctx); err != nil {
		return err
	}
	var losing []*entry
	var before []Stored
	for i, e := range s.entries {
		s.told(StageChecked, i)
		if !e.changed {
			continue
		}
		if err := s.checkReferences(ctx, e); err != nil {
			return err
		}
		if err := s.checkAgency(ctx, e); err != nil {
			return err
		}
		if e.mayLoseItems() {
			losing, before = append(losing, e), append(before, *e.before)
		}
	}
	s.told(StageChecked, len(s.entries))
	err := s.world.readEach(ctx, before, func(i int, old sdmx.Maintainable) error { return s.checkLostItems(ctx, losing[i], old) })
	if err != nil {
		return err
	}
	return s.checkDeletes(ctx)
}

// mayLoseItems says whether items that were there may be there no more. A rename
// keeps all but the agency that it renames.
func (e *entry) mayLoseItems() bool {
	if e.before == nil || e.free && e.urn.Class != sdmx.ClassAgencyScheme {
		return false
	}
	return e.scheme || e.urn.Class == sdmx.ClassDataStructure
}

// loadTargets reads what all references lead to in one round trip.
func (s *submission) loadTargets(ctx context.Context) error {
	return s.world.load(ctx, s.targetKeys(func(e *entry) bool { return e.changed }))
}

// targetKeys lists what the entries refer to, each once.
func (s *submission) targetKeys(of func(*entry) bool) []Key {
	seen := map[Key]bool{}
	var keys []Key
	for _, e := range s.entries {
		if !of(e) {
			continue
		}
		for _, r := range e.change.Refs {
			if k := KeyOf(r.URN); !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// checkReferences is R4 for one structure. Items inside its own references to
// itself count as there.
func (s *submission) checkReferences(ctx context.Context, e *entry) error {
	var lost []string
	for _, r := range e.change.Refs {
		ok, err := s.world.resolves(ctx, r)
		if err != nil {
			return err
		}
		if ok {
			continue
		}
		if s.settings.AllowDangling {
			s.outcome.Dangling = append(s.outcome.Dangling, Dangling{e.urn, r})
			continue
		}
		lost = append(lost, r.String())
	}
	if len(lost) > 0 {
		e.refuse(ReasonUnresolved, lost, "%s refers to %s, which %s not in the registry; submit what is referred to first or together, or let references dangle by the setting.",
			e.urn, some(lost), isOrAre(len(lost)))
	}
	return nil
}

// checkAgency asks for the agency in its agency scheme, where a setting wants it.
func (s *submission) checkAgency(ctx context.Context, e *entry) error {
	if !s.settings.RequireAgencies || e.urn.Class == sdmx.ClassAgencyScheme && e.urn.Agency == "SDMX" {
		return nil
	}
	ok, err := s.world.agencyKnown(ctx, e.urn.Agency)
	if err == nil && !ok {
		scheme, item := sdmx.AgencySchemeOf(e.urn.Agency)
		e.refuse(ReasonUnknownAgency, []string{scheme.String()}, "Agency %s is not known: %s holds no %s; submit it there first.", e.urn.Agency, scheme, item)
	}
	return err
}

// checkLostItems refuses to take away items that others refer to, and agencies
// that maintain something.
func (s *submission) checkLostItems(ctx context.Context, e *entry, old sdmx.Maintainable) error {
	left, err := s.world.itemsOf(ctx, e.urn)
	if err != nil || left == nil {
		return err
	}
	lost := map[string]bool{}
	for _, id := range sdmx.ItemIDs(old) {
		if !left[id] {
			lost[id] = true
		}
	}
	if len(lost) == 0 {
		return nil
	}
	refs, err := s.broken(ctx, []Key{KeyOf(e.urn)})
	if err != nil {
		return err
	}
	var who []string
	for _, d := range refs {
		if lost[d.To.Item] {
			who = append(who, d.From.String())
		}
	}
	if len(who) > 0 {
		e.refuse(ReasonReferenced, who, "%s would lose items that %s %s to; change those first, or together.", e.urn, some(who), refer(len(who)))
	}
	if e.urn.Class == sdmx.ClassAgencyScheme {
		return s.checkOwners(ctx, e, lost)
	}
	return nil
}

// checkOwners refuses to take an agency away that still maintains something.
func (s *submission) checkOwners(ctx context.Context, e *entry, lost map[string]bool) error {
	for id := range lost {
		agency := id
		if e.urn.Agency != "SDMX" {
			agency = e.urn.Agency + "." + id
		}
		owned, _, err := s.tx.ReferringAgency(ctx, agency)
		if err != nil {
			return err
		}
		var who []string
		for _, o := range owned {
			if !s.world.gone[o.URN] {
				who = append(who, o.URN.String())
			}
		}
		if len(who) > 0 {
			e.refuse(ReasonOwns, who, "Agency %s cannot be taken away, because it maintains %s; delete or rename those first.", agency, some(who))
		}
	}
	return nil
}

// broken gives the references to the keys, of structures that stay, which would
// lead nowhere.
func (s *submission) broken(ctx context.Context, keys []Key) ([]Dangling, error) {
	refs, err := s.tx.Referring(ctx, keys)
	if err != nil {
		return nil, err
	}
	var out []Dangling
	for _, d := range refs {
		if s.world.gone[d.From] || s.world.fresh[d.From] {
			continue // it goes too, or what it will say was checked
		}
		ok, err := s.world.resolves(ctx, d.To)
		if err != nil {
			return nil, err
		}
		if !ok {
			out = append(out, d)
		}
	}
	return out, nil
}

// checkDeletes refuses to delete what others refer to.
func (s *submission) checkDeletes(ctx context.Context) error {
	var keys []Key
	for _, e := range s.deletes {
		if e.changed {
			keys = append(keys, KeyOf(e.urn))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	refs, err := s.broken(ctx, keys)
	if err != nil {
		return err
	}
	for _, e := range s.deletes {
		if !e.changed {
			continue
		}
		var who []string
		for _, d := range refs {
			if KeyOf(d.To.URN) == KeyOf(e.urn) && d.To.Version.Matches(e.urn.Version) {
				who = append(who, d.From.String())
			}
		}
		if len(who) > 0 {
			e.refuse(ReasonReferenced, who, "%s cannot be deleted, because %s %s to it; delete or change those first, or together.", e.urn, some(who), refer(len(who)))
		}
		if e.urn.Class == sdmx.ClassAgencyScheme {
			if err := s.checkDeletedAgencies(ctx, e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *submission) checkDeletedAgencies(ctx context.Context, e *entry) error {
	old, err := s.world.read(ctx, *e.before)
	if err != nil {
		return err
	}
	lost := map[string]bool{}
	for _, id := range sdmx.ItemIDs(old) {
		lost[id] = true
	}
	return s.checkOwners(ctx, e, lost)
}

// some names the first few of many.
func some(names []string) string {
	switch n := len(names); {
	case n == 1:
		return names[0]
	case n <= 3:
		return fmt.Sprintf("%s and %s", names[0], some(names[1:]))
	default:
		return fmt.Sprintf("%s, %s and %d more", names[0], names[1], n-2)
	}
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func refer(n int) string {
	if n == 1 {
		return "refers"
	}
	return "refer"
}
