package rules

import (
	"fmt"
	"strings"

	"urncast/sdmx"
)

// A dataCheck checks a data structure. It has the ids of its components by kind, which other
// components may name.
type dataCheck struct {
	*checker
	seen                         map[string]string // id -> path of the first component with it
	dimensions, groups, measures map[string]bool
}

// dataStructure checks the components of a data structure. The schemas also allow one without
// any.
func dataStructure(c *checker, d *sdmx.DataStructure) {
	x := &dataCheck{c, map[string]string{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	if len(d.Dimensions) == 0 && len(d.Attributes)+len(d.Measures)+len(d.Groups)+len(d.MetadataUsages) > 0 {
		c.add("Dimensions", "The data structure has components, but no dimension, without which no observation can be told from another. Add the dimensions.")
	}
	x.dimensionList(d.Dimensions)
	for i := range d.Measures {
		path := fmt.Sprintf("Measures[%d]", i)
		x.component(path, "measure", &d.Measures[i].Component)
		x.representation(path+".Representation", d.Measures[i].Representation, false)
		x.measures[d.Measures[i].ID] = true
	}
	for i := range d.Groups {
		x.group(fmt.Sprintf("Groups[%d]", i), &d.Groups[i])
	}
	for i := range d.Attributes {
		x.attribute(fmt.Sprintf("Attributes[%d]", i), &d.Attributes[i])
	}
	for i := range d.MetadataUsages {
		u, path := &d.MetadataUsages[i], fmt.Sprintf("MetadataUsages[%d]", i)
		if x.checkUnique(path, "metadata attribute", u.ID) {
			x.ncName(path+".ID", "a metadata attribute", u.ID)
		}
		x.relationship(path+".Relationship", "Metadata attribute "+sdmx.Clip(u.ID), &u.Relationship)
		if d.Metadata.IsZero() {
			c.add(path, "Metadata attribute %s is used, but the data structure names no metadata structure that defines it. Name the metadata structure, or take the usage away.", sdmx.Clip(u.ID))
		}
	}
}

// dataStructureRefs returns the class of the values of measure dimensions, which are concepts.
func dataStructureRefs(d *sdmx.DataStructure, place, path string) target {
	if place == "Dimensions.Representation.Enumeration" && d.Dimensions[indexIn(path, "Dimensions[")].Kind == sdmx.DimensionMeasure {
		return target{sdmx.ClassConceptScheme}
	}
	return nil
}

// checkUnique checks that an id is set and not used before in the data structure, and reports
// whether it is.
func (x *dataCheck) checkUnique(path, kind, id string) bool {
	if id == "" {
		x.add(path+".ID", "The %s has no id. Give it one.", kind)
		return false
	}
	if before, twice := x.seen[id]; twice {
		x.add(path+".ID", "The id %q is there twice: it is at %s, too. Dimensions, attributes, measures and groups of one data structure share one list of ids; give one of the two another id, or send it once.", sdmx.Clip(id), before)
		return false
	}
	x.seen[id] = path
	return true
}

func (x *dataCheck) component(path, kind string, m *sdmx.Component) {
	if x.checkUnique(path, kind, m.ID) {
		x.ncName(path+".ID", article(kind), m.ID)
	}
	if m.Concept.IsZero() {
		x.add(path+".Concept", "%s %s has no concept, which says what it means. Give it a concept identity.", upperFirst(kind), sdmx.Clip(m.ID))
	}
}

// article puts "a" or "an" before a noun.
func article(kind string) string {
	if strings.ContainsRune("aeioAEIO", rune(kind[0])) {
		return "an " + kind
	}
	return "a " + kind
}

func (x *dataCheck) dimensionList(list []sdmx.Dimension) {
	first := map[sdmx.DimensionKind]string{}
	for i := range list {
		d, path := &list[i], fmt.Sprintf("Dimensions[%d]", i)
		x.component(path, "dimension", &d.Component)
		x.dimensions[d.ID] = true
		before, twice := first[d.Kind]
		if !twice {
			first[d.Kind] = sdmx.Clip(d.ID)
		}
		switch d.Kind {
		case sdmx.DimensionPlain:
		case sdmx.DimensionTime:
			x.timeDimension(path, d)
			if twice {
				x.add(path, "Dimension %s is a second time dimension beside %s; a data structure has one at most. Make one of them an ordinary dimension.", sdmx.Clip(d.ID), before)
			}
		case sdmx.DimensionMeasure:
			if twice {
				x.add(path, "Dimension %s is a second measure dimension beside %s; a data structure has one at most. Make one of them an ordinary dimension.", sdmx.Clip(d.ID), before)
			}
			if d.Representation == nil || d.Representation.Enumeration.IsZero() {
				x.add(path+".Representation", "Measure dimension %s does not say which concept scheme holds its values. Give it an enumeration.", sdmx.Clip(d.ID))
			}
		default:
			x.add(path+".Kind", "Dimension %s is of an unknown kind (%d).", sdmx.Clip(d.ID), d.Kind)
		}
		x.representation(path+".Representation", d.Representation, true)
	}
}

func (x *dataCheck) timeDimension(path string, d *sdmx.Dimension) {
	if d.ID != "" && d.ID != sdmx.TimeDimensionID {
		x.add(path+".ID", "The id of the time dimension is always %s, not %q. Rename it, or make it an ordinary dimension.", sdmx.TimeDimensionID, sdmx.Clip(d.ID))
	}
	r := d.Representation
	if r == nil {
		return
	}
	if !r.Enumeration.IsZero() {
		x.add(path+".Representation.Enumeration", "The time dimension takes its values from %s, but its values are times and need a text format. Take the enumeration away, or make it an ordinary dimension.", r.Enumeration)
	}
	if r.Format != nil && r.Format.Type != "" && !timeTypes[r.Format.Type] && dataTypes[r.Format.Type] {
		x.add(path+".Representation.Format.Type", "The time dimension has the data type %s, which is no time. Use ObservationalTimePeriod, or another type of time.", r.Format.Type)
	}
}

func (x *dataCheck) group(path string, g *sdmx.Group) {
	if x.checkUnique(path, "group", g.ID) {
		x.id(path+".ID", g.ID)
	}
	x.groups[g.ID] = true
	switch constrained := !g.AttachmentConstraint.IsZero(); {
	case constrained && len(g.Dimensions) > 0:
		x.add(path, "Group %s has dimensions and an attachment constraint; it is made of one or the other. Take one of them away.", sdmx.Clip(g.ID))
	case !constrained && len(g.Dimensions) == 0:
		x.add(path+".Dimensions", "Group %s names no dimension. Name those that it is made of, or take the group away.", sdmx.Clip(g.ID))
	}
	x.checkNames(path+".Dimensions", "Group "+sdmx.Clip(g.ID), "dimension", g.Dimensions, x.dimensions)
}

// checkNames checks the ids that a component names: each must exist, and be named once.
func (x *dataCheck) checkNames(path, who, kind string, ids []string, there map[string]bool) {
	seen := map[string]bool{}
	for i, id := range ids {
		if !there[id] {
			x.add(fmt.Sprintf("%s[%d]", path, i), "%s names the %s %q, which this data structure does not have. Add the %s, or take its name away.", who, kind, sdmx.Clip(id), kind)
		} else if seen[id] {
			x.add(fmt.Sprintf("%s[%d]", path, i), "%s names the %s %q twice. Name it once.", who, kind, sdmx.Clip(id))
		}
		seen[id] = true
	}
}

func (x *dataCheck) attribute(path string, a *sdmx.Attribute) {
	x.component(path, "attribute", &a.Component)
	x.representation(path+".Representation", a.Representation, false)
	if a.YearStartDay && a.ID != sdmx.YearStartDayID {
		x.add(path+".ID", "The id of the attribute ReportingYearStartDay is always %s, not %q. Rename it, or make it an ordinary attribute.", sdmx.YearStartDayID, sdmx.Clip(a.ID))
	}
	who := "Attribute " + sdmx.Clip(a.ID)
	x.relationship(path+".Relationship", who, &a.Relationship)
	x.checkNames(path+".Measures", who, "measure", a.Measures, x.measures)
}

func (x *dataCheck) relationship(path, who string, r *sdmx.Relationship) {
	dimensions, groups := len(r.Dimensions), len(r.Groups)
	switch r.Kind {
	case sdmx.AttachDataflow, sdmx.AttachObservation:
		if dimensions+groups > 0 {
			x.add(path, "%s is attached to the %s, and names dimensions or groups besides. Say the one or the other.", who, map[sdmx.AttachmentKind]string{sdmx.AttachDataflow: "data set", sdmx.AttachObservation: "observation"}[r.Kind])
		}
	case sdmx.AttachDimensions:
		if dimensions == 0 {
			x.add(path+".Dimensions", "%s is attached to dimensions, and names none. Name the dimensions, or attach it to the data set, a group or the observation.", who)
		}
	case sdmx.AttachGroup:
		if groups != 1 {
			x.add(path+".Groups", "%s is attached to a group, and names %d; it must name one. Name the group, or attach it to the data set, dimensions or the observation.", who, groups)
		}
	default:
		x.add(path+".Kind", "%s is attached to nothing: its attribute relationship is empty. Attach it to the data set, dimensions, a group or the observation.", who)
	}
	x.checkNames(path+".Dimensions", who, "dimension", r.Dimensions, x.dimensions)
	x.checkNames(path+".Groups", who, "group", r.Groups, x.groups)
}
