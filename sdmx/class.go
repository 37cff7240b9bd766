package sdmx

// A Class is a class of identifiable objects that a URN can name: the 41 maintainable classes
// (SDMX 3.0 section 2, and those of 2.1 that 3.0 has dropped), and the classes of items and
// components inside them.
type Class uint8

// The maintainable classes, in the order in which they are written: referenced classes come
// first. A cycle of references begins with the class that comes last.
const (
	ClassUnknown Class = iota
	ClassAgencyScheme
	ClassDataProviderScheme
	ClassDataConsumerScheme
	ClassMetadataProviderScheme
	ClassOrganisationUnitScheme
	ClassCodelist
	ClassValueList
	ClassGeographicCodelist
	ClassGeoGridCodelist
	ClassConceptScheme
	ClassCategoryScheme
	ClassMetadataStructure
	ClassDataStructure
	ClassMetadataflow
	ClassDataflow
	ClassCategorisation
	ClassReportingTaxonomy
	ClassHierarchicalCodelist
	ClassHierarchy
	ClassHierarchyAssociation
	ClassProvisionAgreement
	ClassMetadataProvisionAgreement
	ClassContentConstraint
	ClassDataConstraint
	ClassMetadataConstraint
	ClassAttachmentConstraint
	ClassAvailabilityConstraint
	ClassStructureSet
	ClassStructureMap
	ClassRepresentationMap
	ClassConceptSchemeMap
	ClassCategorySchemeMap
	ClassOrganisationSchemeMap
	ClassReportingTaxonomyMap
	ClassProcess
	ClassCustomTypeScheme
	ClassVtlMappingScheme
	ClassNamePersonalisationScheme
	ClassRulesetScheme
	ClassUserDefinedOperatorScheme
	ClassTransformationScheme

	lastMaintainable = ClassTransformationScheme
)

// The classes of items and components.
const (
	ClassAgency Class = lastMaintainable + 1 + iota
	ClassDataProvider
	ClassDataConsumer
	ClassMetadataProvider
	ClassOrganisationUnit
	ClassCode
	ClassConcept
	ClassCategory
	ClassReportingCategory
	ClassDimensionDescriptor
	ClassDimension
	ClassMeasureDimension
	ClassTimeDimension
	ClassGroupDimensionDescriptor
	ClassAttributeDescriptor
	ClassDataAttribute
	ClassReportingYearStartDay
	ClassMeasureDescriptor
	ClassPrimaryMeasure
	ClassMeasure
	ClassMetadataAttributeDescriptor
	ClassMetadataAttribute
	ClassMetadataTarget
	ClassReportStructure
	ClassHierarchicalCode
	ClassLevel
	ClassProcessStep
	ClassTransition
	ClassTransformation
	ClassRuleset
	ClassUserDefinedOperator
	ClassCustomType
	ClassNamePersonalisation
	ClassVtlDataflowMapping
	ClassVtlCodelistMapping
	ClassVtlConceptMapping
	ClassMetadataSet // identified like a maintainable; stored by metadata services, not by this program
	classEnd
)

type classInfo struct {
	pkg, name string
	owner     Class  // of an item class: the maintainable class that contains it
	rest      string // SDMX REST 2.x resource name of a maintainable class
	modelled  bool   // this program has a Go type for it
}

