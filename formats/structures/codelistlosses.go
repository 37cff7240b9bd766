package structures

import (
	"slices"

	"urncast/formats/codec"
	"urncast/sdmx"
)

func init() {
	declare([]fieldLoss{
		{"ValueItem.URI", json20, told, "URIs and links of values"},
		{"ValueItem.Links", json20, told, "URIs and links of values"},
		{"HierarchicalCode.Links", ml21, told, "links"},
		{"HierarchicalCode.Version", fusion | json20, told, "versions of hierarchical codes"},
		{"HierarchicalCode.CodelistAlias", fusion | json20, fatal, "hierarchical codes that are named by the alias of a codelist"},
		{"HierarchicalCode.CodeID", fusion | json20, fatal, "hierarchical codes that are named by the alias of a codelist"},
		{"Level.Format", fusion, told, "coding formats of levels"},
	},
		noSelfLink(func(x *sdmx.ValueList) string { return x.URI }),
		noSelfLink(func(x *sdmx.GeographicCodelist) string { return x.URI }),
		noSelfLink(func(x *sdmx.GeoGridCodelist) string { return x.URI }),
		noSelfLink(func(x *sdmx.GeoFeatureSetCode) string { return x.URI }),
		noSelfLink(func(x *sdmx.GeoGridCode) string { return x.URI }),
		when(json20, fatal, "extensions by geographic codelists", func(x *sdmx.CodelistExtension) bool {
			return !x.Codelist.IsZero() && x.Codelist.Class != sdmx.ClassCodelist
		}),
		when(json20, fatal, "hierarchies of other codes than those of codelists", func(x *sdmx.HierarchicalCode) bool {
			return !x.Code.IsZero() && x.Code.Target() != sdmx.ClassCode
		}),
		phrases(ml21, told, "validFrom and validTo that are no points in time", func(_ codec.Dialect, x *sdmx.HierarchicalCode) []string {
			_, from := validity21(x.ValidFrom, false)
			_, to := validity21(x.ValidTo, true)
			return slices.DeleteFunc([]string{from, to}, func(s string) bool { return s == "" })
		}),
		when(json20, fatal, "associations with a hierarchy inside a hierarchical codelist", func(x *sdmx.HierarchyAssociation) bool {
			return x.Hierarchy.Item != ""
		}),
		phrases(json20, fatal, "associations of types that the schema of SDMX-JSON 2.0 leaves out", func(_ codec.Dialect, x *sdmx.HierarchyAssociation) []string {
			for _, r := range []sdmx.Ref{x.Object, x.Context} {
				if !r.IsZero() && !isURN20(&r) {
					return phrase(true, "an association of %s, a type that the schema of SDMX-JSON 2.0 leaves out", r)
				}
			}
			return nil
		}),
	)
}

// noSelfLink returns the loss of the URI of an object whose URN the schema of SDMX-JSON 2.0 does
// not take (urns20): the URI would stand in its self link.
func noSelfLink[T any](uri func(*T) string) valueLoss {
	return when(json20, told, "URIs of value lists and geographic codelists", func(x *T) bool { return uri(x) != "" })
}
