package sdmx

import (
	"strings"
	"unicode"
)

// A classInfo is what the program knows of a class.
type classInfo struct {
	pkg, name string
	construct func() Maintainable // of a maintainable class: returns an empty structure; nil if there is no type for it
	owners    []Class             // of a class of items: the maintainable classes that contain them, the usual one first
	kind      Class               // of a class of items that is a special kind of another: that one
	family    Class               // the first of the classes that references cannot tell apart; unset if it is alone
	v2, v3    string              // its name in SDMX 2.x and 3.x, if another; none if that version does not have it
	aliases   []string            // other names in URNs that are read
	rest      []string            // REST names beside the lower-case name that select it too
	fixedID   string              // the one id that its structures have; their version is VersionDefault
	word      string              // for people, if its name split into words is not it
	items     string              // of a maintainable class that is made of items: what these are for people
	freeIDs   bool                // of a class of items: ids may be any text
	apart     bool                // of a maintainable class: Class.Apart
	elsewhere bool                // of a maintainable class: Class.Elsewhere
	ref       string              // its name in a Ref of SDMX-ML 2.1, if another than v2; none if a Ref cannot name it
	// anyPackage says that URNs with another package are read.
	anyPackage bool
}

// in returns the name in a version of SDMX, if it is another; none if that does not have it.
func (i *classInfo) in(v Generation) string {
	if v == V2 {
		return i.v2
	}
	return i.v3
}

// none is the name of a class in a version of SDMX that does not have it.
const none = "-"

