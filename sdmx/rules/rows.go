package rules

import (
	"slices"

	"urncast/sdmx"
)

// A row has what is particular to the rules of a class.
type row struct {
	// check checks the rules of the class beside those of all; see of.
	check func(*checker, sdmx.Maintainable)
	// ncName says that ids of the class have type NCNameIDType, and so begin with a letter;
	// those of other classes have type IDType.
	ncName bool
	// refs has, for the place (placeOf) of each reference, the classes to which it may
	// point, by the tables of the information model (SDMX 3.0 section 2; where 2.1 differs,
	// both). A test asserts that no path is missing.
	refs map[string]target
	// refsOf returns the same for a reference at a place whose classes depend on what else the
	// structure says; nil if refs has them. path has the indexes.
	refsOf func(m sdmx.Maintainable, place, path string) target
	// loose has the paths of references in which "*" may stand (sdmx.Ref.Loose).
	loose []string
}

// rows has the row of each class that this program has a type for. Types of one family stand
// together, with an empty line between families.
var rows = map[sdmx.Class]row{
	sdmx.ClassAgencyScheme:           {check: of(agencyScheme)},
	sdmx.ClassDataProviderScheme:     {check: of(dataProviderScheme)},
	sdmx.ClassDataConsumerScheme:     {check: of(dataConsumerScheme)},
	sdmx.ClassMetadataProviderScheme: {check: of(metadataProviderScheme)},
	sdmx.ClassOrganisationUnitScheme: {check: of(organisationUnitScheme)},

	sdmx.ClassCodelist: {check: of(codelist), ncName: true, refs: map[string]target{
		"Extensions.Codelist": enumerations,
	}},
	sdmx.ClassValueList: {check: of(valueList), ncName: true},
	sdmx.ClassGeographicCodelist: {check: of(geographicCodelist), ncName: true, refs: map[string]target{
		"Extensions.Codelist": enumerations,
	}},
	sdmx.ClassGeoGridCodelist: {check: of(geoGridCodelist), ncName: true, refs: map[string]target{
		"Extensions.Codelist": enumerations,
	}},
	sdmx.ClassHierarchicalCodelist: {check: of(hierarchicalCodelist), refs: map[string]target{
		"Included.Codelist":      {sdmx.ClassCodelist},
		"Hierarchies.Items.Code": {sdmx.ClassCode},
	}},
	sdmx.ClassHierarchy: {check: of(hierarchy), refs: map[string]target{
		"Items.Code": {sdmx.ClassCode, sdmx.ClassGeoFeatureSetCode, sdmx.ClassGeoGridCode},
	}},
	sdmx.ClassHierarchyAssociation: {check: of(hierarchyAssociation), refs: map[string]target{
		"Hierarchy": {sdmx.ClassHierarchy},
		"Object":    nil,
		"Context":   nil,
	}},

	sdmx.ClassConceptScheme: {check: of(conceptScheme), ncName: true, refs: map[string]target{
		"Items.Representation.Enumeration": enumerationsOrValues,
	}},
	sdmx.ClassCategoryScheme: {check: of(categoryScheme), ncName: true},
	sdmx.ClassCategorisation: {check: of(categorisation), refs: map[string]target{
		"Source": nil, // any object that can be identified
		"Target": {sdmx.ClassCategory},
	}},
	sdmx.ClassReportingTaxonomy: {check: of(reportingTaxonomy), refs: map[string]target{
		"Items.Structures": {sdmx.ClassDataStructure, sdmx.ClassMetadataStructure},
		"Items.Usages":     {sdmx.ClassDataflow, sdmx.ClassMetadataflow, sdmx.ClassProvisionAgreement, sdmx.ClassMetadataProvisionAgreement},
	}},

	sdmx.ClassDataflow: {check: of(dataflow), refs: map[string]target{"Structure": {sdmx.ClassDataStructure}}},
	sdmx.ClassDataStructure: {check: of(dataStructure), refs: map[string]target{
		"Dimensions.Concept": {sdmx.ClassConcept},
		"Dimensions.Roles":   {sdmx.ClassConcept},
		// The 3.0 schema does not permit a value list, but registries have them. A measure
		// dimension (2.1) has a concept scheme.
		"Dimensions.Representation.Enumeration": enumerationsOrValues,
		"Groups.AttachmentConstraint":           {sdmx.ClassAttachmentConstraint},
		"Attributes.Concept":                    {sdmx.ClassConcept},
		"Attributes.Roles":                      {sdmx.ClassConcept},
		"Attributes.Representation.Enumeration": enumerationsOrValues,
		"Measures.Concept":                      {sdmx.ClassConcept},
		"Measures.Roles":                        {sdmx.ClassConcept},
		"Measures.Representation.Enumeration":   enumerationsOrValues,
		"Metadata":                              {sdmx.ClassMetadataStructure},
	}, refsOf: dependent(dataStructureRefs)},

	sdmx.ClassMetadataStructure: {check: of(metadataStructure), refs: map[string]target{
		"Lists.Attributes.Concept":                    {sdmx.ClassConcept},
		"Lists.Attributes.Representation.Enumeration": enumerationsOrValues,
		"Targets.Objects.Representation.Enumeration":  itemSchemes,
	}},
	sdmx.ClassMetadataSet: {check: of(metadataSet), refs: map[string]target{
		"Metadataflow": {sdmx.ClassMetadataflow},
		"Agreement":    {sdmx.ClassMetadataProvisionAgreement},
		"Targets":      nil,
	}, loose: []string{"Targets"}},
	sdmx.ClassMetadataflow: {check: of(metadataflow), refs: map[string]target{
		"Structure": {sdmx.ClassMetadataStructure},
		"Targets":   nil,
	}, loose: []string{"Targets"}},

	sdmx.ClassReportingTemplate: opaque,
	sdmx.ClassPublicationTable:  opaque,
	sdmx.ClassValidationScheme:  opaque,

	sdmx.ClassProvisionAgreement: {check: of(provisionAgreement), refs: map[string]target{
		"Usage":    {sdmx.ClassDataflow, sdmx.ClassMetadataflow},
		"Provider": {sdmx.ClassDataProvider},
	}},
	sdmx.ClassMetadataProvisionAgreement: {check: of(metadataProvisionAgreement), refs: map[string]target{
		"Metadataflow": {sdmx.ClassMetadataflow},
		"Provider":     {sdmx.ClassMetadataProvider},
		"Targets":      nil,
	}, loose: []string{"Targets"}},

	sdmx.ClassStructureSet: {check: of(structureSet), refs: map[string]target{
		"Related":     structuresOrUsages,
		"Maps.Source": nil, // by the kind of map
		"Maps.Target": nil,
	}, refsOf: dependent(structureSetRefs)},
	sdmx.ClassStructureMap: {check: of(structureMap), refs: map[string]target{
		"Source":                    structuresOrUsages,
		"Target":                    structuresOrUsages,
		"Components.Representation": {sdmx.ClassRepresentationMap},
	}},
	sdmx.ClassRepresentationMap: {check: of(representationMap), refs: map[string]target{
		"Sources.List": enumerationsOrValues,
		"Targets.List": enumerationsOrValues,
	}},
	sdmx.ClassConceptSchemeMap:      schemeMapRow(func(m *sdmx.ConceptSchemeMap) *sdmx.SchemeMap { return &m.SchemeMap }, sdmx.ClassConceptScheme),
	sdmx.ClassCategorySchemeMap:     schemeMapRow(func(m *sdmx.CategorySchemeMap) *sdmx.SchemeMap { return &m.SchemeMap }, sdmx.ClassCategoryScheme),
	sdmx.ClassOrganisationSchemeMap: schemeMapRow(func(m *sdmx.OrganisationSchemeMap) *sdmx.SchemeMap { return &m.SchemeMap }, organisationSchemes...),
	sdmx.ClassReportingTaxonomyMap:  schemeMapRow(func(m *sdmx.ReportingTaxonomyMap) *sdmx.SchemeMap { return &m.SchemeMap }, sdmx.ClassReportingTaxonomy),
	sdmx.ClassRegistration: {check: of(registration), refs: map[string]target{
		"Agreement": {sdmx.ClassProvisionAgreement},
	}},

	sdmx.ClassProcess: {check: of(process), refs: map[string]target{
		"Items.Inputs.Object":  nil, // any object that can be identified
		"Items.Outputs.Object": nil,
	}},

	sdmx.ClassCustomTypeScheme: {check: of(customTypeScheme)},
	sdmx.ClassVtlMappingScheme: {check: of(vtlMappingScheme), refs: map[string]target{
		"Items.Mapped": {sdmx.ClassDataflow, sdmx.ClassCodelist, sdmx.ClassConcept, sdmx.ClassConceptScheme},
	}},
	sdmx.ClassNamePersonalisationScheme: {check: of(namePersonalisationScheme)},
	sdmx.ClassRulesetScheme: {check: of(rulesetScheme), refs: map[string]target{
		"Mappings": {sdmx.ClassVtlMappingScheme},
	}},
	sdmx.ClassUserDefinedOperatorScheme: {check: of(userDefinedOperatorScheme), refs: map[string]target{
		"Mappings": {sdmx.ClassVtlMappingScheme},
		"Rulesets": {sdmx.ClassRulesetScheme},
	}},
	sdmx.ClassTransformationScheme: {check: of(transformationScheme), refs: map[string]target{
		"Mappings":         {sdmx.ClassVtlMappingScheme},
		"Personalisations": {sdmx.ClassNamePersonalisationScheme},
		"CustomTypes":      {sdmx.ClassCustomTypeScheme},
		"Rulesets":         {sdmx.ClassRulesetScheme},
		"Operators":        {sdmx.ClassUserDefinedOperatorScheme},
	}},

	sdmx.ClassDataConstraint: {check: of(dataConstraint), refs: map[string]target{
		"Attachment.To":                                {sdmx.ClassDataProvider, sdmx.ClassDataStructure, sdmx.ClassMetadataStructure, sdmx.ClassDataflow, sdmx.ClassMetadataflow, sdmx.ClassProvisionAgreement},
		"Attachment.DataSets.Provider":                 {sdmx.ClassDataProvider},
		"Attachment.MetadataSets.Provider":             {sdmx.ClassDataProvider},
		"MetadataKeySets.Keys.Values.DataSet.Provider": {sdmx.ClassDataProvider},
		"MetadataKeySets.Keys.Values.Object":           nil,
		"MetadataRegions.Keys.DataSets.Provider":       {sdmx.ClassDataProvider},
		"MetadataRegions.Keys.Objects":                 nil,
	}},
	sdmx.ClassMetadataConstraint: {check: of(metadataConstraint), refs: map[string]target{
		"Attachment.To":                    {sdmx.ClassMetadataProvider, sdmx.ClassMetadataSet, sdmx.ClassMetadataStructure, sdmx.ClassMetadataflow, sdmx.ClassMetadataProvisionAgreement},
		"Attachment.DataSets.Provider":     {sdmx.ClassDataProvider},
		"Attachment.MetadataSets.Provider": {sdmx.ClassDataProvider},
		"Regions.Keys.DataSets.Provider":   {sdmx.ClassDataProvider},
		"Regions.Keys.Objects":             nil,
	}},
	sdmx.ClassAttachmentConstraint: {check: of(attachmentConstraint), refs: map[string]target{
		"Attachment.To":                                {sdmx.ClassDataStructure, sdmx.ClassMetadataStructure, sdmx.ClassDataflow, sdmx.ClassMetadataflow, sdmx.ClassProvisionAgreement},
		"Attachment.DataSets.Provider":                 {sdmx.ClassDataProvider},
		"Attachment.MetadataSets.Provider":             {sdmx.ClassDataProvider},
		"MetadataKeySets.Keys.Values.DataSet.Provider": {sdmx.ClassDataProvider},
		"MetadataKeySets.Keys.Values.Object":           nil,
	}},
}

