package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// An oracle computes, by rules written as plainly as possible and for small registries only, how
// references resolve and what a proposal makes of a registry.
type oracle map[sdmx.URN]sdmx.Maintainable

// number parses a semantic version: its three numbers, and then 0 for a draft and 1 for others.
func number(v sdmx.Version) (n [4]int, ok bool) {
	n[3] = 1
	s := string(v)
	if rest, draft := strings.CutSuffix(s, "-draft"); draft {
		s, n[3] = rest, 0
	}
	got, _ := fmt.Sscanf(strings.ReplaceAll(s, "+", ""), "%d.%d.%d", &n[0], &n[1], &n[2])
	return n, got == 3
}

func isStable(v sdmx.Version) bool {
	n, ok := number(v)
	return ok && n[0] > 0 && n[3] == 1
}

// leads returns the structure to which a reference resolves.
func (o oracle) leads(from sdmx.Version, r sdmx.Ref) (to sdmx.URN, found bool) {
	if !strings.Contains(string(r.Version), "+") {
		_, found = o[r.URN]
		return r.URN, found
	}
	floor, _ := number(r.Version)
	fixed := strings.Count(string(r.Version)[:strings.Index(string(r.Version), "+")], ".")
	var stable, other []sdmx.URN
	for u := range o {
		n, ok := number(u.Version)
		if !ok || registry.KeyOf(u) != registry.KeyOf(r.URN) || slices.Compare(n[:], floor[:]) < 0 || !slices.Equal(n[:fixed], floor[:fixed]) {
			continue
		}
		if isStable(u.Version) {
			stable = append(stable, u)
		} else {
			other = append(other, u)
		}
	}
	fit := stable
	switch {
	case isStable(from):
	case strings.Contains(string(from), "-"):
		fit = append(stable, other...)
	case len(stable) == 0:
		fit = other
	}
	for _, u := range fit {
		best, _ := number(to.Version)
		if n, _ := number(u.Version); !found || slices.Compare(n[:], best[:]) > 0 {
			to, found = u, true
		}
	}
	return to, found
}

// prefixes counts the prefixes of a code that random extensions give: codes taken through several
// of them have several.
func prefixes(code string) int { return strings.Count(code, "X_") }

// prefixesReferred bounds the prefixes of codes to which random structures refer. Codes may have more,
// without end in a stub or in a circle of extensions; prefixesKnown bounds those that the oracle
// follows, which are more because an extension may select a code by ancestors with more prefixes.
const prefixesReferred, prefixesKnown = 3, 5

// possible are all codes that the oracle can know of.
var possible = func() (out []string) {
	for n := range prefixesKnown + 1 {
		for _, c := range codes {
			out = append(out, strings.Repeat("X_", n)+c)
		}
	}
	return out
}()

// lists returns the codes of every codelist with their parents, including those that it takes by
// extension. It repeats until nothing changes any more, or 50 times: with an exclusive selection
// in a circle of extensions, codes may appear and vanish without end.
func (o oracle) lists() map[sdmx.URN]map[string]string {
	out := map[sdmx.URN]map[string]string{}
	for rounds, moved := 0, true; moved && rounds < 50; rounds++ {
		moved = false
		for u, m := range o {
			l, ok := m.(*sdmx.Codelist)
			if !ok {
				continue
			}
			has := map[string]string{}
			for i := range l.Items {
				has[l.Items[i].ID] = l.Items[i].Parent
			}
			for _, id := range possible {
				if _, own := has[id]; l.External && !own {
					has[id] = ""
				}
			}
			for _, x := range l.Extensions {
				t, _ := o.leads(u.Version, x.Codelist)
				for id, parent := range out[t] {
					if _, there := has[x.Prefix+id]; there || !chosen(&x, out[t], id) || prefixes(x.Prefix+id) > prefixesKnown {
						continue
					}
					if parent != "" {
						parent = x.Prefix + parent
					}
					has[x.Prefix+id] = parent
				}
			}
			moved = moved || !maps.Equal(has, out[u])
			out[u] = has
		}
	}
	return out
}

// chosen reports whether an extension includes a code.
func chosen(x *sdmx.CodelistExtension, of map[string]string, id string) bool {
	fits := func(value, id string) bool {
		head, tail, any := strings.Cut(value, "%")
		return value == id || any && strings.HasPrefix(id, head) && strings.HasSuffix(id, tail)
	}
	hit := len(x.Selection) == 0 && !x.Exclusive
	for _, s := range x.Selection {
		hit = hit || s.Cascade != "excluderoot" && fits(s.Value, id)
		if s.Cascade == "true" || s.Cascade == "excluderoot" {
			for up, steps := of[id], 0; up != "" && steps < 10; up, steps = of[up], steps+1 {
				hit = hit || fits(s.Value, up)
			}
		}
	}
	return hit != x.Exclusive || len(x.Selection) == 0
}