// classes has a row for each class. Types of one family stand together, with an empty line
// between families, so that changes of two families do not meet.
var classes = [classEnd]classInfo{
	// Organisations.
	ClassAgencyScheme:           {pkg: "base", name: "AgencyScheme", construct: func() Maintainable { return &AgencyScheme{} }, fixedID: AgencySchemeID, rest: []string{"organisationscheme"}, items: "agency"},
	ClassDataProviderScheme:     {pkg: "base", name: "DataProviderScheme", construct: func() Maintainable { return &DataProviderScheme{} }, fixedID: DataProviderSchemeID, rest: []string{"organisationscheme"}, items: "data provider"},
	ClassDataConsumerScheme:     {pkg: "base", name: "DataConsumerScheme", construct: func() Maintainable { return &DataConsumerScheme{} }, fixedID: DataConsumerSchemeID, rest: []string{"organisationscheme"}, items: "data consumer"},
	ClassMetadataProviderScheme: {pkg: "base", name: "MetadataProviderScheme", construct: func() Maintainable { return &MetadataProviderScheme{} }, fixedID: MetadataProviderSchemeID, v2: none, items: "metadata provider"},
	ClassOrganisationUnitScheme: {pkg: "base", name: "OrganisationUnitScheme", construct: func() Maintainable { return &OrganisationUnitScheme{} }, rest: []string{"organisationscheme"}, items: "organisation unit"},
	ClassAgency:                 {pkg: "base", name: "Agency", owners: []Class{ClassAgencyScheme}},
	ClassDataProvider:           {pkg: "base", name: "DataProvider", owners: []Class{ClassDataProviderScheme}},
	ClassDataConsumer:           {pkg: "base", name: "DataConsumer", owners: []Class{ClassDataConsumerScheme}},
	ClassMetadataProvider:       {pkg: "base", name: "MetadataProvider", owners: []Class{ClassMetadataProviderScheme}, v2: none},
	ClassOrganisationUnit:       {pkg: "base", name: "OrganisationUnit", owners: []Class{ClassOrganisationUnitScheme}},

	// Code lists and hierarchies.
	ClassCodelist:             {pkg: "codelist", name: "Codelist", construct: func() Maintainable { return &Codelist{} }, items: "code"},
	ClassValueList:            {pkg: "codelist", name: "ValueList", construct: func() Maintainable { return &ValueList{} }, v2: none, items: "value"},
	ClassGeographicCodelist:   {pkg: "codelist", name: "GeographicCodelist", construct: func() Maintainable { return &GeographicCodelist{} }, family: ClassCodelist, v2: none, aliases: []string{"GeoCodelist"}, items: "code"},
	ClassGeoGridCodelist:      {pkg: "codelist", name: "GeoGridCodelist", construct: func() Maintainable { return &GeoGridCodelist{} }, family: ClassCodelist, v2: none, items: "code"},
	ClassHierarchicalCodelist: {pkg: "codelist", name: "HierarchicalCodelist", construct: func() Maintainable { return &HierarchicalCodelist{} }, family: ClassHierarchy, v3: "Hierarchy", rest: []string{"hierarchy"}, items: "code"},
	ClassHierarchy:            {pkg: "codelist", name: "Hierarchy", construct: func() Maintainable { return &Hierarchy{} }, owners: []Class{ClassHierarchicalCodelist}, v2: "HierarchicalCodelist", rest: []string{"hierarchicalcodelist"}, items: "code"},
	ClassHierarchyAssociation: {pkg: "codelist", name: "HierarchyAssociation", construct: func() Maintainable { return &HierarchyAssociation{} }, v2: none},
	ClassCode:                 {pkg: "codelist", name: "Code", owners: []Class{ClassCodelist, ClassGeographicCodelist, ClassGeoGridCodelist}},
	ClassValueItem:            {pkg: "codelist", name: "ValueItem", owners: []Class{ClassValueList}, v2: none, word: "value", freeIDs: true},
	ClassGeoFeatureSetCode:    {pkg: "codelist", name: "GeoFeatureSetCode", owners: []Class{ClassGeographicCodelist}, kind: ClassCode, v2: none, word: "code"},
	ClassGeoGridCode:          {pkg: "codelist", name: "GeoGridCode", owners: []Class{ClassGeoGridCodelist}, kind: ClassCode, v2: none, word: "code"},
	ClassHierarchicalCode:     {pkg: "codelist", name: "HierarchicalCode", owners: []Class{ClassHierarchy, ClassHierarchicalCodelist}, word: "code"},
	ClassLevel:                {pkg: "codelist", name: "Level", owners: []Class{ClassHierarchy, ClassHierarchicalCodelist}},

	// Concepts and categories.
	ClassConceptScheme:     {pkg: "conceptscheme", name: "ConceptScheme", construct: func() Maintainable { return &ConceptScheme{} }, items: "concept"},
	ClassCategoryScheme:    {pkg: "categoryscheme", name: "CategoryScheme", construct: func() Maintainable { return &CategoryScheme{} }, items: "category"},
	ClassCategorisation:    {pkg: "categoryscheme", name: "Categorisation", construct: func() Maintainable { return &Categorisation{} }},
	ClassReportingTaxonomy: {pkg: "categoryscheme", name: "ReportingTaxonomy", construct: func() Maintainable { return &ReportingTaxonomy{} }, items: "category"},
	ClassConcept:           {pkg: "conceptscheme", name: "Concept", owners: []Class{ClassConceptScheme}},
	ClassCategory:          {pkg: "categoryscheme", name: "Category", owners: []Class{ClassCategoryScheme}},
	ClassReportingCategory: {pkg: "categoryscheme", name: "ReportingCategory", owners: []Class{ClassReportingTaxonomy}},

	// Data structures.
	ClassDataStructure:            {pkg: "datastructure", name: "DataStructure", construct: func() Maintainable { return &DataStructure{} }, items: "component"},
	ClassDataflow:                 {pkg: "datastructure", name: "Dataflow", construct: func() Maintainable { return &Dataflow{} }},
	ClassDimensionDescriptor:      {pkg: "datastructure", name: "DimensionDescriptor", owners: []Class{ClassDataStructure}},
	ClassDimension:                {pkg: "datastructure", name: "Dimension", owners: []Class{ClassDataStructure}},
	ClassMeasureDimension:         {pkg: "datastructure", name: "MeasureDimension", owners: []Class{ClassDataStructure}, kind: ClassDimension},
	ClassTimeDimension:            {pkg: "datastructure", name: "TimeDimension", owners: []Class{ClassDataStructure}, kind: ClassDimension},
	ClassGroupDimensionDescriptor: {pkg: "datastructure", name: "GroupDimensionDescriptor", owners: []Class{ClassDataStructure}, word: "group"},
	ClassAttributeDescriptor:      {pkg: "datastructure", name: "AttributeDescriptor", owners: []Class{ClassDataStructure}},
	ClassDataAttribute:            {pkg: "datastructure", name: "DataAttribute", owners: []Class{ClassDataStructure}, aliases: []string{"Attribute"}, ref: "Attribute", word: "attribute"},
	ClassReportingYearStartDay:    {pkg: "datastructure", name: "ReportingYearStartDay", owners: []Class{ClassDataStructure}, kind: ClassDataAttribute, word: "attribute"},
	ClassMeasureDescriptor:        {pkg: "datastructure", name: "MeasureDescriptor", owners: []Class{ClassDataStructure}},
	ClassPrimaryMeasure:           {pkg: "datastructure", name: "PrimaryMeasure", owners: []Class{ClassDataStructure}, kind: ClassMeasure, word: "measure"},
	ClassMeasure:                  {pkg: "datastructure", name: "Measure", owners: []Class{ClassDataStructure}},

	// Metadata structures.
	ClassMetadataStructure:               {pkg: "metadatastructure", name: "MetadataStructure", construct: func() Maintainable { return &MetadataStructure{} }, items: "component"},
	ClassMetadataflow:                    {pkg: "metadatastructure", name: "Metadataflow", construct: func() Maintainable { return &Metadataflow{} }},
	ClassMetadataAttributeDescriptor:     {pkg: "metadatastructure", name: "MetadataAttributeDescriptor", owners: []Class{ClassMetadataStructure}, v2: none, word: "list of metadata attributes"},
	ClassMetadataAttribute:               {pkg: "metadatastructure", name: "MetadataAttribute", owners: []Class{ClassMetadataStructure}},
	ClassMetadataTarget:                  {pkg: "metadatastructure", name: "MetadataTarget", owners: []Class{ClassMetadataStructure}, v3: none},
	ClassReportStructure:                 {pkg: "metadatastructure", name: "ReportStructure", owners: []Class{ClassMetadataStructure}, kind: ClassMetadataAttributeDescriptor, v3: none},
	ClassIdentifiableObjectTarget:        {pkg: "metadatastructure", name: "IdentifiableObjectTarget", owners: []Class{ClassMetadataStructure}, v3: none},
	ClassDataSetTarget:                   {pkg: "metadatastructure", name: "DataSetTarget", owners: []Class{ClassMetadataStructure}, kind: ClassIdentifiableObjectTarget, v3: none},
	ClassReportPeriodTarget:              {pkg: "metadatastructure", name: "ReportPeriodTarget", owners: []Class{ClassMetadataStructure}, kind: ClassIdentifiableObjectTarget, v3: none},
	ClassDimensionDescriptorValuesTarget: {pkg: "metadatastructure", name: "DimensionDescriptorValuesTarget", owners: []Class{ClassMetadataStructure}, kind: ClassIdentifiableObjectTarget, v3: none},
	ClassConstraintTarget:                {pkg: "metadatastructure", name: "ConstraintTarget", owners: []Class{ClassMetadataStructure}, kind: ClassIdentifiableObjectTarget, v3: none},
	ClassMetadataSet:                     {pkg: "metadatastructure", name: "MetadataSet", construct: func() Maintainable { return &MetadataSet{} }, v2: none, apart: true, elsewhere: true},

	// Types of Fusion Metadata Registry. No public document says their packages, so that any is read.
	ClassReportingTemplate: {pkg: "reportingtemplate", name: "ReportingTemplate", construct: func() Maintainable { return &ReportingTemplate{} }, v2: none, v3: none, anyPackage: true},
	ClassPublicationTable:  {pkg: "publicationtable", name: "PublicationTable", construct: func() Maintainable { return &PublicationTable{} }, v2: none, v3: none, anyPackage: true},
	ClassValidationScheme:  {pkg: "validationscheme", name: "ValidationScheme", construct: func() Maintainable { return &ValidationScheme{} }, v2: none, v3: none, anyPackage: true},

	// Constraints and agreements.
	ClassProvisionAgreement:         {pkg: "registry", name: "ProvisionAgreement", construct: func() Maintainable { return &ProvisionAgreement{} }},
	ClassMetadataProvisionAgreement: {pkg: "registry", name: "MetadataProvisionAgreement", construct: func() Maintainable { return &MetadataProvisionAgreement{} }, v2: none},
	ClassRegistration:               {pkg: "registry", name: "Registration", construct: func() Maintainable { return &Registration{} }, apart: true},
	ClassDataConstraint:             {pkg: "registry", name: "DataConstraint", construct: func() Maintainable { return &DataConstraint{} }, v2: "ContentConstraint", rest: []string{"contentconstraint", "actualconstraint", "allowedconstraint"}},
	ClassMetadataConstraint:         {pkg: "registry", name: "MetadataConstraint", construct: func() Maintainable { return &MetadataConstraint{} }, v2: none},
	ClassAttachmentConstraint:       {pkg: "registry", name: "AttachmentConstraint", construct: func() Maintainable { return &AttachmentConstraint{} }, v3: none},
	ClassAvailabilityConstraint:     {pkg: "registry", name: "AvailabilityConstraint", v2: none},

	// Maps.
	ClassStructureSet:                 {pkg: "mapping", name: "StructureSet", construct: func() Maintainable { return &StructureSet{} }, v3: none, items: "map"},
	ClassStructureMap:                 {pkg: "structuremapping", name: "StructureMap", construct: func() Maintainable { return &StructureMap{} }, v2: none},
	ClassRepresentationMap:            {pkg: "structuremapping", name: "RepresentationMap", construct: func() Maintainable { return &RepresentationMap{} }, v2: none},
	ClassConceptSchemeMap:             {pkg: "structuremapping", name: "ConceptSchemeMap", construct: func() Maintainable { return &ConceptSchemeMap{} }, v2: none},
	ClassCategorySchemeMap:            {pkg: "structuremapping", name: "CategorySchemeMap", construct: func() Maintainable { return &CategorySchemeMap{} }, v2: none},
	ClassOrganisationSchemeMap:        {pkg: "structuremapping", name: "OrganisationSchemeMap", construct: func() Maintainable { return &OrganisationSchemeMap{} }, v2: none},
	ClassReportingTaxonomyMap:         {pkg: "structuremapping", name: "ReportingTaxonomyMap", construct: func() Maintainable { return &ReportingTaxonomyMap{} }, v2: none},
	ClassEpochMap:                     {pkg: "structuremapping", name: "EpochMap", owners: []Class{ClassStructureMap}, v2: none},
	ClassDatePatternMap:               {pkg: "structuremapping", name: "DatePatternMap", owners: []Class{ClassStructureMap}, v2: none},
	ClassFrequencyFormatMapping:       {pkg: "structuremapping", name: "FrequencyFormatMapping", owners: []Class{ClassStructureMap}, v2: none},
	ClassMappingStructureMap:          {pkg: "mapping", name: "StructureMap", owners: []Class{ClassStructureSet}, v3: none},
	ClassMappingCodelistMap:           {pkg: "mapping", name: "CodelistMap", owners: []Class{ClassStructureSet}, v3: none},
	ClassMappingHybridCodelistMap:     {pkg: "mapping", name: "HybridCodelistMap", owners: []Class{ClassStructureSet}, v3: none},
	ClassMappingConceptSchemeMap:      {pkg: "mapping", name: "ConceptSchemeMap", owners: []Class{ClassStructureSet}, v3: none},
	ClassMappingCategorySchemeMap:     {pkg: "mapping", name: "CategorySchemeMap", owners: []Class{ClassStructureSet}, v3: none},
	ClassMappingOrganisationSchemeMap: {pkg: "mapping", name: "OrganisationSchemeMap", owners: []Class{ClassStructureSet}, v3: none},
	ClassMappingReportingTaxonomyMap:  {pkg: "mapping", name: "ReportingTaxonomyMap", owners: []Class{ClassStructureSet}, v3: none},

	// Processes.
	ClassProcess:     {pkg: "process", name: "Process", construct: func() Maintainable { return &Process{} }, items: "step"},
	ClassProcessStep: {pkg: "process", name: "ProcessStep", owners: []Class{ClassProcess}, word: "step"},
	ClassTransition:  {pkg: "process", name: "Transition", owners: []Class{ClassProcess}},

	// VTL.
	ClassCustomTypeScheme:          {pkg: "transformation", name: "CustomTypeScheme", construct: func() Maintainable { return &CustomTypeScheme{} }, items: "custom type"},
	ClassVtlMappingScheme:          {pkg: "transformation", name: "VtlMappingScheme", construct: func() Maintainable { return &VtlMappingScheme{} }, word: "VTL mapping scheme", items: "mapping"},
	ClassNamePersonalisationScheme: {pkg: "transformation", name: "NamePersonalisationScheme", construct: func() Maintainable { return &NamePersonalisationScheme{} }, items: "name personalisation"},
	ClassRulesetScheme:             {pkg: "transformation", name: "RulesetScheme", construct: func() Maintainable { return &RulesetScheme{} }, items: "ruleset"},
	ClassUserDefinedOperatorScheme: {pkg: "transformation", name: "UserDefinedOperatorScheme", construct: func() Maintainable { return &UserDefinedOperatorScheme{} }, word: "user-defined operator scheme", items: "operator"},
	ClassTransformationScheme:      {pkg: "transformation", name: "TransformationScheme", construct: func() Maintainable { return &TransformationScheme{} }, items: "transformation"},
	ClassTransformation:            {pkg: "transformation", name: "Transformation", owners: []Class{ClassTransformationScheme}},
	ClassRuleset:                   {pkg: "transformation", name: "Ruleset", owners: []Class{ClassRulesetScheme}},
	ClassUserDefinedOperator:       {pkg: "transformation", name: "UserDefinedOperator", owners: []Class{ClassUserDefinedOperatorScheme}, word: "operator"},
	ClassCustomType:                {pkg: "transformation", name: "CustomType", owners: []Class{ClassCustomTypeScheme}},
	ClassNamePersonalisation:       {pkg: "transformation", name: "NamePersonalisation", owners: []Class{ClassNamePersonalisationScheme}},
	ClassVtlDataflowMapping:        {pkg: "transformation", name: "VtlDataflowMapping", ref: none, aliases: []string{"VtlMapping"}, word: "VTL dataflow mapping", owners: []Class{ClassVtlMappingScheme}},
	ClassVtlCodelistMapping:        {pkg: "transformation", name: "VtlCodelistMapping", ref: none, kind: ClassVtlDataflowMapping, word: "VTL codelist mapping", owners: []Class{ClassVtlMappingScheme}},
	ClassVtlConceptMapping:         {pkg: "transformation", name: "VtlConceptMapping", ref: none, kind: ClassVtlDataflowMapping, aliases: []string{"VtlConceptSchemeMapping"}, word: "VTL concept mapping", owners: []Class{ClassVtlMappingScheme}},
}

