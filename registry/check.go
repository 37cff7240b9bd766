package registry

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"urncast/sdmx"
)

// check holds what would be true after the submission against the rules, and refuses with
// every reason, not the first.
func (p *planner) check() {
	for _, e := range p.decision.entries {
		if e.changed {
			p.checkReferences(e)
			p.checkParents(e)
			p.checkAgency(e)
		}
	}
	p.checkReferrers()
	p.checkOwners()
}

// checkReferences is R4 for what one structure says.
func (p *planner) checkReferences(e *entry) {
	var lost []string
	for _, r := range e.change.Refs {
		if _, err := sdmx.ParseVersionRef(string(r.Version)); err != nil {
			e.refuse(ReasonInvalid, []string{r.String()}, "%s refers to %s, which no stored reference may: %s. Name a version, or a wildcard such as 1.2+.0.", e.urn, r, err)
			continue
		}
		if p.resolves(e.urn, r, after) {
			continue
		}
		if p.settings.AllowDangling {
			p.dangling = append(p.dangling, Dangling{e.urn, r})
			continue
		}
		lost = append(lost, r.String())
	}
	if len(lost) > 0 {
		e.refuse(ReasonUnresolved, lost, "%s refers to %s, which %s not in the registry; submit what is referred to first or together, or let references dangle by the setting.",
			e.urn, some(lost), isOrAre(len(lost)))
	}
}

// checkAgency asks for the agency in its agency scheme, where a setting wants it.
func (p *planner) checkAgency(e *entry) {
	if !p.settings.RequireAgencies || e.urn.Class == sdmx.ClassAgencyScheme && e.urn.Agency == "SDMX" || p.agencyKnown(e.urn.Agency) {
		return
	}
	scheme, id := sdmx.AgencySchemeOf(e.urn.Agency)
	e.refuse(ReasonUnknownAgency, []string{scheme.String()}, "Agency %s is not known: %s holds no %s; submit it there first.", e.urn.Agency, scheme, id)
}

// checkAnew is R7 for what is not there any more: a stable number comes back with what it
// stood for, or not at all.
func (p *planner) checkAnew(e *entry) {
	was, once := p.withdrawn[e.urn]
	if !once || was.Structural == e.change.Structural && e.change.Immutable {
		return
	}
	if was.Structural == e.change.Structural {
		p.immutable(e, "%s was here once, final, with this content, and was withdrawn: it cannot come back as something that may change. Send it with isFinal, or submit this under a new version.", e.urn)
		return
	}
	p.immutable(e, "%s was here once, final or stable, with other content, and was withdrawn: its number cannot come back for something else. Submit this under a new version.", e.urn)
}

