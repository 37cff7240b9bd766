package rules

import (
	"fmt"
	"regexp"

	"urncast/sdmx"
)

func hierarchy(c *checker, h *sdmx.Hierarchy) {
	c.levelsAndCodes("", h.Levels, h.Items, nil)
}

func hierarchicalCodelist(c *checker, l *sdmx.HierarchicalCodelist) {
	aliases := map[string]int{}
	for i := range l.Included {
		x, path := &l.Included[i], fmt.Sprintf("Included[%d]", i)
		if x.Codelist.IsZero() {
			c.add(path+".Codelist", "It does not say which codelist is included. Name the codelist, or take it away.")
		}
		if x.Alias == "" {
			continue
		}
		c.id(path+".Alias", x.Alias)
		if before, twice := aliases[x.Alias]; twice {
			c.add(path+".Alias", "The alias %s is there twice: Included[%d] has it, too. Give one of the codelists another alias.", sdmx.Clip(x.Alias), before)
		}
		aliases[x.Alias] = i
	}
	seen := map[string]int{}
	for i := range l.Hierarchies {
		h, path := &l.Hierarchies[i], fmt.Sprintf("Hierarchies[%d]", i)
		c.checkUnique(seen, i, "Hierarchies", h.ID, "")
		if len(h.Items) == 0 {
			c.add(path+".Items", "Hierarchy %s has no codes, and the schema of SDMX 2.1 wants one. Send its codes, or leave it out.", sdmx.Clip(h.ID))
		}
		c.levelsAndCodes(path+".", h.Levels, h.Items, aliases)
	}
}

// levelsAndCodes checks the content of a hierarchy at a path. aliases has those of the included
// codelists; it is nil outside a hierarchical codelist.
func (c *checker) levelsAndCodes(path string, levels []sdmx.Level, codes []sdmx.HierarchicalCode, aliases map[string]int) {
	w := hierarchyWalk{c, map[string]int{}, aliases}
	for i := range levels {
		c.checkUnique(w.levels, i, path+"Levels", levels[i].ID, "")
		c.codingFormat(fmt.Sprintf("%sLevels[%d].Format", path, i), levels[i].Format)
	}
	checkNested(c, path+"Items", "", codes, func(x *sdmx.HierarchicalCode) (string, []sdmx.HierarchicalCode) { return x.ID, x.Items })
	w.codes(path+"Items", codes)
}

// A hierarchyWalk checks the codes of one hierarchy.
type hierarchyWalk struct {
	*checker
	levels, aliases map[string]int
}

func (w *hierarchyWalk) codes(list string, codes []sdmx.HierarchicalCode) {
	for i := range codes {
		x, path := &codes[i], fmt.Sprintf("%s[%d]", list, i)
		w.code(path, x)
		if _, there := w.levels[x.Level]; x.Level != "" && !there {
			w.add(path+".Level", "Code %s is on level %q, which is not in the hierarchy. Send the level too, or name another one.", sdmx.Clip(x.ID), sdmx.Clip(x.Level))
		}
		w.period(path+".ValidFrom", x.ValidFrom)
		w.period(path+".ValidTo", x.ValidTo)
		if x.Version != "" {
			if _, err := sdmx.ParseVersion(x.Version); err != nil {
				w.add(path+".Version", "%s. Write a version such as 1.0, or leave it out.", upperFirst(err.Error()))
			}
		}
		w.codes(path+".Items", x.Items)
	}
}

// code checks that one code of a codelist is named, by a reference or by alias and id.
func (w *hierarchyWalk) code(path string, x *sdmx.HierarchicalCode) {
	local := x.CodelistAlias != "" || x.CodeID != ""
	_, known := w.aliases[x.CodelistAlias]
	switch {
	case !x.Code.IsZero() && local:
		w.add(path+".Code", "Code %s is named by a reference and by the alias of a codelist; one of the two is permitted. Leave one out.", sdmx.Clip(x.ID))
	case !x.Code.IsZero():
	case !local:
		w.add(path+".Code", "%s does not say which code of a codelist it is. Name the code.", sdmx.Clip(x.ID))
	case !known:
		w.add(path+".CodelistAlias", "No included codelist has the alias %q that code %s names. Include the codelist with that alias, or name another one.", sdmx.Clip(x.CodelistAlias), sdmx.Clip(x.ID))
	default:
		w.id(path+".CodeID", x.CodeID)
	}
}

var (
	wholeNumber    = regexp.MustCompile(`^-?(0|[1-9]\d*)$`)
	positiveNumber = regexp.MustCompile(`^[1-9]\d*$`)
)

func (c *checker) codingFormat(path string, f *sdmx.CodingFormat) {
	if f == nil {
		return
	}
	switch f.Type {
	case "", "Alpha", "AlphaNumeric", "Numeric":
	default:
		c.add(path+".Type", "The type of the codes of a level is %q, and must be Alpha, AlphaNumeric or Numeric.", sdmx.Clip(f.Type))
	}
	if f.Interval != "" && !wholeNumber.MatchString(f.Interval) {
		c.add(path+".Interval", "The interval %q is no whole number. Write it as one, such as 2.", sdmx.Clip(f.Interval))
	}
	for _, x := range []struct{ name, value string }{
		{"StartValue", f.StartValue}, {"EndValue", f.EndValue}, {"MinLength", f.MinLength},
		{"MaxLength", f.MaxLength}, {"MinValue", f.MinValue}, {"MaxValue", f.MaxValue},
	} {
		if x.value != "" && !positiveNumber.MatchString(x.value) {
			c.add(path+"."+x.name, "%q is no whole number above 0. Write it as one, such as 2.", sdmx.Clip(x.value))
		}
	}
}

// hierarchyAssociation checks that hierarchy and object are named; a stub may leave them out.
func hierarchyAssociation(c *checker, x *sdmx.HierarchyAssociation) {
	if x.External {
		return
	}
	if x.Hierarchy.IsZero() {
		c.add("Hierarchy", "The association does not name its hierarchy. Add the reference, or send a stub (isExternalReference).")
	}
	if x.Object.IsZero() {
		c.add("Object", "The association does not name the object that the hierarchy is for. Add the reference, or send a stub (isExternalReference).")
	}
}
