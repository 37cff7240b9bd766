package rules

import (
	"fmt"

	"urncast/sdmx"
)

// A part of a VTL scheme or item that the schemas require: its path, what it is, and its value.
type part struct{ path, what, value string }

// required checks that no part is empty. at is the path of what they belong to, with a dot, and
// whose what people call it.
func required(c *checker, at, whose string, parts ...part) {
	for _, p := range parts {
		if p.value == "" {
			c.add(at+p.path, "%s has no %s, which the schemas of SDMX 2.1 and 3.0 require. Add it.", upperFirst(whose), p.what)
		}
	}
}

// vtl checks the ids of the items of a VTL scheme and the version of VTL, which a stub may leave
// out.
func (c *checker) vtl(s sdmx.ItemScheme, version string) {
	c.items(s)
	if !s.Common().External {
		required(c, "", "the "+s.Class().Word(), part{"VTLVersion", "VTL version (vtlVersion)", version})
	}
}

// once checks that no structure is named twice in a list of references.
func once(c *checker, path string, refs []sdmx.Ref) {
	at := make(map[sdmx.Ref]int, len(refs))
	for i, r := range refs {
		if before, twice := at[r]; twice {
			c.add(fmt.Sprintf("%s[%d]", path, i), "It refers to %s, as %s[%d] does. Name each scheme once.", r, path, before)
			continue
		}
		at[r] = i
	}
}

func transformationScheme(c *checker, s *sdmx.TransformationScheme) {
	c.vtl(s, s.VTLVersion)
	once(c, "Rulesets", s.Rulesets)
	once(c, "Operators", s.Operators)
	for i := range s.Items {
		x := &s.Items[i]
		required(c, itemPath(i), "transformation "+sdmx.Clip(x.ID), part{"Expression", "expression", x.Expression}, part{"Result", "result", x.Result})
	}
}

func rulesetScheme(c *checker, s *sdmx.RulesetScheme) {
	c.vtl(s, s.VTLVersion)
	for i := range s.Items {
		x := &s.Items[i]
		required(c, itemPath(i), "ruleset "+sdmx.Clip(x.ID), part{"Definition", "definition (rulesetDefinition)", x.Definition},
			part{"Type", "type (rulesetType)", x.Type}, part{"Scope", "scope (rulesetScope)", x.Scope})
	}
}

func userDefinedOperatorScheme(c *checker, s *sdmx.UserDefinedOperatorScheme) {
	c.vtl(s, s.VTLVersion)
	once(c, "Rulesets", s.Rulesets)
	for i := range s.Items {
		x := &s.Items[i]
		required(c, itemPath(i), "operator "+sdmx.Clip(x.ID), part{"Definition", "definition (operatorDefinition)", x.Definition})
	}
}

func customTypeScheme(c *checker, s *sdmx.CustomTypeScheme) {
	c.vtl(s, s.VTLVersion)
	for i := range s.Items {
		x := &s.Items[i]
		required(c, itemPath(i), "custom type "+sdmx.Clip(x.ID), part{"ScalarType", "VTL type (vtlScalarType)", x.ScalarType}, part{"DataType", "data type (dataType)", x.DataType})
	}
}

func namePersonalisationScheme(c *checker, s *sdmx.NamePersonalisationScheme) {
	c.vtl(s, s.VTLVersion)
	for i := range s.Items {
		x := &s.Items[i]
		required(c, itemPath(i), "name personalisation "+sdmx.Clip(x.ID), part{"Artefact", "kind of artefact (vtlArtefact)", x.Artefact},
			part{"DefaultName", "name in VTL (vtlDefaultName)", x.DefaultName}, part{"Personalised", "name of its own (personalisedName)", x.Personalised})
	}
}

// vtlMappingScheme checks that each alias is there once, and that each mapping maps one thing.
func vtlMappingScheme(c *checker, s *sdmx.VtlMappingScheme) {
	c.items(s)
	aliases := make(map[string]int, len(s.Items))
	for i := range s.Items {
		x, at := &s.Items[i], itemPath(i)
		required(c, at, "mapping "+sdmx.Clip(x.ID), part{"Alias", "alias", x.Alias})
		if before, twice := aliases[x.Alias]; twice && x.Alias != "" {
			c.add(at+"Alias", "The alias %q is there twice: it is that of Items[%d], too. An alias stands for one thing in a VTL mapping scheme; change one of the two.", sdmx.Clip(x.Alias), before)
		} else {
			aliases[x.Alias] = i
		}
		vtlMapping(c, at, x)
	}
}

func vtlMapping(c *checker, at string, x *sdmx.VtlMapping) {
	switch {
	case x.Mapped.IsZero() && !x.Generic:
		c.add(at+"Mapped", "Mapping %s does not say what it maps. Name a dataflow, a codelist or a concept, or make it the mapping of all dataflows (GenericDataflow).", sdmx.Clip(x.ID))
	case !x.Mapped.IsZero() && x.Generic:
		c.add(at+"Generic", "Mapping %s maps %s and all dataflows (GenericDataflow); one of the two is permitted. Make two mappings of it.", sdmx.Clip(x.ID), x.Mapped)
	}
	if x.Class() != sdmx.ClassVtlDataflowMapping && (x.ToMethod != "" || x.FromMethod != "" || len(x.ToSpace)+len(x.FromSpace) > 0) {
		c.add(at+"Mapped", "Mapping %s maps %s and says methods or dimensions; only a mapping of a dataflow has them. Take them away.", sdmx.Clip(x.ID), x.Mapped)
	}
	for _, space := range []struct {
		path string
		ids  []string
	}{{"ToSpace", x.ToSpace}, {"FromSpace", x.FromSpace}} {
		seen := make(map[string]bool, len(space.ids))
		for i, id := range space.ids {
			path := fmt.Sprintf("%s%s[%d]", at, space.path, i)
			if c.ncName(path, "a dimension", id); seen[id] {
				c.add(path, "The dimension %s is there twice. Name it once.", sdmx.Clip(id))
			}
			seen[id] = true
		}
	}
}

// itemPath is the beginning of the paths of what item i of a scheme has.
func itemPath(i int) string { return fmt.Sprintf("Items[%d].", i) }