// checkReferrers is R4 for those who refer to what changes: a reference of a structure that
// stays as it is, and which led somewhere before, still does.
func (p *planner) checkReferrers() {
	causes := p.causes()
	var keys []Key // in the order of the submission, then by extension
	seen := map[Key]bool{}
	for _, e := range p.decision.all() {
		if k := KeyOf(e.urn); causes[k] != nil && !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	who, what := map[*entry][]string{}, map[*entry][]string{}
	for i := 0; i < len(keys); i++ { // it grows
		for _, d := range p.referringTo(keys[i]) {
			// A codelist that extends one which changes may lose codes with it.
			if k := KeyOf(d.From); d.From.Class == sdmx.ClassCodelist && d.To.Class == sdmx.ClassCodelist && d.To.Item == "" && !seen[k] {
				seen[k], causes[k] = true, causes[keys[i]]
				keys = append(keys, k)
			}
			if p.gone[d.From] || p.fresh[d.From] != nil {
				continue // it goes too, or what it will say was checked
			}
			lost := !p.resolves(d.From, d.To, after) && p.resolves(d.From, d.To, before)
			strayed := p.lostParents(d)
			if !lost && len(strayed) == 0 {
				continue
			}
			blamed := p.blame(causes[keys[i]], d)
			who[blamed] = append(who[blamed], d.From.String())
			if lost {
				what[blamed] = append(what[blamed], d.To.String())
			}
			what[blamed] = append(what[blamed], strayed...)
		}
	}
	for _, e := range p.decision.all() {
		if names := slices.Compact(slices.Sorted(slices.Values(who[e]))); len(names) > 0 {
			e.refuse(ReasonReferenced, names, refusalOf(e), e.urn, some(names), refer(len(names)), some(slices.Compact(slices.Sorted(slices.Values(what[e])))))
		}
	}
}

// refusalOf is the sentence for an entry, who refers to it, "refers" or "refer", and what
// they would lose.
func refusalOf(e *entry) string {
	switch {
	case len(e.change.Body) == 0:
		return "%[1]s cannot be deleted, because %[2]s %[3]s to it; delete or change those first, or together."
	case e.before == nil:
		return "%[1]s would be the newest version that wildcard references of %[2]s lead to, which then %[3]s to items that it has not: %[4]s; give it those items, or change the references first, or together."
	}
	return "%[1]s would lose items that %[2]s %[3]s to: %[4]s; change those first, or together."
}

// causes are the entries, by key, that may take from others what they refer to.
func (p *planner) causes() map[Key][]*entry {
	out := map[Key][]*entry{}
	for _, e := range p.decision.all() {
		if e.changed && p.mayBreak(e) {
			out[KeyOf(e.urn)] = append(out[KeyOf(e.urn)], e)
		}
	}
	return out
}

func (p *planner) mayBreak(e *entry) bool {
	switch {
	case len(e.change.Body) == 0: // a delete
		return true
	case e.before == nil: // as a newer version, where there are others
		return e.urn.Version.Semantic() && len(p.stored(KeyOf(e.urn))) > 0
	case !e.scheme && e.urn.Class != sdmx.ClassDataStructure:
		return false
	}
	old := p.look(e.before)
	return old != nil && !e.inside().keeps(old)
}

// blame finds the entry that takes from a reference what it led to: that to which it led
// before, or that to which it leads now.
func (p *planner) blame(causes []*entry, d Dangling) *entry {
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

// checkOwners refuses to take away agencies that still maintain something.
func (p *planner) checkOwners() {
	for _, e := range p.decision.all() {
		if !e.changed || e.before == nil || e.urn.Class != sdmx.ClassAgencyScheme {
			continue
		}
		old, left := p.look(e.before), &inside{}
		if len(e.change.Body) > 0 {
			left = e.inside()
		}
		if old == nil || left.external {
			continue
		}
		for _, id := range lostItems(old, left) {
			p.checkOwner(e, id)
		}
	}
}

func lostItems(old, left *inside) []string {
	var out []string
	for it := range old.items {
		if _, there := left.items[it]; !there {
			out = append(out, it.path)
		}
	}
	slices.Sort(out)
	return out
}

func (p *planner) checkOwner(e *entry, id string) {
	agency := id
	if e.urn.Agency != "SDMX" {
		agency = e.urn.Agency + "." + id
	}
	var who []string
	for _, o := range p.holdingsOf(agency).owned {
		if !p.gone[o.URN] {
			who = append(who, o.URN.String())
		}
	}
	for u := range p.fresh {
		if within(u.Agency, agency) && p.current(u) == nil {
			who = append(who, u.String())
		}
	}
	slices.Sort(who)
	if len(who) > 0 {
		e.refuse(ReasonOwns, who, "Agency %s cannot be taken away, because it maintains %s; delete or rename those first.", agency, some(who))
	}
}

// compareRefs puts references into an order.
func compareRefs(a, b sdmx.Ref) int {
	return cmp.Or(a.URN.Compare(b.URN), cmp.Compare(a.ItemClass, b.ItemClass), cmp.Compare(a.Item, b.Item))
}

// some names the first few of many.
func some(names []string) string {
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

func refer(n int) string {
	if n == 1 {
		return "refers"
	}
	return "refer"
}
