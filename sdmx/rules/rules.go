// Package rules says which rules of the information model a structure breaks by itself, without
// regard to other structures. Each class of structures has its rules in a function of its own,
// and a line in the table of classes that its references may point to.
package rules

import (
	"fmt"
	"strings"

	"urncast/sdmx"
)

// A Fault is one rule of the information model that a structure breaks.
type Fault struct {
	// Path is the place in the structure, as in EachRef, such as Items[3].Parent; indexes
	// begin at 0.
	Path string
	// Text is a sentence that names the rule, what breaks it and what to do.
	Text string
}

// String returns path and text.
func (f Fault) String() string { return f.Path + ": " + f.Text }

// faultsMax bounds the faults that Check returns for a structure: a codelist of a million codes
// can have a million.
const faultsMax = 100

// Check returns the faults of a structure. After faultsMax faults, one more says how many were left out. The rules are
// those that the schemas of SDMX 2.1 and 3.0 have in common, and those of the information
// model: ids have the form of their class and are unique, parents are in the same list and do
// not form a circle, components that a data structure names exist in it, references point to
// permitted classes, and dates are valid. A rule of only one of the versions is not checked
// here; breaking it is a loss when a message of that version is written.
//
// A stub (External) and a partial scheme may leave out items that their contents name.
func Check(m sdmx.Maintainable) []Fault {
	c := &checker{}
	c.common(m)
	c.targets(m)
	if r, ok := rows[m.Class()]; ok {
		r.check(c, m)
	} else {
		c.add("", "This version has no rules for a %s, and does not take it.", m.Class())
	}
	return c.list()
}

// A checker collects the faults of one structure.
type checker struct {
	faults []Fault
	more   int // faults beyond faultsMax
}

func (c *checker) add(path, format string, args ...any) {
	if len(c.faults) == faultsMax {
		c.more++
		return
	}
	c.faults = append(c.faults, Fault{path, fmt.Sprintf(format, args...)})
}

func (c *checker) list() []Fault {
	if c.more > 0 {
		return append(c.faults, Fault{"", fmt.Sprintf("%d more faults were found and are not listed; mend these first.", c.more)})
	}
	return c.faults
}

func (c *checker) common(m sdmx.Maintainable) {
	a := m.Common()
	if rows[m.Class()].ncName {
		c.ncName("ID", fmt.Sprintf("a %s", m.Class()), a.ID)
	} else {
		c.id("ID", a.ID)
	}
	c.fixed(m)
	c.period("ValidFrom", a.ValidFrom)
	c.period("ValidTo", a.ValidTo)
}

// id checks the form of an id (IDType) and reports whether it has it.
func (c *checker) id(path, id string) bool {
	if err := sdmx.CheckID(id); err != nil {
		c.add(path, "%s. Give it an id of that form.", upperFirst(err.Error()))
		return false
	}
	return true
}

