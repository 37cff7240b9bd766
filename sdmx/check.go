package sdmx

import (
	"fmt"
	"strings"
)

// A Fault is one rule of the information model that a structure breaks.
type Fault struct {
	// Path is where, as EachRef writes it: Items[3].Parent counts from 0.
	Path string
	// Text is a sentence that names the rule, what breaks it and what to do.
	Text string
}

// String is path and sentence.
func (f Fault) String() string { return f.Path + ": " + f.Text }

// faultsMax bounds what Check lists of one structure: a codelist of a million
// codes can break a million rules.
const faultsMax = 100

// Check holds a structure against the rules that can be decided without any other
// structure, and lists every fault; after the first hundred, one more says how
// many were left out. The rules are those that the schemas of SDMX 2.1 and 3.0 share
// and that the information model adds: ids have the form of their class and are
// there once, parents are in the same list and form no circle, what a data structure
// names inside itself is there, references point to classes that they may point to,
// dates are dates. What only one of the versions demands is no fault: it is a loss
// where a message of that version is written.
//
// A stub (External) and a partial scheme may leave out what their contents name.
func Check(m Maintainable) []Fault {
	c := &checker{}
	c.common(m)
	c.targets(m)
	switch m := m.(type) {
	case *AgencyScheme:
		c.agencyScheme(m)
	case *Codelist:
		c.codelist(m)
	case *ConceptScheme:
		c.conceptScheme(m)
	case *CategoryScheme:
		c.categories("Items", "", m.Items)
	case *Categorisation:
		c.categorisation(m)
	case *DataStructure:
		c.dataStructure(m)
	}
	return c.list()
}

