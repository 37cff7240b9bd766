package structures

import (
	"reflect"
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
		{"HierarchicalCode.CodelistAlias", fusion | json20, fatal, "hierarchical codes that are named by an alias that no included codelist has"},
		{"HierarchicalCode.CodeID", fusion | json20, fatal, "hierarchical codes that are named by an alias that no included codelist has"},
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
		when(ml21, fatal, "hierarchies without codes", func(h *sdmx.Hierarchy) bool { return len(h.Items) == 0 && !(h.External && h.IsEmpty()) }),
		when(fusion|json20, fatal, "hierarchical codelists with other than one hierarchy", func(l *sdmx.HierarchicalCodelist) bool {
			return sdmx.As(l, sdmx.V3) == nil
		}),
		when(fusion|json20, told, "codelists that a hierarchical codelist includes and arranges no code of, and aliases", func(l *sdmx.HierarchicalCodelist) bool {
			again, ok := thereAndBack(l)
			return ok && !reflect.DeepEqual(l.Included, again.Included)
		}),
		when(fusion|json20, told, "what a hierarchical codelist says of the hierarchy in it, such as its id, if that is not said of the list", func(l *sdmx.HierarchicalCodelist) bool {
			again, ok := thereAndBack(l)
			return ok && len(l.Hierarchies) > 0 && !reflect.DeepEqual(l.Hierarchies[0].Nameable, again.Hierarchies[0].Nameable)
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

// thereAndBack returns what a hierarchical codelist would be if it were read as a hierarchy and
// made one again; false if it cannot be read as one.
func thereAndBack(l *sdmx.HierarchicalCodelist) (again *sdmx.HierarchicalCodelist, ok bool) {
	h := sdmx.As(l, sdmx.V3)
	if h == nil {
		return nil, false
	}
	again, ok = sdmx.As(h, sdmx.V2).(*sdmx.HierarchicalCodelist)
	return again, ok && len(again.Hierarchies) == len(l.Hierarchies)
}

// noSelfLink returns the loss of the URI of an object whose URN the schema of SDMX-JSON 2.0 does
// not take (urns20): the URI would stand in its self link.
func noSelfLink[T any](uri func(*T) string) valueLoss {
	return when(json20, told, "URIs of value lists and geographic codelists", func(x *T) bool { return uri(x) != "" })
}