// opaque is the row of a class whose content is not known.
var opaque = row{check: func(*checker, sdmx.Maintainable) {}, refs: map[string]target{"References": nil}, loose: []string{"References"}}

// of makes the check of a type one of any structure.
func of[T sdmx.Maintainable](check func(*checker, T)) func(*checker, sdmx.Maintainable) {
	return func(c *checker, m sdmx.Maintainable) { check(c, m.(T)) }
}

// TargetsOf returns the classes to which the reference at a path of a structure may point; path
// is as in sdmx.EachRef. All are permitted if there is none, and known is false if no reference
// may stand there.
func TargetsOf(m sdmx.Maintainable, path string) (may []sdmx.Class, known bool) {
	r, place := rows[m.Class()], placeOf(path)
	if r.refsOf != nil {
		if may := r.refsOf(m, place, path); may != nil {
			return may, true
		}
	}
	may, known = r.refs[place]
	return may, known
}

// dependent makes the refsOf of a type one of any structure.
func dependent[T sdmx.Maintainable](refsOf func(m T, place, path string) target) func(sdmx.Maintainable, string, string) target {
	return func(m sdmx.Maintainable, place, path string) target { return refsOf(m.(T), place, path) }
}

// isLoose reports whether "*" may stand in the reference at a path of a structure.
func isLoose(m sdmx.Maintainable, path string) bool {
	return slices.Contains(rows[m.Class()].loose, placeOf(path))
}

func agencyScheme(c *checker, s *sdmx.AgencyScheme) { c.items(s) }

func categoryScheme(c *checker, s *sdmx.CategoryScheme) {
	checkNested(c, "Items", "", s.Items, func(x *sdmx.Category) (string, []sdmx.Category) { return x.ID, x.Items })
}

// metadataflow checks nothing more: one without a structure is a stub.
func metadataflow(*checker, *sdmx.Metadataflow) {}

// dataflow checks nothing more: a dataflow without a structure is a stub.
func dataflow(*checker, *sdmx.Dataflow) {}
