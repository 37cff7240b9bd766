package plan

import (
	"fmt"
	"slices"
	"strings"

	"urncast/internal/match"
	"urncast/registry"
	"urncast/sdmx"
)

// A place is a code id in a codelist, where a codeSearch looks.
type place struct {
	list sdmx.URN
	code string
}

// A codeSearch looks for codes in codelists and in the codelists that they extend, before or
// after a submission. Codelists may extend each other in a circle, and one may be reached on
// many ways, so results are kept per place, and each place is visited once per search, or a
// few times if it is in a circle.
type codeSearch struct {
	*view
	at    moment
	found map[place]string // the parent of each code that was found
	seen  map[place]bool   // visited in this round; true when its visit has ended
	// circle means that a place was met in this round whose own visit had not ended.
	circle bool
}

// code returns the item that a code is.
func code(id string) item { return item{sdmx.ClassCode, id} }

func (v *view) codes(at moment) *codeSearch {
	return &codeSearch{view: v, at: at, found: map[place]string{}}
}

// find reports whether a code exists, and returns its parent. Where codelists extend each
// other in a circle it repeats the search until a round finds nothing new.
func (c *codeSearch) find(p place) (parent string, found bool) {
	for {
		before := len(c.found)
		c.seen, c.circle = map[place]bool{}, false
		if parent, found = c.findOnce(p); found || !c.circle || len(c.found) == before {
			return parent, found
		}
	}
}

// findOnce is one round of find. The limit on the length of an id ends prefixes that grow
// without end in a circle of codelists.
func (c *codeSearch) findOnce(p place) (parent string, found bool) {
	if len(p.code) > sdmx.IDLengthMax {
		return "", false
	}
	if parent, found = c.found[p]; found {
		return parent, true
	}
	if done, met := c.seen[p]; met {
		c.circle = c.circle || !done
		return "", false
	}
	c.seen[p] = false
	parent, found = c.search(p)
	c.seen[p] = true
	if found {
		c.found[p] = parent
	}
	return parent, found
}

// search looks for a code among a codelist's own codes, then in each codelist that it extends.
func (c *codeSearch) search(p place) (parent string, found bool) {
	in := c.inside(p.list, c.at)
	if in == nil {
		return "", true
	}
	if parent, found = in.items[code(p.code)]; found || in.external {
		return parent, true
	}
	for i := range in.extensions {
		x := &in.extensions[i]
		original, ok := strings.CutPrefix(p.code, x.Prefix)
		if !ok {
			continue
		}
		t, there := c.target(p.list.Version, x.Codelist, c.at)
		if !there {
			continue
		}
		if parent, found = c.findOnce(place{t, original}); found && c.selected(x, t, original) {
			if parent != "" {
				parent = x.Prefix + parent
			}
			return parent, true
		}
	}
	return "", false
}

// selected reports whether an extension includes a code of the extended codelist. An inclusive
// selection includes the codes that it names, and their descendants where it cascades; an
// exclusive one includes all others; without a selection all are included (SDMX 3.0,
// CodelistExtension, InclusiveCodeSelection and ExclusiveCodeSelection).
func (c *codeSearch) selected(x *sdmx.CodelistExtension, list sdmx.URN, id string) bool {
	if len(x.Selection) == 0 {
		return true
	}
	named := func(id string, root bool) bool {
		for _, s := range x.Selection {
			if root && s.Cascade == "excluderoot" || !root && s.Cascade != "true" && s.Cascade != "excluderoot" {
				continue
			}
			if match.Glob(id, s.Value, "%") {
				return true
			}
		}
		return false
	}
	hit := named(id, true)
	seen := map[string]bool{id: true}
	for up := id; !hit; {
		parent, found := c.findOnce(place{list, up})
		if !found || parent == "" || seen[parent] {
			break
		}
		seen[parent] = true
		up, hit = parent, named(parent, false)
	}
	return hit != x.Exclusive
}

