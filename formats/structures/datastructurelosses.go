package structures

import (
	"slices"

	"urncast/formats/codec"
	"urncast/sdmx"
)

func init() {
	declare([]fieldLoss{
		{"DataStructure.Metadata", ml21 | fusion, fatal, "metadata attributes reported with data"},
		{"DataStructure.MetadataUsages", ml21 | fusion, fatal, "metadata attributes reported with data"},
		{"DataStructure.ListAnnotations", fusion, told, "annotations of component lists"},
		{"Component.Links", fusion, told, "links of components"},
		{"Component.Links", ml21, told, "links"},
		{"Group.URI", fusion, told, "URIs and links of groups"},
		{"Group.Links", fusion, told, "URIs and links of groups"},
		{"Group.Links", ml21, told, "links"},
		{"Group.AttachmentConstraint", json20, fatal, "groups that are made of an attachment constraint"},
		{"Measure.Mandatory", ml21, told, "whether a measure is mandatory"},
		{"Attribute.Measures", ml21, told, "which measures an attribute describes"},
		{"Attribute.YearStartDay", fusion | json20, told, "that an attribute is the element ReportingYearStartDay of 2.1"},
	},
		when(ml21, fatal, "data structures whose measures are other than one OBS_VALUE", func(d *sdmx.DataStructure) bool {
			return !isStub(d) && (len(d.Measures) != 1 || d.Measures[0].ID != sdmx.MeasureIDPrimary)
		}),
		when(ml21, fatal, "data structures without dimensions", func(d *sdmx.DataStructure) bool { return !isStub(d) && len(d.Dimensions) == 0 }),
		when(ml21|json20, told, "annotations of component lists that are not there", func(d *sdmx.DataStructure) bool {
			return slices.ContainsFunc(d.ListAnnotations, func(x sdmx.ListAnnotations) bool { return !slices.Contains(knownLists, x.List) })
		}),
		when(ml21, told, "annotations of component lists that are empty", func(d *sdmx.DataStructure) bool {
			return len(d.ListAnnotations) > 0 && (isStub(d) || hasListAnnotations(d, attributeListID) && len(d.Attributes) == 0)
		}),
	)
	declare(nil, componentLosses()...)
	declare(nil, attributeLosses()...)
}

// componentLosses are those of dimensions, measures and what all components have.
func componentLosses() []valueLoss {
	return []valueLoss{
		when(ml21|json20, fatal, "components without a concept", func(x *sdmx.Component) bool { return x.Concept.IsZero() }),
		phrases(ml21|json20, told, reduced, func(d codec.Dialect, x *sdmx.Measure) []string {
			class := sdmx.ClassPrimaryMeasure
			if d == codec.JSON20 {
				class = sdmx.ClassMeasure
			}
			return representationLosses(d, x.Representation, class)
		}),
		phrases(ml21|json20, told, reduced, func(d codec.Dialect, x *sdmx.Dimension) []string {
			return representationLosses(d, x.Representation, dimensionClasses[x.Kind])
		}),
		when(ml21, told, "concept roles of the measure", func(x *sdmx.Measure) bool { return len(x.Roles) > 0 }),
		when(ml21|json20, told, "concept roles of the time dimension", func(x *sdmx.Dimension) bool { return isTime(x) && len(x.Roles) > 0 }),
		when(json20, told, "concept roles that are named twice", func(x *sdmx.Component) bool { return len(distinct(x.Roles)) < len(x.Roles) }),
		when(ml21|json20, fatal, "time dimensions with an id other than TIME_PERIOD", func(x *sdmx.Dimension) bool { return isTime(x) && x.ID != timeDimensionID }),
		when(json20, fatal, "measure dimensions, whose values are concepts", func(x *sdmx.Dimension) bool { return x.Kind == sdmx.DimensionMeasure }),
		when(json20, fatal, "dimensions with values of another list than a codelist", func(x *sdmx.Dimension) bool {
			return x.Kind == sdmx.DimensionPlain && !isEnumeration20(x.Representation, sdmx.ClassCodelist)
		}),
		when(json20, fatal, otherList, func(x *sdmx.Measure) bool {
			return !isEnumeration20(x.Representation, sdmx.ClassCodelist, sdmx.ClassValueList)
		}),
		when(json20, fatal, "data structures with two time dimensions", func(d *sdmx.DataStructure) bool {
			n := 0
			for i := range d.Dimensions {
				if isTime(&d.Dimensions[i]) {
					n++
				}
			}
			return n > 1
		}),
		when(ml21, fatal, "measure dimensions without an enumeration", func(x *sdmx.Dimension) bool {
			return x.Kind == sdmx.DimensionMeasure && (x.Representation == nil || x.Representation.Enumeration.IsZero())
		}),
		when(fusion, told, "whether a dimension is a measure dimension where its values do not show it", func(x *sdmx.Dimension) bool {
			ofConcepts := x.Representation != nil && x.Representation.Enumeration.Class == sdmx.ClassConceptScheme
			return !isTime(x) && (x.Kind == sdmx.DimensionMeasure) != ofConcepts
		}),
	}
}

func attributeLosses() []valueLoss {
	return []valueLoss{
		phrases(ml21|json20, told, reduced, func(d codec.Dialect, x *sdmx.Attribute) []string {
			class := sdmx.ClassDataAttribute
			if x.YearStartDay && d == codec.ML21 {
				class = sdmx.ClassReportingYearStartDay
			}
			return representationLosses(d, x.Representation, class)
		}),
		when(json20, fatal, otherList, func(x *sdmx.Attribute) bool {
			return !isEnumeration20(x.Representation, sdmx.ClassCodelist, sdmx.ClassValueList)
		}),
		when(ml21, told, "concept roles of ReportingYearStartDay", func(a *sdmx.Attribute) bool { return a.YearStartDay && len(a.Roles) > 0 }),
		when(ml21|json20, fatal, "attributes that are attached to dimensions and name none", func(r *sdmx.Relationship) bool {
			return r.Kind == sdmx.AttachDimensions && len(r.Dimensions) == 0
		}),
		when(ml21|json20, fatal, "attributes that are attached to other than one group", func(r *sdmx.Relationship) bool {
			return r.Kind == sdmx.AttachGroup && len(r.Groups) != 1
		}),
		when(ml21|json20, told, "dimensions and groups beside another attachment of an attribute", func(r *sdmx.Relationship) bool {
			return r.Kind != sdmx.AttachDimensions && len(r.Dimensions) > 0 || r.Kind != sdmx.AttachDimensions && r.Kind != sdmx.AttachGroup && len(r.Groups) > 0
		}),
		when(json20, told, "groups beside the dimensions that an attribute is attached to", func(r *sdmx.Relationship) bool {
			return r.Kind == sdmx.AttachDimensions && len(r.Groups) > 0
		}),
		when(fusion, told, "attachment groups after the first", func(r *sdmx.Relationship) bool { return len(r.Groups) > 1 }),
	}
}

// knownLists are the ids of the component lists that can have annotations.
var knownLists = []string{dimensionListID, attributeListID, measureListID}

func isTime(x *sdmx.Dimension) bool { return x.Kind == sdmx.DimensionTime }

// isStub reports whether a data structure has no components, which are optional in 2.1.
func isStub(d *sdmx.DataStructure) bool {
	return len(d.Dimensions)+len(d.Attributes)+len(d.Groups)+len(d.Measures)+len(d.MetadataUsages) == 0 && d.Metadata.IsZero()
}

// distinct returns the elements of a list without those that are there before.
func distinct[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	var out []T
	for _, r := range list {
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}
