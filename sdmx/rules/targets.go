package rules

import (
	"regexp"
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
)

// targets has, for each class and the path (without indexes) of each of its references, the
// classes to which the reference may point, by the tables of the information model (SDMX 3.0
// section 2; where 2.1 differs, both). A test asserts that no path is missing.
var targets = map[sdmx.Class]map[string]target{
	sdmx.ClassAgencyScheme:   {},
	sdmx.ClassCategoryScheme: {},
	sdmx.ClassCodelist:       {"Extensions.Codelist": enumerations},
	sdmx.ClassConceptScheme: {
		"Items.Representation.Enumeration": enumerationsOrValues,
	},
	sdmx.ClassCategorisation: {
		"Source": nil, // any object that can be identified
		"Target": {sdmx.ClassCategory},
	},
	sdmx.ClassDataflow: {"Structure": {sdmx.ClassDataStructure}},
	sdmx.ClassDataStructure: {
		"Dimensions.Concept": {sdmx.ClassConcept},
		"Dimensions.Roles":   {sdmx.ClassConcept},
		// The 3.0 schema does not permit a value list, but registries have them. A measure
		// dimension (2.1) has a concept scheme: ofMeasureDimension.
		"Dimensions.Representation.Enumeration": enumerationsOrValues,
		"Groups.AttachmentConstraint":           {sdmx.ClassAttachmentConstraint},
		"Attributes.Concept":                    {sdmx.ClassConcept},
		"Attributes.Roles":                      {sdmx.ClassConcept},
		"Attributes.Representation.Enumeration": enumerationsOrValues,
		"Measures.Concept":                      {sdmx.ClassConcept},
		"Measures.Roles":                        {sdmx.ClassConcept},
		"Measures.Representation.Enumeration":   enumerationsOrValues,
		"Metadata":                              {sdmx.ClassMetadataStructure},
	},
}

// loose has, for each class, the paths of the references in which "*" may stand (sdmx.Ref.Loose).
var loose = map[sdmx.Class]map[string]bool{
	sdmx.ClassMetadataflow:               {"Targets": true},
	sdmx.ClassMetadataProvisionAgreement: {"Targets": true},
}

var indexes = regexp.MustCompile(`\[\d+\]`)

// targets checks the classes that the structure refers to.
func (c *checker) targets(m sdmx.Maintainable) {
	table := targets[m.Class()]
	sdmx.EachRef(m, func(path string, r *sdmx.Ref) {
		place := indexes.ReplaceAllString(path, "")
		may, known := table[place]
		if place == "Dimensions.Representation.Enumeration" && ofMeasureDimension(m, path) {
			may = target{sdmx.ClassConceptScheme}
		}
		if !known {
			c.add(path, "The reference to %s stands where no reference may.", *r)
			return
		}
		if r.Loose() && !loose[m.Class()][place] {
			c.add(path, "%s names a set of structures by *, which a reference in this place may not; only the targets of metadataflows and of metadata provision agreements may. Name one structure, or take the reference away.", *r)
			return
		}
		class := r.Target()
		if len(may) > 0 && !slices.Contains(may, class) {
			c.add(path, "It refers to %s, which is %s; a reference in this place must point to %s. Name one of those, or take the reference away.", *r, article(class.String()), may)
		}
	})
}

// ofMeasureDimension reports whether a path is inside a measure dimension.
func ofMeasureDimension(m sdmx.Maintainable, path string) bool {
	d, ok := m.(*sdmx.DataStructure)
	if !ok {
		return false
	}
	index, _, _ := strings.Cut(strings.TrimPrefix(path, "Dimensions["), "]")
	i, err := strconv.Atoi(index)
	return err == nil && d.Dimensions[i].Kind == sdmx.DimensionMeasure
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
