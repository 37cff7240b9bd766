package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"urncast/registry"
	"urncast/sdmx"
)

// check applies the rules about references and agencies (R4) to the registry as it would be
// after the submission. Every violation is reported, not only the first.
func (p *planner) check() {
	for _, e := range p.decision.entries {
		if e.changed {
			p.checkReferences(e)
			p.checkRelatives(e)
			p.checkParents(e)
			p.checkAgency(e)
		}
	}
	p.checkReferrers()
	p.checkRemovedAgencies()
}

// checkReferences checks that the references of one changed structure resolve (R4).
func (p *planner) checkReferences(e *entry) {
	var lost []string
	for _, r := range e.change.Refs {
		if r.Loose() {
			continue // it names a set, which may be empty
		}
		if _, err := sdmx.ParseVersionRef(string(r.Version)); err != nil {
			e.refuse(registry.ReasonInvalid, []string{r.String()}, "%s refers to %s, which no stored reference may: %s. Name a version, or a wildcard such as 1.2+.0.", e.urn, r, err)
			continue
		}
		if p.resolves(e.urn, r, after) {
			continue
		}
		if p.settings.AllowDangling {
			p.dangling = append(p.dangling, registry.Dangling{From: e.urn, To: r})
			continue
		}
		lost = append(lost, r.String())
	}
	if len(lost) > 0 {
		e.refuse(registry.ReasonUnresolved, lost, "%s refers to %s, which %s not in the registry; submit what is referred to first or together, or let references dangle by the setting.",
			e.urn, firstFew(lost), isOrAre(len(lost)))
	}
}

// checkRelatives refuses a structure with the agency, id and version of another one that
// references cannot tell from it (sdmx.Class.Relatives): a Code of the two would be one, and on
// a topic they could have one key. If they have (sdmx.Class.As), the other one must have been
// deleted before: deleted together, its tombstone would follow what takes its place (R3).
func (p *planner) checkRelatives(e *entry) {
	for _, c := range e.urn.Class.Relatives() {
		u := e.urn
		u.Class = c
		if c == e.urn.Class || p.written[u] == nil && p.current(u) == nil {
			continue
		}
		oneKey, advice := c.As(sdmx.V2) == e.urn.Class.As(sdmx.V2), "first, or together"
		if oneKey {
			advice = "first, in a submission of its own"
		}
		if oneKey || p.written[u] != nil || !p.deleted[u] {
			e.refuse(registry.ReasonTwice, []string{u.String()}, "%s cannot stand beside %s: references cannot tell the two apart, so that only one of them may have this agency, id and version. Delete the other one %s, or choose another id or version.", e.urn, u, advice)
		}
	}
}

// checkAgency checks that an agency scheme lists the agency of a structure, if
// Settings.RequireAgencies is set.
func (p *planner) checkAgency(e *entry) {
	if !p.settings.RequireAgencies || e.urn.Class == sdmx.ClassAgencyScheme && e.urn.Agency == "SDMX" || p.agencyKnown(e.urn.Agency) {
		return
	}
	scheme, id := sdmx.AgencySchemeOf(e.urn.Agency)
	e.refuse(registry.ReasonUnknownAgency, []string{scheme.String()}, "Agency %s is not known: %s holds no %s; submit it there first.", e.urn.Agency, scheme, id)
}

// checkWithdrawn checks a structure that is created against a final or stable version of the
// same URN that was deleted before (R7): it may come back only with the same content.
func (p *planner) checkWithdrawn(e *entry) {
	old, found := p.withdrawn[e.urn]
	switch same := old.Structural == e.change.Structural; {
	case !found, same && e.change.Immutable:
	case same:
		p.refuseImmutable(e, "%s was here once, final, with this content, and was withdrawn: it cannot come back as something that may change. Send it with isFinal, or submit this under a new version.", e.urn)
	case !old.Structural.Comparable(e.change.Structural):
		p.refuseImmutable(e, "%s was here once, final or stable, and was withdrawn. Another version of this program recorded that, and whether this is the same content cannot be told. Submit this under a new version.", e.urn)
	default:
		p.refuseImmutable(e, "%s was here once, final or stable, with other content, and was withdrawn: its number cannot come back for something else. Submit this under a new version.", e.urn)
	}
}