// orphans returns the codes of an extending codelist whose parents are neither in it nor in
// the codelists that it extends, or form a circle through these; in a circle, the parent is
// the one at which it closes. Circles within one list are found by rules.Check. The result is
// nil for stubs, for partial lists, and for lists that extend a missing one: their codes are
// not known.
func (v *view) orphans(list sdmx.URN, at moment) (out []orphan) {
	in := v.inside(list, at)
	if in == nil || in.external || in.partial || len(in.extensions) == 0 {
		return nil
	}
	var foreign []string // codes whose parents are not codes of this list
	for it, parent := range in.items {
		if _, own := in.items[code(parent)]; parent != "" && !own {
			foreign = append(foreign, it.path)
		}
	}
	slices.Sort(foreign)
	c := v.codes(at)
	passed := map[string]bool{} // ancestors that an earlier walk has followed to the root
	for _, id := range foreign {
		parent := in.items[code(id)]
		for up := parent; up != "" && !passed[up]; {
			next, found := c.find(place{list, up})
			if !found && up == parent || next == id {
				out = append(out, orphan{id, up, found})
			}
			if !found {
				break // a missing parent is reported for each code that names it
			}
			passed[up], up = true, next
		}
	}
	if len(out) > 0 && v.extendsMissing(list, at, map[sdmx.URN]bool{}) {
		return nil
	}
	return out
}

// extendsMissing reports whether a codelist extends, directly or through others, one that is
// not in the registry, so that its codes are not known.
func (v *view) extendsMissing(list sdmx.URN, at moment, seen map[sdmx.URN]bool) bool {
	in := v.inside(list, at)
	if in == nil || seen[list] {
		return false
	}
	seen[list] = true
	return slices.ContainsFunc(in.extensions, func(x sdmx.CodelistExtension) bool {
		t, there := v.target(list.Version, x.Codelist, at)
		return !there || v.extendsMissing(t, at, seen)
	})
}

// An orphan is a code whose parent does not exist or, in a circle, is a descendant of it.
type orphan struct {
	code, parent string
	circle       bool
}

// checkParents checks that the parents of a codelist's codes exist, in it or in the codelists
// that it extends (R4).
func (p *planner) checkParents(e *entry) {
	if e.urn.Class.Family() != sdmx.ClassCodelist {
		return
	}
	found := p.orphans(e.urn, after)
	for _, s := range found[:min(len(found), orphansMax)] {
		if s.circle {
			e.refuse(registry.ReasonInvalid, nil, "Code %s: its parents go in a circle, through the codelists that %s extends: %s is above it and below it. Take one of these parents away.", s.code, e.urn, s.parent)
		} else {
			e.refuse(registry.ReasonInvalid, nil, "Code %s: it names %q as its parent, which is neither in %s nor among the codes that this takes from other codelists. Send the parent too, or take it away.", s.code, s.parent, e.urn)
		}
	}
	if more := len(found) - orphansMax; more > 0 {
		e.refuse(registry.ReasonInvalid, nil, "The parents of %d more codes of %s are not there or go in a circle, and are not listed; mend these first.", more, e.urn)
	}
}

// orphansMax bounds the codes that checkParents names for one codelist.
const orphansMax = 100

// newOrphans names the parents that codes of an extending codelist, d.From, would lose by the
// submission. It returns nil if the list extended a missing one before (Settings.AllowDangling):
// then its parents were not known, and so cannot be lost.
func (p *planner) newOrphans(d registry.Dangling) (out []string) {
	if d.From.Class.Family() != sdmx.ClassCodelist {
		return nil
	}
	now := p.orphans(d.From, after)
	if len(now) == 0 || p.extendsMissing(d.From, before, map[sdmx.URN]bool{}) {
		return nil
	}
	old := map[orphan]bool{}
	for _, s := range p.orphans(d.From, before) {
		old[s] = true
	}
	for _, s := range now {
		if !old[s] {
			out = append(out, fmt.Sprintf("%s, the parent of %s", s.parent, s.code))
		}
	}
	return out
}
