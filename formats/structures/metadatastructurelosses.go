package structures

import (
	"urncast/formats/codec"
	"urncast/sdmx"
)

func init() {
	const reports = "the targets and report structures of SDMX 2.1: their metadata attributes become those of the metadata structure"
	declare([]fieldLoss{
		{"MetadataStructure.Targets", json20 | fusion, told, reports},
		{"MetadataAttributeList.ID", json20 | fusion, told, reports},
		{"MetadataAttributeList.URI", json20 | fusion, told, reports},
		{"MetadataAttributeList.Targets", json20 | fusion, told, reports},
		{"MetadataAttributeList.Annotations", fusion, told, "annotations of component lists"},
		{"MetadataAttribute.Links", ml21 | fusion, told, "links"},
		{"Metadataflow.Targets", ml21, told, "the targets of a metadataflow"},
	},
		when(json20|fusion, fatal, "metadata structures with several report structures", func(m *sdmx.MetadataStructure) bool { return len(m.Lists) > 1 }),
		when(ml21, told, "that a metadata structure of SDMX 3.0 has no targets: a report structure about any object stands in their place", hasPlainList),
		when(ml21|json20, fatal, "components without a concept", func(x *sdmx.MetadataAttribute) bool { return x.Concept.IsZero() }),
		when(json20, fatal, "metadata attributes with values of another list than a codelist", func(x *sdmx.MetadataAttribute) bool {
			return !isEnumeration20(x.Representation, sdmx.ClassCodelist)
		}),
		phrases(ml21|json20, told, reduced, func(d codec.Dialect, x *sdmx.MetadataAttribute) []string {
			return representationLosses(d, x.Representation, sdmx.ClassMetadataAttribute)
		}),
		phrases(ml21, told, reduced, func(d codec.Dialect, x *sdmx.TargetObject) []string {
			return representationLosses(d, x.Representation, x.Kind.Class())
		}),
		when(ml21, told, "object types of target objects that are no identifiable objects", func(x *sdmx.TargetObject) bool {
			return x.Kind != sdmx.TargetObjectIdentifiable && x.ObjectType != ""
		}),
		when(json20, told, "targets that are named twice", func(x *sdmx.Metadataflow) bool { return len(distinct(x.Targets)) < len(x.Targets) }),
	)
}