var (
	classByPackageName = map[string]Class{}   // "codelist.Codelist", and the names of each version
	classesByName      = map[string][]Class{} // "Codelist"; maintainable classes come first
	classesByREST      = map[string][]Class{} // "codelist"; the class of that name comes first
	relatives          = map[Class][]Class{}  // by the first class of a family of several
	sameIn             = map[classIn]Class{}  // the class whose name a class has in a version of SDMX
)

type classIn struct {
	class   Class
	version Generation
}

func init() {
	classes[ClassUnknown].word = ClassUnknown.String()
	for c := ClassUnknown + 1; c < classEnd; c++ {
		info := &classes[c]
		if info.word == "" {
			info.word = words(info.name)
		}
		for _, name := range c.Names() {
			classByPackageName[info.pkg+"."+name] = c
			classesByName[name] = append(classesByName[name], c)
		}
		if c.Maintainable() {
			classesByREST[c.REST()] = append([]Class{c}, classesByREST[c.REST()]...)
			for _, name := range info.rest {
				classesByREST[name] = append(classesByREST[name], c)
			}
			for _, v := range []Generation{V2, V3} {
				if other := classNamed(info.pkg, info.in(v)); other != ClassUnknown {
					sameIn[classIn{c, v}] = other
				}
			}
		}
		if f := info.family; f != ClassUnknown {
			if relatives[f] == nil {
				relatives[f] = []Class{f}
			}
			relatives[f] = append(relatives[f], c)
		}
	}
}

// classNamed returns the class whose own name it is, without the index of names.
func classNamed(pkg, name string) Class {
	for c := range classes {
		if classes[c].pkg == pkg && classes[c].name == name {
			return Class(c)
		}
	}
	return ClassUnknown
}

// words splits a name such as DataStructure into words: data structure.
func words(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// wordOf returns an English noun, singular or plural by n.
func wordOf(noun string, n int) string {
	switch {
	case n == 1:
		return noun
	case strings.HasSuffix(noun, "y") && !strings.HasSuffix(noun, "ay"):
		return noun[:len(noun)-1] + "ies"
	case strings.HasSuffix(noun, "ss"):
		return noun + "es"
	}
	return noun + "s"
}