// resolves reports whether a reference resolves. With partials, a partial scheme is taken to have
// any item.
func (o oracle) resolves(from sdmx.URN, r sdmx.Ref, partials bool) bool {
	t, found := o.leads(from.Version, r)
	if !found || r.Item == "" {
		return found
	}
	m := o[t]
	if s, ok := m.(sdmx.ItemScheme); m.Common().External || ok && s.IsPartial() && partials {
		return true
	}
	switch m := m.(type) {
	case *sdmx.Codelist:
		_, there := o.lists()[t][r.Item]
		return there
	case *sdmx.DataStructure:
		if r.ItemClass == sdmx.ClassDimension {
			return slices.ContainsFunc(m.Dimensions, func(d sdmx.Dimension) bool { return d.ID == r.Item })
		}
		return slices.ContainsFunc(m.Attributes, func(a sdmx.Attribute) bool { return a.ID == r.Item })
	}
	return slices.Contains(sdmx.ItemIDs(m), r.Item)
}

func digest(m sdmx.Maintainable) sdmx.Digest { return sdmx.DigestOf(sdmx.AppendCanonical(nil, m)) }

func empty(m sdmx.Maintainable) bool {
	if d, ok := m.(*sdmx.DataStructure); ok {
		return len(d.Dimensions)+len(d.Attributes)+len(d.Measures) == 0
	}
	l, isList := m.(*sdmx.Codelist)
	s, ok := m.(sdmx.ItemScheme)
	return ok && s.Len() == 0 && (!isList || len(l.Extensions) == 0)
}

// An expectation is the oracle's answer: the registry as it would be, and what is wrong with
// it, each as "reason URN".
type expectation struct {
	oracle
	wrong map[string]bool
	asked map[sdmx.URN]bool // structures that the proposal may delete, or take items from
}

func copyOf(m sdmx.Maintainable) sdmx.Maintainable {
	c, err := sdmx.ParseCanonical(m.Class(), sdmx.AppendCanonical(nil, m))
	if err != nil {
		panic(err)
	}
	return c
}

// after computes what a proposal makes of a registry.
func (s *shelf) after(p *proposal, sent []sdmx.Maintainable) *expectation {
	w := &expectation{oracle(maps.Clone(s.now)), map[string]bool{}, map[sdmx.URN]bool{}}
	o := oracle(s.now)
	if p.rename != nil {
		w.renamed(o, p.rename)
	} else {
		w.submitted(o, p, sent)
	}
	for u, m := range w.oracle {
		changed := o[u] == nil || digest(o[u]) != digest(m)
		if changed && len(rules.Check(m)) > 0 {
			w.wrong["invalid "+u.String()] = true
		}
		if was, once := s.withdrawn[u]; once && o[u] == nil && (was.Structural != sdmx.StructuralDigest(m) || !sdmx.Immutable(m)) {
			w.keep(p, u)
		}
		if changed && o[u] != nil && sdmx.Immutable(o[u]) && (sdmx.StructuralDigest(o[u]) != sdmx.StructuralDigest(m) || o[u].Common().Final && !m.Common().Final) {
			w.keep(p, u)
		}
		switch strays := w.orphans(u); {
		case changed && len(strays) > 0:
			w.wrong["invalid "+u.String()] = true
		case len(strays) > 0 && !o.extendsMissing(u, map[sdmx.URN]bool{}) && !slices.Equal(strays, o.orphans(u)):
			w.wrong["referenced by "+u.String()] = true
		}
		if changed && s.settings.RequireAgencies && !w.hasAgency(u) {
			w.wrong["unknown-agency "+u.String()] = true
		}
		for _, r := range sdmx.Refs(m) {
			switch ok := w.resolves(u, r, false); {
			case ok, changed && s.settings.AllowDangling:
			case changed:
				w.wrong["unresolved-reference "+u.String()+" "+r.String()] = true
			case o.resolves(u, r, true):
				w.wrong["referenced by "+u.String()] = true
			}
		}
	}
	for u, m := range o {
		if w.oracle[u] == nil && sdmx.Immutable(m) {
			w.keep(p, u)
		}
		w.owners(o, u, m)
	}
	return w
}

// hasAgency reports whether an agency scheme holds the agency of a structure.
func (o oracle) hasAgency(u sdmx.URN) bool {
	parent, id := "SDMX", u.Agency
	if top, sub, below := strings.Cut(u.Agency, "."); below { // agencies have two levels at most here
		parent, id = top, sub
	}
	m := o[sdmx.URN{Class: sdmx.ClassAgencyScheme, Agency: parent, ID: sdmx.AgencySchemeID, Version: "1.0"}]
	return u.Agency == "SDMX" || m != nil && (m.Common().External || slices.Contains(sdmx.ItemIDs(m), id))
}

