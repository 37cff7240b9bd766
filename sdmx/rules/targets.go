package rules

import (
	"slices"
	"strconv"
	"strings"

	"urncast/sdmx"
)

// A target is the set of classes that a reference may point to: maintainable classes or classes
// of items; nil permits all.
type target []sdmx.Class

var (
	enumerations         = target{sdmx.ClassCodelist, sdmx.ClassGeographicCodelist, sdmx.ClassGeoGridCodelist}
	enumerationsOrValues = target{sdmx.ClassCodelist, sdmx.ClassValueList, sdmx.ClassGeographicCodelist, sdmx.ClassGeoGridCodelist}
	structuresOrUsages   = target{sdmx.ClassDataStructure, sdmx.ClassDataflow, sdmx.ClassMetadataStructure, sdmx.ClassMetadataflow}
	organisationSchemes  = target{sdmx.ClassAgencyScheme, sdmx.ClassDataProviderScheme, sdmx.ClassDataConsumerScheme, sdmx.ClassOrganisationUnitScheme, sdmx.ClassMetadataProviderScheme}
	itemSchemes          = target{sdmx.ClassCodelist, sdmx.ClassConceptScheme, sdmx.ClassCategoryScheme, sdmx.ClassReportingTaxonomy,
		sdmx.ClassAgencyScheme, sdmx.ClassDataProviderScheme, sdmx.ClassDataConsumerScheme, sdmx.ClassOrganisationUnitScheme}
)

// placeOf returns the place that a path (sdmx.EachRef) names in every structure of a type: the
// path without indexes, and with one name for nested items of one kind, however deep they are.
func placeOf(path string) string {
	var place []string
	for part := range strings.SplitSeq(path, ".") {
		field, _, _ := strings.Cut(part, "[")
		if n := len(place); n == 0 || place[n-1] != field {
			place = append(place, field)
		}
	}
	return strings.Join(place, ".")
}

// targets checks the classes that the structure refers to.
func (c *checker) targets(m sdmx.Maintainable) {
	sdmx.EachRef(m, func(path string, r *sdmx.Ref) {
		list, known := TargetsOf(m, path)
		if !known {
			c.add(path, "The reference to %s stands where no reference may.", *r)
			return
		}
		may := target(list)
		if r.Loose() && !isLoose(m, path) {
			c.add(path, "%s names a set of structures by *, which a reference in this place may not; only the targets of metadataflows and of metadata provision agreements may. Name one structure, or take the reference away.", *r)
			return
		}
		class := r.Target()
		if len(may) > 0 && !slices.Contains(may, class) {
			c.add(path, "It refers to %s, which is %s; a reference in this place must point to %s. Name one of those, or take the reference away.", *r, article(class.String()), may)
		}
	})
}

// indexIn returns the index that a path (sdmx.EachRef) has after its beginning, such as Dimensions[.
func indexIn(path, list string) int {
	index, _, _ := strings.Cut(strings.TrimPrefix(path, list), "]")
	i, err := strconv.Atoi(index)
	if err != nil {
		panic("rules: " + path + " does not begin with " + list)
	}
	return i
}

// String returns the names of the classes, such as "a Codelist or ValueList".
func (t target) String() string {
	names := make([]string, len(t))
	for i, k := range t {
		names[i] = k.String()
	}
	last := len(names) - 1
	if last == 0 {
		return article(names[0])
	}
	return article(strings.Join(names[:last], ", ") + " or " + names[last])
}
