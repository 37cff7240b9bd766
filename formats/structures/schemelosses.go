package structures

import (
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// Phrases that several losses have.
const (
	reduced   = "facets, data types and occurrences of representations that the schema does not have"
	otherList = "enumerations by other than a codelist or a value list"
)

func init() {
	declare([]fieldLoss{
		{"Codelist.Extensions", ml21, fatal, "codelist extensions, without which codes are missing"},
	},
		phrases(ml21|json20, told, "that agency ids begin with a letter, as the schema wants: they stay as they are, and the message is not valid",
			func(_ codec.Dialect, a *sdmx.Agency) []string { return agencyPhrase(a.ID) }),
		when(fusion|json20, told, "that an empty selection of codes is what to leave out", func(x *sdmx.CodelistExtension) bool {
			return x.Exclusive && len(x.Selection) == 0
		}),
		when(json20, told, "the order of member values, and those that are there twice", func(x *sdmx.CodelistExtension) bool {
			plain, wild := splitSelection(x.Selection)
			for _, w := range wild {
				plain = append(plain, sdmx.MemberValue{Value: w})
			}
			return !slices.EqualFunc(x.Selection, plain, func(a, b sdmx.MemberValue) bool { return a.Value == b.Value })
		}),
		when(json20, told, "cascadeValues of member values with a wildcard", func(m *sdmx.MemberValue) bool {
			return strings.HasSuffix(m.Value, wildcard) && m.Cascade != ""
		}),
		when(json20, fatal, "member values with a wildcard that is not at the end", func(m *sdmx.MemberValue) bool {
			return strings.Contains(strings.TrimSuffix(m.Value, wildcard), wildcard) || m.Value == wildcard
		}),
		phrases(ml21|json20, told, reduced, func(d codec.Dialect, x *sdmx.Concept) []string {
			return representationLosses(d, x.Representation, sdmx.ClassConcept)
		}),
		when(json20, fatal, otherList, func(x *sdmx.Concept) bool {
			return !isEnumeration20(x.Representation, sdmx.ClassCodelist, sdmx.ClassValueList)
		}),
		phrases(json20, fatal, "categorisations of types that the schema of SDMX-JSON 2.0 leaves out", func(_ codec.Dialect, x *sdmx.Categorisation) []string {
			return phrase(!x.Source.IsZero() && !isURN20(&x.Source), "a categorisation of %s, a type that the schema of SDMX-JSON 2.0 leaves out", x.Source)
		}),
	)
}

func representationLosses(d codec.Dialect, r *sdmx.Representation, class sdmx.Class) []string {
	_, lost := representationFor(d, r, class)
	return lost
}

// isEnumeration20 reports whether the enumeration of a representation, if it has one, is of one
// of some classes.
func isEnumeration20(r *sdmx.Representation, classes ...sdmx.Class) bool {
	return r == nil || r.Enumeration.IsZero() || slices.Contains(classes, r.Enumeration.Class)
}