// owners finds agencies that are removed although they maintain a structure.
func (w *expectation) owners(o oracle, u sdmx.URN, m sdmx.Maintainable) {
	left := w.oracle[u]
	if u.Class != sdmx.ClassAgencyScheme || left != nil && left.Common().External {
		return
	}
	for _, id := range sdmx.ItemIDs(m) {
		if left != nil && slices.Contains(sdmx.ItemIDs(left), id) {
			continue
		}
		if u.Agency != "SDMX" {
			id = u.Agency + "." + id
		}
		for x := range w.oracle {
			if within(x.Agency, id) {
				w.wrong["owns-structures "+u.String()+" "+x.String()] = true
			}
		}
	}
}

func (w *expectation) keep(p *proposal, u sdmx.URN) {
	if p.Force == "" {
		w.wrong["immutable "+u.String()] = true
	}
}

func (w *expectation) submitted(o oracle, p *proposal, sent []sdmx.Maintainable) {
	named := map[sdmx.URN]bool{}
	for _, m := range sent {
		u := sdmx.URNOf(m)
		named[u], w.asked[u] = true, p.Mode == registry.ModeReplace || p.Mode == registry.ModeFullReplace || p.Mode == registry.ModeDelete
		held := o[u]
		s, scheme := m.(sdmx.ItemScheme)
		switch {
		case p.Mode == registry.ModeDelete:
			delete(w.oracle, u)
			if held == nil {
				w.wrong["not-found "+u.String()] = true
			}
		case held == nil:
			w.oracle[u] = m
			if p.MustExist {
				w.wrong["not-found "+u.String()] = true
			}
		case digest(held) == digest(m), m.Common().External && !held.Common().External:
		case held.Common().External:
			w.oracle[u] = m
		case p.Mode == registry.ModeAppend && !scheme:
		case scheme && s.IsPartial() && p.Mode == registry.ModeFullReplace:
			w.oracle[u] = m
			w.wrong["partial "+u.String()] = true
			if empty(m) && !empty(held) {
				w.wrong["partial "+u.String()] = true
			}
		case scheme && s.IsPartial() || p.Mode == registry.ModeAppend || p.Mode == registry.ModeMerge:
			c := copyOf(held)
			sdmx.Merge(c, copyOf(m), p.Mode != registry.ModeAppend)
			w.oracle[u] = c
		default:
			w.oracle[u] = m
			if empty(m) && !empty(held) && p.Force == "" && !m.Common().External {
				w.wrong["partial "+u.String()] = true
			}
		}
	}
	for _, r := range p.items {
		if held := w.oracle[r.URN]; held != nil {
			c := copyOf(held)
			if !c.(sdmx.ItemScheme).RemoveItem(r.Item) {
				w.wrong["not-found "+r.URN.String()] = true
			}
			w.oracle[r.URN], w.asked[r.URN] = c, true
		} else if o[r.URN] == nil {
			w.wrong["not-found "+r.URN.String()] = true
		}
	}
	if p.Mode != registry.ModeFullReplace {
		return
	}
	for u := range o {
		for n := range named {
			if !named[u] && (p.WholeRegistry || n.Agency == u.Agency) {
				delete(w.oracle, u)
				w.asked[u] = true
			}
		}
	}
}

func (w *expectation) renamed(o oracle, n *registry.Rename) {
	was := map[sdmx.URN]sdmx.URN{} // from old to new
	for u := range o {
		x := u
		switch {
		case n.Agency != "" && within(u.Agency, n.Agency):
			x.Agency = n.NewAgency + u.Agency[len(n.Agency):]
		case n.Agency == "" && registry.KeyOf(u) == registry.KeyOf(n.Structure) && (n.Structure.Version == "" || n.Structure.Version == u.Version):
			x.ID = n.NewID
		default:
			continue
		}
		was[u] = x
		if o[x] != nil {
			w.wrong["submitted-twice "+x.String()] = true
		}
	}
	for u, m := range o {
		c := copyOf(m)
		sdmx.EachRef(c, func(_ string, r *sdmx.Ref) {
			if t, found := o.leads(u.Version, *r); found && t != was[t] && was[t] != (sdmx.URN{}) {
				r.Agency, r.ID = was[t].Agency, was[t].ID
			} else if n.Agency != "" && !found && within(r.Agency, n.Agency) { // a dangling reference that names the agency
				r.Agency = n.NewAgency + r.Agency[len(n.Agency):]
			}
			if n.Agency != "" && r.ItemClass == sdmx.ClassAgency {
				if r.Agency == "SDMX" && r.Item == n.Agency {
					r.Item = n.NewAgency
				}
			}
		})
		if a, ok := c.(*sdmx.AgencyScheme); ok && u.Agency == "SDMX" && n.Agency != "" {
			for i := range a.Items {
				if a.Items[i].ID == n.Agency {
					a.Items[i].ID = n.NewAgency
				}
			}
		}
		if x, moved := was[u]; moved {
			delete(w.oracle, u)
			c.Common().Agency, c.Common().ID = x.Agency, x.ID
			if o[x] == nil {
				w.oracle[x] = c
			}
			w.asked[u] = true
			continue
		}
		w.oracle[u] = c
	}
}
