package registry

import (
	"fmt"
	"slices"
	"strings"

	"urncast/internal/match"
	"urncast/sdmx"
)

// A place is a code that is looked for in a list.
type place struct {
	list sdmx.URN
	code string
}

// A codeSearch looks for codes in codelists and in those that they extend, at one moment. Lists
// may extend each other in circles, and one list in many ways: what was found at a place is
// kept, and each place is looked at once for each code that is asked for, or a few times in
// a circle.
type codeSearch struct {
	*view
	at    moment
	found map[place]string // the parents of what was found
	seen  map[place]bool   // of the present round; true when it is done
	// circle says that a place was met in this round that waits for itself.
	circle bool
}

func (v *view) codes(at moment) *codeSearch {
	return &codeSearch{view: v, at: at, found: map[place]string{}}
}

// find gives the parent of a code. What waits for itself in a circle of lists is looked at
// again until nothing more is found.
func (c *codeSearch) find(p place) (parent string, found bool) {
	for {
		before := len(c.found)
		c.seen, c.circle = map[place]bool{}, false
		if parent, found = c.look(p); found || !c.circle || len(c.found) == before {
			return parent, found
		}
	}
}

// look is find in one round. Prefixes may grow for ever where lists extend each other in a
// circle, and ids may not.
func (c *codeSearch) look(p place) (parent string, found bool) {
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

func (c *codeSearch) search(p place) (parent string, found bool) {
	in := c.inside(p.list, c.at)
	if in == nil {
		return "", true
	}
	if parent, found = in.items[item{path: p.code}]; found || in.external {
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
		if parent, found = c.look(place{t, original}); found && c.selected(x, t, original) {
			if parent != "" {
				parent = x.Prefix + parent
			}
			return parent, true
		}
	}
	return "", false
}

// selected says whether an extension takes a code: what its selection names, with the
// codes below where that cascades; or everything else (SDMX 3.0, CodelistExtension).
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
		parent, found := c.look(place{list, up})
		if !found || parent == "" || seen[parent] {
			break
		}
		seen[parent] = true
		up, hit = parent, named(parent, false)
	}
	return hit != x.Exclusive
}

// strays lists the codes of a codelist whose parents are not in it, and not in what it
// extends either; or go in a circle through that. The latter are named with the parent at
// which the circle closes. What is in the list alone, sdmx.Check sees. Nobody knows the
// codes of a stub, of a partial list and of what extends something that is not here.
func (v *view) strays(list sdmx.URN, at moment) (out []stray) {
	in := v.inside(list, at)
	if in == nil || in.external || in.partial || len(in.extensions) == 0 {
		return nil
	}
	var away []string // codes whose parents are elsewhere
	for it, parent := range in.items {
		if _, own := in.items[item{path: parent}]; parent != "" && !own {
			away = append(away, it.path)
		}
	}
	slices.Sort(away)
	c := v.codes(at)
	passed := map[string]bool{} // by any walk: what is above is known
	for _, code := range away {
		parent := in.items[item{path: code}]
		for up := parent; up != "" && !passed[up]; {
			next, found := c.find(place{list, up})
			if !found && up == parent || next == code {
				out = append(out, stray{code, up, found})
			}
			if !found {
				break // which is asked again for each code that names it
			}
			passed[up], up = true, next
		}
	}
	if len(out) > 0 && v.open(list, at, map[sdmx.URN]bool{}) {
		return nil
	}
	return out
}

// open says whether a codelist extends, itself or through others, one that is not in the
// registry, so that nobody knows which codes it has.
func (v *view) open(list sdmx.URN, at moment, seen map[sdmx.URN]bool) bool {
	in := v.inside(list, at)
	if in == nil || seen[list] {
		return false
	}
	seen[list] = true
	return slices.ContainsFunc(in.extensions, func(x sdmx.CodelistExtension) bool {
		t, there := v.target(list.Version, x.Codelist, at)
		return !there || v.open(t, at, seen)
	})
}

// A stray is a code whose parent is not there or, in a circle, below itself.
type stray struct {
	code, parent string
	circle       bool
}

// checkParents is R4 for parents of codes that are in lists which are extended.
func (p *planner) checkParents(e *entry) {
	if e.urn.Class != sdmx.ClassCodelist {
		return
	}
	found := p.strays(e.urn, after)
	for _, s := range found[:min(len(found), straysMax)] {
		if s.circle {
			e.refuse(ReasonInvalid, nil, "Code %s: its parents go in a circle, through the codelists that %s extends: %s is above it and below it. Take one of these parents away.", s.code, e.urn, s.parent)
		} else {
			e.refuse(ReasonInvalid, nil, "Code %s: it names %q as its parent, which is neither in %s nor among the codes that this takes from other codelists. Send the parent too, or take it away.", s.code, s.parent, e.urn)
		}
	}
	if more := len(found) - straysMax; more > 0 {
		e.refuse(ReasonInvalid, nil, "The parents of %d more codes of %s are not there or go in a circle, and are not listed; mend these first.", more, e.urn)
	}
}

// straysMax bounds the codes of one list that are named.
const straysMax = 100

// lostParents are the parents of codes of an extending codelist that are lost, or come to
// be in a circle, with what the list extends. Parents that nobody could know, because a list
// was missing that a setting let be so, are not lost when it comes.
func (p *planner) lostParents(d Dangling) (out []string) {
	if d.From.Class != sdmx.ClassCodelist {
		return nil
	}
	then := p.strays(d.From, after)
	if len(then) == 0 || p.open(d.From, before, map[sdmx.URN]bool{}) {
		return nil
	}
	now := p.strays(d.From, before)
	for _, s := range then {
		if !slices.Contains(now, s) {
			out = append(out, fmt.Sprintf("%s, the parent of %s", s.parent, s.code))
		}
	}
	return out
}