type checker struct {
	faults []Fault
	more   int
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

// ncNameClasses are the maintainable classes whose ids must be names
// (NCNameIDType); those of the others may begin with a digit (IDType).
var ncNameClasses = map[Class]bool{ClassCodelist: true, ClassConceptScheme: true, ClassCategoryScheme: true}

func (c *checker) common(m Maintainable) {
	a := m.Common()
	if ncNameClasses[m.Class()] {
		c.ncName("ID", fmt.Sprintf("a %s", m.Class()), a.ID)
	} else {
		c.id("ID", a.ID)
	}
	c.period("ValidFrom", a.ValidFrom)
	c.period("ValidTo", a.ValidTo)
}

// id checks the form of an id (IDType) and reports whether it has it.
func (c *checker) id(path, id string) bool {
	if err := CheckID(id); err != nil {
		c.add(path, "%s. Give it an id of that form.", upperFirst(err.Error()))
		return false
	}
	return true
}

// ncName checks an id that must be a name (NCNameIDType): of what, is said.
func (c *checker) ncName(path, what, id string) {
	if !c.id(path, id) {
		return
	}
	if first := id[0] | 0x20; first < 'a' || first > 'z' {
		c.add(path, "The id %q begins with %q, but the id of %s must begin with a letter (NCNameIDType of SDMX 2.1 and 3.0). Give it another id.", clip(id), id[:1], what)
	} else if i := strings.IndexAny(id, "@$"); i >= 0 {
		c.add(path, "The id %q holds %q, but the id of %s is made of letters, digits, _ and - (NCNameIDType of SDMX 2.1 and 3.0). Give it another id.", clip(id), id[i:i+1], what)
	}
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// period checks a time: the standard time periods of SDMX.
func (c *checker) period(path, s string) {
	if s != "" && !IsTimePeriod(s) {
		c.add(path, "%q is no date. Write a date (2026-01-31), a point in time (2026-01-31T10:00:00Z), a year, a month (2026-01) or a reporting period (2026-Q1).", clip(s))
	}
}

// agencyScheme checks what the standard fixes: one scheme per agency, that is never
// versioned (SDMX-ML 2.1 AgencySchemeType; 3.0 prohibits the version).
func (c *checker) agencyScheme(s *AgencyScheme) {
	if s.ID != AgencySchemeID {
		c.add("ID", "The id of an agency scheme is always %s, not %q. Put the agencies into %s:%s(%s).", AgencySchemeID, clip(s.ID), s.Agency, AgencySchemeID, VersionDefault)
	}
	if s.Version != VersionDefault {
		c.add("Version", "The version of an agency scheme is always %s, not %s. Send it as %s:%s(%s).", VersionDefault, s.Version, s.Agency, AgencySchemeID, VersionDefault)
	}
	if s.Final {
		c.add("Final", "An agency scheme cannot be final (isFinal), because agencies are added to it under the same version. Send it without isFinal.")
	}
	checkItems(c, s.Items)
}

func (c *checker) codelist(l *Codelist) {
	at := checkItems(c, l.Items)
	whole := !l.External && !l.Partial && len(l.Extensions) == 0 // a parent may come from a list that is extended
	checkParents(c, "codelist", "code", l.Items, at, whole, func(x *Code) (string, string) { return x.ID, x.Parent })
	for i := range l.Extensions {
		c.extension(fmt.Sprintf("Extensions[%d]", i), l, &l.Extensions[i])
	}
}

func (c *checker) extension(path string, l *Codelist, x *CodelistExtension) {
	switch of := x.Codelist; {
	case of.IsZero():
		c.add(path+".Codelist", "The extension does not say which codelist it takes codes from. Name the codelist, or take the extension away.")
	case of.Class == ClassCodelist && of.Agency == l.Agency && of.ID == l.ID && of.Version.Matches(l.Version):
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
			c.add(fmt.Sprintf("%s.Selection[%d].Cascade", path, i), "cascadeValues is %q, and must be true, false or excluderoot.", clip(v.Cascade))
		}
	}
}

func (c *checker) conceptScheme(s *ConceptScheme) {
	at := checkItems(c, s.Items)
	checkParents(c, "concept scheme", "concept", s.Items, at, !s.External && !s.Partial, func(x *Concept) (string, string) { return x.ID, x.Parent })
	for i := range s.Items {
		x, path := &s.Items[i], fmt.Sprintf("Items[%d]", i)
		if CheckID(x.ID) == nil {
			c.ncName(path+".ID", "a concept", x.ID)
		}
		c.representation(path+".Representation", x.Representation, false)
		if x.ISO != nil && (x.ISO.Agency == "" || x.ISO.Scheme == "" || x.ISO.ID == "") {
			c.add(path+".ISO", "The ISO concept reference of concept %s needs an agency, a scheme and an id. Add what is missing, or take the reference away.", x.ID)
		}
	}
}

// categorisation wants both ends or, in one that is bare, none: the schema has them
// as one optional pair.
func (c *checker) categorisation(x *Categorisation) {
	switch {
	case x.Source.IsZero() == x.Target.IsZero():
	case x.Source.IsZero():
		c.add("Source", "The categorisation names a category, but not what is put into it. Name its source.")
	default:
		c.add("Target", "The categorisation names an object, but not the category it is put into. Name its target.")
	}
}

// checkItems checks the ids of a flat scheme, and says where each is.
func checkItems[T any](c *checker, items []T) (at map[string]int) {
	at = make(map[string]int, len(items))
	for i := range items {
		c.once(at, i, "Items", idOf(&items[i]), "")
	}
	return at
}

// categories checks the ids of one level of a tree and of those below; path is that
// of the list, under says which category holds it.
func (c *checker) categories(path, under string, items []Category) {
	seen := make(map[string]int, len(items))
	for i := range items {
		c.once(seen, i, path, items[i].ID, under)
		if below := items[i].Items; len(below) > 0 {
			c.categories(fmt.Sprintf("%s[%d].Items", path, i), " under "+clip(items[i].ID)+under, below)
		}
	}
}

// once checks the id of the item at i of a list: its form, and that no item before it
// has the same. Paths are put together only for faults: lists have a million items.
func (c *checker) once(seen map[string]int, i int, list, id, under string) {
	if err := CheckID(id); err != nil {
		c.id(fmt.Sprintf("%s[%d].ID", list, i), id)
		return
	}
	if before, twice := seen[id]; twice {
		c.add(fmt.Sprintf("%s[%d].ID", list, i), "Item %q%s is there twice: it is at %s[%d], too. Send it once.", clip(id), under, list, before)
		return
	}
	seen[id] = i
}

// checkParents checks that parents are in the list, if the list is whole, and that
// nothing is its own ancestor; at says where each id is.
func checkParents[T any](c *checker, list, item string, items []T, at map[string]int, whole bool, of func(*T) (id, parent string)) {
	some := false
	for i := range items {
		_, parent := of(&items[i])
		some = some || parent != ""
	}
	if !some {
		return
	}
	walked := make([]int, len(items)) // by which walk, counted from 1; 0 is not yet
	var chain []int
	for i := range items {
		id, parent := of(&items[i])
		if _, there := at[parent]; parent != "" && !there && whole {
			c.add(fmt.Sprintf("Items[%d].Parent", i), "%s %s names %q as its parent, which is not in this %s. Send the parent too, or take it away; only a partial %s (isPartial) may leave parents out.",
				upperFirst(item), clip(id), clip(parent), list, list)
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
		if going && walked[j] == i+1 { // the walk met itself
			for chain[0] != j {
				chain = chain[1:]
			}
			c.add(fmt.Sprintf("Items[%d].Parent", j), "The parents of %s %s go in a circle: %s. Take one of these parents away.", item, clip(first(of(&items[j]))), circle(chain, func(k int) string { return first(of(&items[k])) }))
		}
	}
}

func first(id, _ string) string { return id }

// circle writes A → B → A, with the middle left out where it is long.
func circle(chain []int, id func(int) string) string {
	var names []string
	for k, i := range chain {
		if k < 8 {
			names = append(names, clip(id(i)))
		}
	}
	if len(chain) > 8 {
		names = append(names, fmt.Sprintf("… (%d more)", len(chain)-8))
	}
	return strings.Join(append(names, names[0]), " → ")
}