// checkReferrers checks that the references of all other structures to the changed ones still
// resolve if they resolved before the submission (R4).
func (p *planner) checkReferrers() {
	causes := p.causes()
	var keys []registry.Key // in the order of the submission, then by extension
	seen := map[registry.Key]bool{}
	for _, e := range p.decision.all() {
		if k := registry.KeyOf(e.urn); causes[k] != nil && !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	referrers, lostRefs := map[*entry][]string{}, map[*entry][]string{} // by the entry that breaks them
	for i := 0; i < len(keys); i++ {                                    // keys grows in the loop
		for _, d := range p.referringTo(keys[i]) {
			// A codelist that extends a changed codelist may lose codes too, so its referrers
			// are checked as well.
			if k := registry.KeyOf(d.From); d.From.Class.Family() == sdmx.ClassCodelist && d.To.Class.Family() == sdmx.ClassCodelist && d.To.Item == "" && !seen[k] {
				seen[k], causes[k] = true, causes[keys[i]]
				keys = append(keys, k)
			}
			if p.deleted[d.From] || p.written[d.From] != nil {
				continue // it is deleted too, or checkReferences has checked its new content
			}
			lost := !p.resolves(d.From, d.To, after) && p.resolves(d.From, d.To, before)
			orphans := p.newOrphans(d)
			if !lost && len(orphans) == 0 {
				continue
			}
			e := p.blame(causes[keys[i]], d)
			referrers[e] = append(referrers[e], d.From.String())
			if lost {
				lostRefs[e] = append(lostRefs[e], d.To.String())
			}
			lostRefs[e] = append(lostRefs[e], orphans...)
		}
	}
	distinct := func(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }
	for _, e := range p.decision.all() {
		if names := distinct(referrers[e]); len(names) > 0 {
			e.refuse(registry.ReasonReferenced, names, refusalOf(e), e.urn, firstFew(names), refersOrRefer(len(names)), firstFew(distinct(lostRefs[e])))
		}
	}
}

// refusalOf returns the format of a refusal because of referrers. Its arguments are the URN
// of the entry, the referrers, "refers" or "refer", and the references that would be lost.
func refusalOf(e *entry) string {
	switch {
	case len(e.change.Body) == 0:
		return "%[1]s cannot be deleted, because %[2]s %[3]s to it; delete or change those first, or together."
	case e.before == nil:
		return "%[1]s would be the newest version that wildcard references of %[2]s lead to, which then %[3]s to items that it has not: %[4]s; give it those items, or change the references first, or together."
	}
	return "%[1]s would lose items that %[2]s %[3]s to: %[4]s; change those first, or together."
}

// causes returns, by key, the changed entries that may break references of others.
func (p *planner) causes() map[registry.Key][]*entry {
	out := map[registry.Key][]*entry{}
	for _, e := range p.decision.all() {
		if e.changed && p.mayBreakReferences(e) {
			out[registry.KeyOf(e.urn)] = append(out[registry.KeyOf(e.urn)], e)
		}
	}
	return out
}

// mayBreakReferences reports whether a changed entry could break references to its key.
func (p *planner) mayBreakReferences(e *entry) bool {
	switch {
	case len(e.change.Body) == 0: // a delete
		return true
	case e.before == nil: // wildcards may lead to it instead of to an older version
		return e.urn.Version.Semantic() && len(p.stored(registry.KeyOf(e.urn))) > 0
	case len(e.urn.Class.Items()) == 0:
		return false
	}
	old := p.storedInside(e.before)
	return old != nil && !e.inside().keeps(old)
}

// blame returns the entry that breaks a reference: the one that the reference led to before
// the submission, or else the one that it would lead to afterwards.
func (p *planner) blame(causes []*entry, d registry.Dangling) *entry {
	for _, at := range []moment{before, after} {
		t, found := p.target(d.From.Version, d.To, at)
		for _, e := range causes {
			if found && e.urn == t {
				return e
			}
		}
	}
	return causes[0]
}

// checkRemovedAgencies refuses to remove agencies that still maintain a structure.
func (p *planner) checkRemovedAgencies() {
	var created map[string][]string
	for _, e := range p.decision.all() {
		if !e.changed || e.before == nil || e.urn.Class != sdmx.ClassAgencyScheme {
			continue
		}
		old, remaining := p.storedInside(e.before), &inside{}
		if len(e.change.Body) > 0 {
			remaining = e.inside()
		}
		if old == nil || remaining.external {
			continue
		}
		for _, id := range removedItems(old, remaining) {
			if created == nil {
				created = p.createdByAgency()
			}
			p.checkRemovedAgency(e, id, created)
		}
	}
}

// createdByAgency returns the structures that the submission creates, by the agency that maintains
// them and by those above it.
func (p *planner) createdByAgency() map[string][]string {
	out := map[string][]string{}
	for u := range p.written {
		if p.current(u) == nil {
			for agency := u.Agency; agency != ""; agency = parentOf(agency) {
				out[agency] = append(out[agency], u.String())
			}
		}
	}
	return out
}

// removedItems returns the items of old that are not in remaining, sorted.
func removedItems(old, remaining *inside) []string {
	var out []string
	for it := range old.items {
		if _, kept := remaining.items[it]; !kept {
			out = append(out, it.path)
		}
	}
	slices.Sort(out)
	return out
}

// checkRemovedAgency refuses e, an agency scheme, if the agency with the given item id still
// maintains a structure after the submission. created are those that it creates, by agency.
func (p *planner) checkRemovedAgency(e *entry, id string, created map[string][]string) {
	agency := id
	if e.urn.Agency != "SDMX" {
		agency = e.urn.Agency + "." + id
	}
	var owned []string
	for _, o := range p.holdingsOf(agency).owned {
		if !p.deleted[o.URN] {
			owned = append(owned, o.URN.String())
		}
	}
	owned = append(owned, created[agency]...)
	slices.Sort(owned)
	if len(owned) > 0 {
		e.refuse(registry.ReasonOwns, owned, "Agency %s cannot be taken away, because it maintains %s; delete or rename those first.", agency, firstFew(owned))
	}
}

// compareRefs orders references by URN, then by the item that they name.
func compareRefs(a, b sdmx.Ref) int {
	return cmp.Or(a.URN.Compare(b.URN), cmp.Compare(a.ItemClass, b.ItemClass), cmp.Compare(a.Item, b.Item))
}

// firstFew joins names for a sentence: up to three in full, of more the first two and a count.
func firstFew(names []string) string {
	switch n := len(names); {
	case n == 1:
		return names[0]
	case n <= 3:
		return fmt.Sprintf("%s and %s", strings.Join(names[:n-1], ", "), names[n-1])
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

func refersOrRefer(n int) string {
	if n == 1 {
		return "refers"
	}
	return "refer"
}