var classes = [classEnd]classInfo{
	ClassAgencyScheme:               {pkg: "base", name: "AgencyScheme", rest: "agencyscheme", modelled: true},
	ClassDataProviderScheme:         {pkg: "base", name: "DataProviderScheme", rest: "dataproviderscheme"},
	ClassDataConsumerScheme:         {pkg: "base", name: "DataConsumerScheme", rest: "dataconsumerscheme"},
	ClassMetadataProviderScheme:     {pkg: "base", name: "MetadataProviderScheme", rest: "metadataproviderscheme"},
	ClassOrganisationUnitScheme:     {pkg: "base", name: "OrganisationUnitScheme", rest: "organisationunitscheme"},
	ClassCodelist:                   {pkg: "codelist", name: "Codelist", rest: "codelist", modelled: true},
	ClassValueList:                  {pkg: "codelist", name: "ValueList", rest: "valuelist"},
	ClassGeographicCodelist:         {pkg: "codelist", name: "GeographicCodelist", rest: "geographiccodelist"},
	ClassGeoGridCodelist:            {pkg: "codelist", name: "GeoGridCodelist", rest: "geogridcodelist"},
	ClassConceptScheme:              {pkg: "conceptscheme", name: "ConceptScheme", rest: "conceptscheme", modelled: true},
	ClassCategoryScheme:             {pkg: "categoryscheme", name: "CategoryScheme", rest: "categoryscheme", modelled: true},
	ClassMetadataStructure:          {pkg: "metadatastructure", name: "MetadataStructure", rest: "metadatastructure"},
	ClassDataStructure:              {pkg: "datastructure", name: "DataStructure", rest: "datastructure", modelled: true},
	ClassMetadataflow:               {pkg: "metadatastructure", name: "Metadataflow", rest: "metadataflow"},
	ClassDataflow:                   {pkg: "datastructure", name: "Dataflow", rest: "dataflow", modelled: true},
	ClassCategorisation:             {pkg: "categoryscheme", name: "Categorisation", rest: "categorisation", modelled: true},
	ClassReportingTaxonomy:          {pkg: "categoryscheme", name: "ReportingTaxonomy", rest: "reportingtaxonomy"},
	ClassHierarchicalCodelist:       {pkg: "codelist", name: "HierarchicalCodelist", rest: "hierarchicalcodelist"},
	ClassHierarchy:                  {pkg: "codelist", name: "Hierarchy", rest: "hierarchy"},
	ClassHierarchyAssociation:       {pkg: "codelist", name: "HierarchyAssociation", rest: "hierarchyassociation"},
	ClassProvisionAgreement:         {pkg: "registry", name: "ProvisionAgreement", rest: "provisionagreement"},
	ClassMetadataProvisionAgreement: {pkg: "registry", name: "MetadataProvisionAgreement", rest: "metadataprovisionagreement"},
	ClassContentConstraint:          {pkg: "registry", name: "ContentConstraint", rest: "contentconstraint"},
	ClassDataConstraint:             {pkg: "registry", name: "DataConstraint", rest: "dataconstraint"},
	ClassMetadataConstraint:         {pkg: "registry", name: "MetadataConstraint", rest: "metadataconstraint"},
	ClassAttachmentConstraint:       {pkg: "registry", name: "AttachmentConstraint", rest: "attachmentconstraint"},
	ClassAvailabilityConstraint:     {pkg: "registry", name: "AvailabilityConstraint", rest: "availabilityconstraint"},
	ClassStructureSet:               {pkg: "mapping", name: "StructureSet", rest: "structureset"},
	ClassStructureMap:               {pkg: "structuremapping", name: "StructureMap", rest: "structuremap"},
	ClassRepresentationMap:          {pkg: "structuremapping", name: "RepresentationMap", rest: "representationmap"},
	ClassConceptSchemeMap:           {pkg: "structuremapping", name: "ConceptSchemeMap", rest: "conceptschememap"},
	ClassCategorySchemeMap:          {pkg: "structuremapping", name: "CategorySchemeMap", rest: "categoryschememap"},
	ClassOrganisationSchemeMap:      {pkg: "structuremapping", name: "OrganisationSchemeMap", rest: "organisationschememap"},
	ClassReportingTaxonomyMap:       {pkg: "structuremapping", name: "ReportingTaxonomyMap", rest: "reportingtaxonomymap"},
	ClassProcess:                    {pkg: "process", name: "Process", rest: "process"},
	ClassCustomTypeScheme:           {pkg: "transformation", name: "CustomTypeScheme", rest: "customtypescheme"},
	ClassVtlMappingScheme:           {pkg: "transformation", name: "VtlMappingScheme", rest: "vtlmappingscheme"},
	ClassNamePersonalisationScheme:  {pkg: "transformation", name: "NamePersonalisationScheme", rest: "namepersonalisationscheme"},
	ClassRulesetScheme:              {pkg: "transformation", name: "RulesetScheme", rest: "rulesetscheme"},
	ClassUserDefinedOperatorScheme:  {pkg: "transformation", name: "UserDefinedOperatorScheme", rest: "userdefinedoperatorscheme"},
	ClassTransformationScheme:       {pkg: "transformation", name: "TransformationScheme", rest: "transformationscheme"},

	ClassAgency:                      {pkg: "base", name: "Agency", owner: ClassAgencyScheme},
	ClassDataProvider:                {pkg: "base", name: "DataProvider", owner: ClassDataProviderScheme},
	ClassDataConsumer:                {pkg: "base", name: "DataConsumer", owner: ClassDataConsumerScheme},
	ClassMetadataProvider:            {pkg: "base", name: "MetadataProvider", owner: ClassMetadataProviderScheme},
	ClassOrganisationUnit:            {pkg: "base", name: "OrganisationUnit", owner: ClassOrganisationUnitScheme},
	ClassCode:                        {pkg: "codelist", name: "Code", owner: ClassCodelist},
	ClassConcept:                     {pkg: "conceptscheme", name: "Concept", owner: ClassConceptScheme},
	ClassCategory:                    {pkg: "categoryscheme", name: "Category", owner: ClassCategoryScheme},
	ClassReportingCategory:           {pkg: "categoryscheme", name: "ReportingCategory", owner: ClassReportingTaxonomy},
	ClassDimensionDescriptor:         {pkg: "datastructure", name: "DimensionDescriptor", owner: ClassDataStructure},
	ClassDimension:                   {pkg: "datastructure", name: "Dimension", owner: ClassDataStructure},
	ClassMeasureDimension:            {pkg: "datastructure", name: "MeasureDimension", owner: ClassDataStructure},
	ClassTimeDimension:               {pkg: "datastructure", name: "TimeDimension", owner: ClassDataStructure},
	ClassGroupDimensionDescriptor:    {pkg: "datastructure", name: "GroupDimensionDescriptor", owner: ClassDataStructure},
	ClassAttributeDescriptor:         {pkg: "datastructure", name: "AttributeDescriptor", owner: ClassDataStructure},
	ClassDataAttribute:               {pkg: "datastructure", name: "DataAttribute", owner: ClassDataStructure},
	ClassReportingYearStartDay:       {pkg: "datastructure", name: "ReportingYearStartDay", owner: ClassDataStructure},
	ClassMeasureDescriptor:           {pkg: "datastructure", name: "MeasureDescriptor", owner: ClassDataStructure},
	ClassPrimaryMeasure:              {pkg: "datastructure", name: "PrimaryMeasure", owner: ClassDataStructure},
	ClassMeasure:                     {pkg: "datastructure", name: "Measure", owner: ClassDataStructure},
	ClassMetadataAttributeDescriptor: {pkg: "metadatastructure", name: "MetadataAttributeDescriptor", owner: ClassMetadataStructure},
	ClassMetadataAttribute:           {pkg: "metadatastructure", name: "MetadataAttribute", owner: ClassMetadataStructure},
	ClassMetadataTarget:              {pkg: "metadatastructure", name: "MetadataTarget", owner: ClassMetadataStructure},
	ClassReportStructure:             {pkg: "metadatastructure", name: "ReportStructure", owner: ClassMetadataStructure},
	ClassHierarchicalCode:            {pkg: "codelist", name: "HierarchicalCode", owner: ClassHierarchy},
	ClassLevel:                       {pkg: "codelist", name: "Level", owner: ClassHierarchy},
	ClassProcessStep:                 {pkg: "process", name: "ProcessStep", owner: ClassProcess},
	ClassTransition:                  {pkg: "process", name: "Transition", owner: ClassProcess},
	ClassTransformation:              {pkg: "transformation", name: "Transformation", owner: ClassTransformationScheme},
	ClassRuleset:                     {pkg: "transformation", name: "Ruleset", owner: ClassRulesetScheme},
	ClassUserDefinedOperator:         {pkg: "transformation", name: "UserDefinedOperator", owner: ClassUserDefinedOperatorScheme},
	ClassCustomType:                  {pkg: "transformation", name: "CustomType", owner: ClassCustomTypeScheme},
	ClassNamePersonalisation:         {pkg: "transformation", name: "NamePersonalisation", owner: ClassNamePersonalisationScheme},
	ClassVtlDataflowMapping:          {pkg: "transformation", name: "VtlDataflowMapping", owner: ClassVtlMappingScheme},
	ClassVtlCodelistMapping:          {pkg: "transformation", name: "VtlCodelistMapping", owner: ClassVtlMappingScheme},
	ClassVtlConceptMapping:           {pkg: "transformation", name: "VtlConceptMapping", owner: ClassVtlMappingScheme},
	ClassMetadataSet:                 {pkg: "metadatastructure", name: "MetadataSet"},
}

