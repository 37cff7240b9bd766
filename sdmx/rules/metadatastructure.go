package rules

import (
	"fmt"
	"regexp"

	"urncast/sdmx"
)

// objectTypes are what an identifiable object target of 2.1 can name (ObjectTypeCodelistType).
var objectTypes = setOf("Any Agency AgencyScheme AttachmentConstraint Attribute AttributeDescriptor Categorisation Category CategorySchemeMap " +
	"CategoryScheme Code CodeMap Codelist CodelistMap ComponentMap Concept ConceptMap ConceptScheme ConceptSchemeMap Constraint " +
	"ConstraintTarget ContentConstraint CustomType CustomTypeScheme Dataflow DataConsumer DataConsumerScheme DataProvider " +
	"DataProviderScheme DataSetTarget DataStructure DefinitionScheme Dimension DimensionDescriptor DimensionDescriptorValuesTarget " +
	"GroupDimensionDescriptor HierarchicalCode HierarchicalCodelist Hierarchy HybridCodelistMap HybridCodeMap IdentifiableObjectTarget " +
	"Level MeasureDescriptor MeasureDimension Metadataflow MetadataAttribute MetadataSet MetadataStructure MetadataTarget " +
	"NamePersonalisation NamePersonalisationScheme Organisation OrganisationMap OrganisationScheme OrganisationSchemeMap OrganisationUnit " +
	"OrganisationUnitScheme PrimaryMeasure Process ProcessStep ProvisionAgreement ReportingCategory ReportingCategoryMap " +
	"ReportingTaxonomy ReportingTaxonomyMap ReportingYearStartDay ReportPeriodTarget ReportStructure Ruleset RulesetScheme StructureMap " +
	"StructureSet TimeDimension Transformation TransformationScheme Transition UserDefinedOperator UserDefinedOperatorScheme VtlMapping " +
	"VtlMappingScheme")

// occursForm is the form of minOccurs and maxOccurs of metadata attributes.
var occursForm = regexp.MustCompile(`^(0|[1-9]\d*)$`)

// metadataStructure checks metadata attributes and, of 2.1, that report structures and metadata
// targets belong together. One without components is a stub.
func metadataStructure(c *checker, m *sdmx.MetadataStructure) {
	targets := metadataTargets(c, m.Targets)
	seen := map[string]int{}
	for i := range m.Lists {
		l, path := &m.Lists[i], fmt.Sprintf("Lists[%d]", i)
		if len(l.Attributes) == 0 {
			c.add(path+".Attributes", "The list of metadata attributes is empty. Add an attribute, or take the list away.")
		}
		metadataAttributes(c, path+".Attributes", l.Attributes)
		if l.ID == "" {
			plainMetadataList(c, path, m, l)
			continue
		}
		c.checkUnique(seen, i, "Lists", l.ID, " of the report structures")
		if len(l.Targets) == 0 {
			c.add(path+".Targets", "Report structure %s names no metadata target, which says what is reported on. Name one.", sdmx.Clip(l.ID))
		}
		for j, id := range l.Targets {
			if !targets[id] {
				c.add(fmt.Sprintf("%s.Targets[%d]", path, j), "Report structure %s names the metadata target %q, which this metadata structure does not have. Add the target, or take its name away.", sdmx.Clip(l.ID), sdmx.Clip(id))
			}
		}
	}
	if len(m.Targets) > 0 && len(m.Lists) == 0 {
		c.add("Targets", "The metadata structure has metadata targets, and no report structure that is about them. Add one, or take the targets away.")
	}
}

// plainMetadataList checks that the list of 3.0, which has no id, stands without what only 2.1 has.
func plainMetadataList(c *checker, path string, m *sdmx.MetadataStructure, l *sdmx.MetadataAttributeList) {
	if len(m.Lists) > 1 {
		c.add(path+".ID", "The report structure has no id. Give it one; only a single list of metadata attributes has none (SDMX 3.0).")
	}
	if len(l.Targets)+len(m.Targets) > 0 {
		c.add(path+".ID", "The metadata structure has metadata targets, as in SDMX 2.1, and its metadata attributes stand in no report structure. Give the list of attributes an id, or take the targets away.")
	}
}

func metadataTargets(c *checker, list []sdmx.MetadataTarget) map[string]bool {
	ids, seen := map[string]bool{}, map[string]int{}
	for i := range list {
		t, path := &list[i], fmt.Sprintf("Targets[%d]", i)
		c.checkUnique(seen, i, "Targets", t.ID, " of the metadata targets")
		ids[t.ID] = true
		if len(t.Objects) == 0 {
			c.add(path+".Objects", "Metadata target %s has no target object. Add one, or take the target away.", sdmx.Clip(t.ID))
		}
		inside := map[string]int{}
		for j := range t.Objects {
			o, at := &t.Objects[j], fmt.Sprintf("%s.Objects[%d]", path, j)
			if c.checkUnique(inside, j, path+".Objects", o.ID, " of metadata target "+sdmx.Clip(t.ID)) && o.Kind == sdmx.TargetObjectIdentifiable {
				c.ncName(at+".ID", "a target object", o.ID)
			}
			targetObject(c, at, o)
		}
	}
	return ids
}

func targetObject(c *checker, path string, o *sdmx.TargetObject) {
	if id := o.Kind.FixedID(); id != "" && o.ID != id {
		c.add(path+".ID", "The id of a %s is always %s, not %q. Send it with that id, or without an id.", o.Kind.Class().Word(), id, sdmx.Clip(o.ID))
	}
	if o.Kind == sdmx.TargetObjectIdentifiable {
		if !objectTypes[o.ObjectType] {
			c.add(path+".ObjectType", "The object type %q is none of SDMX 2.1. Name a class such as Dataflow, or Any.", sdmx.Clip(o.ObjectType))
		}
	} else if o.ObjectType != "" {
		c.add(path+".ObjectType", "Only a target of an identifiable object has an object type, and this is a %s. Take %q away.", o.Kind.Class().Word(), sdmx.Clip(o.ObjectType))
	}
	c.representation(path+".Representation", o.Representation, false)
}

func metadataAttributes(c *checker, path string, list []sdmx.MetadataAttribute) {
	seen := map[string]int{}
	for i := range list {
		x, at := &list[i], fmt.Sprintf("%s[%d]", path, i)
		if c.checkUnique(seen, i, path, x.ID, " of the metadata attributes") {
			c.ncName(at+".ID", "a metadata attribute", x.ID)
		}
		if x.Concept.IsZero() {
			c.add(at+".Concept", "Metadata attribute %s has no concept, which says what it means. Give it a concept identity.", sdmx.Clip(x.ID))
		}
		if x.MinOccurs != "" && !occursForm.MatchString(x.MinOccurs) {
			c.add(at+".MinOccurs", "minOccurs is %q, and must be a whole number from 0.", sdmx.Clip(x.MinOccurs))
		}
		if x.MaxOccurs != "" && x.MaxOccurs != "unbounded" && (!occursForm.MatchString(x.MaxOccurs) || x.MaxOccurs == "0") {
			c.add(at+".MaxOccurs", "maxOccurs is %q, and must be a whole number from 1, or unbounded.", sdmx.Clip(x.MaxOccurs))
		}
		c.occurs(at+".MaxOccurs", x.MinOccurs, x.MaxOccurs)
		c.representation(at+".Representation", x.Representation, false)
		metadataAttributes(c, at+".Attributes", x.Attributes)
	}
}