// ncName checks an id of type NCNameIDType. what is the kind of object that has the id.
func (c *checker) ncName(path, what, id string) {
	if !c.id(path, id) {
		return
	}
	if first := id[0] | 0x20; first < 'a' || first > 'z' {
		c.add(path, "The id %q begins with %q, but the id of %s must begin with a letter (NCNameIDType of SDMX 2.1 and 3.0). Give it another id.", sdmx.Clip(id), id[:1], what)
	} else if i := strings.IndexAny(id, "@$"); i >= 0 {
		c.add(path, "The id %q holds %q, but the id of %s is made of letters, digits, _ and - (NCNameIDType of SDMX 2.1 and 3.0). Give it another id.", sdmx.Clip(id), id[i:i+1], what)
	}
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// period checks a standard time period of SDMX (IsTimePeriod).
func (c *checker) period(path, s string) {
	if s != "" && !sdmx.IsTimePeriod(s) {
		c.add(path, "%q is no date. Write a date (2026-01-31), a point in time (2026-01-31T10:00:00Z), a year, a month (2026-01) or a reporting period (2026-Q1).", sdmx.Clip(s))
	}
}

// fixed checks id, version and isFinal of the organisation schemes whose id the standard fixes:
// there is one of the kind per agency, and it is not versioned (SDMX-ML 2.1 AgencySchemeType and
// others; 3.0 prohibits the version).
func (c *checker) fixed(m sdmx.Maintainable) {
	a, id, what := m.Common(), m.Class().FixedID(), article(m.Class().Word())
	if id == "" {
		return
	}
	items := m.Class().ItemWord(2)
	if a.ID != id {
		c.add("ID", "The id of %s is always %s, not %q. Put the %s into %s:%s(%s).", what, id, sdmx.Clip(a.ID), items, a.Agency, id, sdmx.VersionDefault)
	}
	if a.Version != sdmx.VersionDefault {
		c.add("Version", "The version of %s is always %s, not %s. Send it as %s:%s(%s).", what, sdmx.VersionDefault, a.Version, a.Agency, id, sdmx.VersionDefault)
	}
	if a.Final {
		c.add("Final", "%s cannot be final (isFinal), because %s are added to it under the same version. Send it without isFinal.", upperFirst(what), items)
	}
}

func codelist(c *checker, l *sdmx.Codelist) {
	checkCodes(c, l, l.Items, func(x *sdmx.Code) *sdmx.Code { return x })
}

func (c *checker) extension(path string, l extendingScheme, x *sdmx.CodelistExtension) {
	a := l.Common()
	switch of := x.Codelist; {
	case of.IsZero():
		c.add(path+".Codelist", "The extension does not say which codelist it takes codes from. Name the codelist, or take the extension away.")
	case of.Class.Family() == l.Class().Family() && of.Agency == a.Agency && of.ID == a.ID && of.Version.Matches(a.Version):
		c.add(path+".Codelist", "The codelist extends itself. Name another codelist, or take the extension away.")
	}
	if x.Prefix != "" {
		c.id(path+".Prefix", x.Prefix)
	}
	for i := range x.Selection {
		v := &x.Selection[i]
		if v.Value == "" {
			c.add(fmt.Sprintf("%s.Selection[%d].Value", path, i), "The member value is empty. Name a code, or codes with %% for any characters.")
		}
		switch v.Cascade {
		case "", "true", "false", "excluderoot":
		default:
			c.add(fmt.Sprintf("%s.Selection[%d].Cascade", path, i), "cascadeValues is %q, and must be true, false or excluderoot.", sdmx.Clip(v.Cascade))
		}
	}
}

func conceptScheme(c *checker, s *sdmx.ConceptScheme) {
	at := c.items(s)
	checkParents(c, "concept scheme", "concept", s.Items, at, !s.External && !s.Partial, func(x *sdmx.Concept) (string, string) { return x.ID, x.Parent })
	for i := range s.Items {
		x, path := &s.Items[i], fmt.Sprintf("Items[%d]", i)
		if sdmx.CheckID(x.ID) == nil {
			c.ncName(path+".ID", "a concept", x.ID)
		}
		c.representation(path+".Representation", x.Representation, false)
		if x.ISO != nil && (x.ISO.Agency == "" || x.ISO.Scheme == "" || x.ISO.ID == "") {
			c.add(path+".ISO", "The ISO concept reference of concept %s needs an agency, a scheme and an id. Add what is missing, or take the reference away.", sdmx.Clip(x.ID))
		}
	}
}

// categorisation checks that source and target are both set or, as in a stub, both missing: the
// schema has them as one optional pair.
func categorisation(c *checker, x *sdmx.Categorisation) {
	switch {
	case x.Source.IsZero() == x.Target.IsZero():
	case x.Source.IsZero():
		c.add("Source", "The categorisation names a category, but not what is put into it. Name its source.")
	default:
		c.add("Target", "The categorisation names an object, but not the category it is put into. Name its target.")
	}
}

// items checks the ids of a flat scheme, and returns the index of each.
func (c *checker) items(s sdmx.ItemScheme) (at map[string]int) {
	at = make(map[string]int, s.Len())
	i := 0
	sdmx.EachItem(s, func(it sdmx.Item) {
		c.checkUnique(at, i, "Items", it.Path, "")
		i++
	})
	return at
}

// checkNested checks the ids of a list of items that nest, such as categories, and of those
// below it. path is the path of the list, and under a phrase for the items above it.
func checkNested[T any](c *checker, path, under string, items []T, of func(*T) (id string, below []T)) {
	seen := make(map[string]int, len(items))
	for i := range items {
		id, below := of(&items[i])
		c.checkUnique(seen, i, path, id, under)
		if len(below) > 0 {
			checkNested(c, fmt.Sprintf("%s[%d].Items", path, i), " under "+sdmx.Clip(id)+under, below, of)
		}
	}
}

// checkUnique checks the id of item i of a list: its form, and that no earlier item has it. It
// reports whether both are as they must be. The path is built only for faults, because lists may
// have a million items.
func (c *checker) checkUnique(seen map[string]int, i int, list, id, under string) bool {
	if err := sdmx.CheckID(id); err != nil {
		return c.id(fmt.Sprintf("%s[%d].ID", list, i), id)
	}
	if before, twice := seen[id]; twice {
		c.add(fmt.Sprintf("%s[%d].ID", list, i), "Item %q%s is there twice: it is at %s[%d], too. Send it once.", sdmx.Clip(id), under, list, before)
		return false
	}
	seen[id] = i
	return true
}

// checkParents checks that the parents of items exist, if the list is whole, and that no item
// is its own ancestor. at has the index of each id.
func checkParents[T any](c *checker, list, item string, items []T, at map[string]int, whole bool, of func(*T) (id, parent string)) {
	hasParents := false
	for i := range items {
		_, parent := of(&items[i])
		hasParents = hasParents || parent != ""
	}
	if !hasParents {
		return
	}
	walked := make([]int, len(items)) // the walk, from 1, that has visited an item; 0 for none
	var chain []int
	for i := range items {
		id, parent := of(&items[i])
		if _, there := at[parent]; parent != "" && !there && whole {
			c.add(fmt.Sprintf("Items[%d].Parent", i), "%s %s names %q as its parent, which is not in this %s. Send the parent too, or take it away; only a partial %s (isPartial) may leave parents out.",
				upperFirst(item), sdmx.Clip(id), sdmx.Clip(parent), list, list)
		}
		chain = chain[:0]
		j, going := i, true
		for going && walked[j] == 0 {
			walked[j] = i + 1
			chain = append(chain, j)
			_, up := of(&items[j])
			j, going = at[up]
			going = going && up != ""
		}
		if going && walked[j] == i+1 { // this walk has visited j before
			for chain[0] != j {
				chain = chain[1:]
			}
			c.add(fmt.Sprintf("Items[%d].Parent", j), "The parents of %s %s go in a circle: %s. Take one of these parents away.", item, sdmx.Clip(first(of(&items[j]))), circle(chain, func(k int) string { return first(of(&items[k])) }))
		}
	}
}

// first returns the first of two strings.
func first(id, _ string) string { return id }

// circle returns a chain as "A → B → A"; of a long one only the beginning.
func circle(chain []int, id func(int) string) string {
	var names []string
	for k, i := range chain {
		if k < 8 {
			names = append(names, sdmx.Clip(id(i)))
		}
	}
	if len(chain) > 8 {
		names = append(names, fmt.Sprintf("… (%d more)", len(chain)-8))
	}
	return strings.Join(append(names, names[0]), " → ")
}