var (
	classByPackageName = map[string]Class{} // "codelist.Codelist"
	classByName        = map[string]Class{} // "Codelist"; names are unique over all packages
	classByREST        = map[string]Class{} // "codelist"
)

func init() {
	for c := ClassUnknown + 1; c < classEnd; c++ {
		info := &classes[c]
		classByPackageName[info.pkg+"."+info.name] = c
		classByName[info.name] = c
		if info.rest != "" {
			classByREST[info.rest] = c
		}
	}
}

// ClassByName finds a class by its name without package, such as "Codelist" or
// "Code"; false if there is none.
func ClassByName(name string) (Class, bool) { c, ok := classByName[name]; return c, ok }

// ClassByREST finds a maintainable class by its SDMX REST 2.x resource name,
// such as "codelist"; false if there is none.
func ClassByREST(name string) (Class, bool) { c, ok := classByREST[name]; return c, ok }

// Modelled returns the maintainable classes that this program supports, in the order in which
// they are written.
func Modelled() []Class {
	var out []Class
	for c := ClassUnknown + 1; c <= lastMaintainable; c++ {
		if classes[c].modelled {
			out = append(out, c)
		}
	}
	return out
}

// String returns the class's name in the information model, such as "Codelist".
func (c Class) String() string {
	if c == ClassUnknown || c >= classEnd {
		return "unknown class"
	}
	return classes[c].name
}

// Package returns the package of the class in a URN, such as "codelist".
func (c Class) Package() string { return classes[c].pkg }

// REST returns the SDMX REST 2.x resource name of a maintainable class; empty for item classes.
func (c Class) REST() string { return classes[c].rest }

// Maintainable reports whether objects of this class are maintained on their own.
func (c Class) Maintainable() bool { return c > ClassUnknown && c <= lastMaintainable }

// Modelled reports whether this program has a type for the maintainable class.
func (c Class) Modelled() bool { return classes[c].modelled }

// Owner returns the maintainable class that contains items of this class; for a maintainable
// class, the class itself.
func (c Class) Owner() Class {
	if c.Maintainable() || c == ClassMetadataSet {
		return c
	}
	return classes[c].owner
}
