package structures

import (
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// A row is where a class stands in messages, and the description of its structures.
type row struct {
	describe func(*codec.C, sdmx.Maintainable)
	ml21     string // container and element in SDMX-ML 2.1; "" where a dialect does not have the class
	json20   string // array in SDMX-JSON 2.0
	fusion   string // array in Fusion-JSON
}

// rows has every maintainable class. The functions below look everything up here.
var rows map[sdmx.Class]row

func init() { // rows refers to descriptions, which refer to rows
	rows = map[sdmx.Class]row{
		sdmx.ClassAgencyScheme:               {of(agencyScheme), "OrganisationSchemes/AgencyScheme", "agencySchemes", "AgencyScheme"},
		sdmx.ClassDataProviderScheme:         {of(dataProviderScheme), "OrganisationSchemes/DataProviderScheme", "dataProviderSchemes", "DataProviderScheme"},
		sdmx.ClassDataConsumerScheme:         {of(dataConsumerScheme), "OrganisationSchemes/DataConsumerScheme", "dataConsumerSchemes", "DataConsumerScheme"},
		sdmx.ClassMetadataProviderScheme:     {of(metadataProviderScheme), "", "metadataProviderSchemes", "MetadataProviderScheme"},
		sdmx.ClassOrganisationUnitScheme:     {of(organisationUnitScheme), "OrganisationSchemes/OrganisationUnitScheme", "organisationUnitSchemes", "OrganisationUnitScheme"},
		sdmx.ClassCodelist:                   {of(codelist), "Codelists/Codelist", "codelists", "Codelist"},
		sdmx.ClassValueList:                  {of(valueList), "", "valueLists", "ValueList"},
		sdmx.ClassGeographicCodelist:         {of(geographicCodelist), "", "geographicCodelists", "GeographicCodelist"},
		sdmx.ClassGeoGridCodelist:            {of(geoGridCodelist), "", "geoGridCodelists", "GeoGridCodelist"},
		sdmx.ClassConceptScheme:              {of(conceptScheme), "Concepts/ConceptScheme", "conceptSchemes", "ConceptScheme"},
		sdmx.ClassCategoryScheme:             {of(categoryScheme), "CategorySchemes/CategoryScheme", "categorySchemes", "CategoryScheme"},
		sdmx.ClassMetadataStructure:          {of(metadataStructure), "MetadataStructures/MetadataStructure", "metadataStructures", "MetadataStructure"},
		sdmx.ClassDataStructure:              {of(dataStructure), "DataStructures/DataStructure", "dataStructures", "DataStructure"},
		sdmx.ClassMetadataflow:               {of(metadataflow), "Metadataflows/Metadataflow", "metadataflows", "Metadataflow"},
		sdmx.ClassDataflow:                   {of(dataflow), "Dataflows/Dataflow", "dataflows", "Dataflow"},
		sdmx.ClassCategorisation:             {of(categorisation), "Categorisations/Categorisation", "categorisations", "Categorisation"},
		sdmx.ClassReportingTaxonomy:          {of(reportingTaxonomy), "ReportingTaxonomies/ReportingTaxonomy", "reportingTaxonomies", "ReportingTaxonomy"},
		sdmx.ClassHierarchicalCodelist:       {of(hierarchicalCodelist), "HierarchicalCodelists/HierarchicalCodelist", "", ""},
		sdmx.ClassHierarchy:                  {of(hierarchy), "", "hierarchies", "Hierarchy"},
		sdmx.ClassHierarchyAssociation:       {of(hierarchyAssociation), "", "hierarchyAssociations", "HierarchyAssociation"},
		sdmx.ClassProvisionAgreement:         {of(provisionAgreement), "ProvisionAgreements/ProvisionAgreement", "provisionAgreements", "ProvisionAgreement"},
		sdmx.ClassMetadataProvisionAgreement: {of(metadataProvisionAgreement), "", "metadataProvisionAgreements", "MetadataProvisionAgreement"},
		sdmx.ClassRegistration:               {of(registration), "SubmitRegistrationsRequest/Registration", "", ""},
		sdmx.ClassDataConstraint:             {of(dataConstraint), "Constraints/ContentConstraint", "dataConstraints", "DataConstraint"},
		sdmx.ClassMetadataConstraint:         {of(metadataConstraint), "", "metadataConstraints", "MetadataConstraint"},
		sdmx.ClassAttachmentConstraint:       {of(attachmentConstraint), "Constraints/AttachmentConstraint", "", ""},
		sdmx.ClassStructureSet:               {of(structureSet), "StructureSets/StructureSet", "", ""},
		sdmx.ClassStructureMap:               {of(structureMap), "", "structureMaps", "StructureMap"},
		sdmx.ClassRepresentationMap:          {of(representationMap), "", "representationMaps", "RepresentationMap"},
		sdmx.ClassConceptSchemeMap:           {of(conceptSchemeMap), "", "conceptSchemeMaps", "ConceptSchemeMap"},
		sdmx.ClassCategorySchemeMap:          {of(categorySchemeMap), "", "categorySchemeMaps", "CategorySchemeMap"},
		sdmx.ClassOrganisationSchemeMap:      {of(organisationSchemeMap), "", "organisationSchemeMaps", "OrganisationSchemeMap"},
		sdmx.ClassReportingTaxonomyMap:       {of(reportingTaxonomyMap), "", "reportingTaxonomyMaps", "ReportingTaxonomyMap"},
		sdmx.ClassProcess:                    {of(process), "Processes/Process", "processes", "Process"},
		sdmx.ClassCustomTypeScheme:           {of(customTypeScheme), "CustomTypes/CustomTypeScheme", "customTypeSchemes", "CustomTypeScheme"},
		sdmx.ClassVtlMappingScheme:           {of(vtlMappingScheme), "VtlMappings/VtlMappingScheme", "vtlMappingSchemes", "VtlMappingScheme"},
		sdmx.ClassNamePersonalisationScheme:  {of(namePersonalisationScheme), "NamePersonalisations/NamePersonalisationScheme", "namePersonalisationSchemes", "NamePersonalisationScheme"},
		sdmx.ClassRulesetScheme:              {of(rulesetScheme), "Rulesets/RulesetScheme", "rulesetSchemes", "RulesetScheme"},
		sdmx.ClassUserDefinedOperatorScheme:  {of(userDefinedOperatorScheme), "UserDefinedOperators/UserDefinedOperatorScheme", "userDefinedOperatorSchemes", "UserDefinedOperatorScheme"},
		sdmx.ClassMetadataSet:                {of(metadataSet), "", "metadataSets", "data.metadatasets"},
		sdmx.ClassReportingTemplate:          {of(reportingTemplate), "", "", "ReportingTemplate"},
		sdmx.ClassPublicationTable:           {of(publicationTable), "", "", "PublicationTable"},
		sdmx.ClassValidationScheme:           {of(validationScheme), "", "", "ValidationScheme"},
		sdmx.ClassTransformationScheme:       {of(transformationScheme), "Transformations/TransformationScheme", "transformationSchemes", "TransformationScheme"},
	}
	for c, r := range rows {
		for d, name := range r.places() {
			if name != "" {
				byPlace[placeOf(codec.Dialect(d), name[strings.IndexByte(name, '/')+1:])] = c
			}
		}
	}
}

// containers are the children of mes:Structures in SDMX-ML 2.1, in the schema's order.
var containers = []string{"OrganisationSchemes", "Dataflows", "Metadataflows", "CategorySchemes", "Categorisations", "Codelists", "HierarchicalCodelists",
	"Concepts", "MetadataStructures", "DataStructures", "StructureSets", "ReportingTaxonomies", "Processes", "Constraints", "ProvisionAgreements",
	"CustomTypes", "VtlMappings", "NamePersonalisations", "Rulesets", "Transformations", "UserDefinedOperators"}

type place struct {
	dialect codec.Dialect
	name    string
}

// placeOf returns the place of a name. Fusion Metadata Registry wrote valuelists for valueLists
// into SDMX-JSON.
func placeOf(d codec.Dialect, name string) place {
	if d == codec.JSON20 {
		name = strings.ToLower(name)
	}
	return place{d, name}
}

var byPlace = map[place]sdmx.Class{}

func (r *row) places() [3]string {
	return [...]string{codec.ML21: r.ml21, codec.Fusion: r.fusion, codec.JSON20: r.json20}
}

// of makes the description of a type one of any structure.
func of[T sdmx.Maintainable](describe func(*codec.C, T)) func(*codec.C, sdmx.Maintainable) {
	return func(c *codec.C, m sdmx.Maintainable) { describe(c, m.(T)) }
}

// Describe runs the description of m's class on c, which reads m or writes it. The class must
// be among Classes.
func Describe(c *codec.C, m sdmx.Maintainable) { rows[m.Class()].describe(c, m) }

// Names returns the container of structures of a class in dialect d, such as "Codelists", and
// the name of one of them, such as "Codelist"; in JSON the container is the array and element
// is empty. ok is false if the dialect does not have the class, nor has it as another
// (sdmx.Class.As).
func Names(d codec.Dialect, c sdmx.Class) (container, element string, ok bool) {
	r := rows[c.As(d.Generation())]
	name := r.places()[d]
	container, element, _ = strings.Cut(name, "/")
	return container, element, name != ""
}

// ClassNamed returns the class whose structures have a name in dialect d: that of an element in
// SDMX-ML, that of an array in JSON.
func ClassNamed(d codec.Dialect, name string) (sdmx.Class, bool) {
	c, ok := byPlace[placeOf(d, name)]
	return c, ok
}

// Containers returns the elements that hold the structures of SDMX-ML 2.1, in the schema's order.
func Containers() []string { return containers }
