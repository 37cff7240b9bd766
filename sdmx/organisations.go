package sdmx

// An Organisation is the common part of data providers, data consumers, metadata providers and
// organisation units, and has what an Agency has.
type Organisation struct {
	Nameable
	Contacts []Contact `c:"30"`
}

// A DataProviderScheme lists the organisations that provide data to the agency that maintains
// it. Its id is DATA_PROVIDERS and its version 1.0.
type DataProviderScheme struct{ Scheme[DataProvider] }

// A DataProvider is an organisation that provides data.
type DataProvider struct{ Organisation }

// A DataConsumerScheme lists the organisations that receive data from the agency that maintains
// it. Its id is DATA_CONSUMERS and its version 1.0.
type DataConsumerScheme struct{ Scheme[DataConsumer] }

// A DataConsumer is an organisation that receives data.
type DataConsumer struct{ Organisation }

// A MetadataProviderScheme lists the organisations that provide reference metadata to the agency
// that maintains it (3.0). Its id is METADATA_PROVIDERS and its version 1.0.
type MetadataProviderScheme struct{ Scheme[MetadataProvider] }

// A MetadataProvider is an organisation that provides reference metadata.
type MetadataProvider struct{ Organisation }

// An OrganisationUnitScheme lists organisation units, which may have a hierarchy.
type OrganisationUnitScheme struct{ Scheme[OrganisationUnit] }

// An OrganisationUnit is a part of an organisation; Parent is the id of another one of the
// scheme.
type OrganisationUnit struct {
	Organisation
	Parent string `c:"31,parent"`
}

// A ProvisionAgreement says that a data provider provides data of a dataflow.
type ProvisionAgreement struct {
	Artefact
	Usage    Ref `c:"30"` // the dataflow; in 2.1 a metadataflow too
	Provider Ref `c:"31"` // the data provider
}

// A MetadataProvisionAgreement says that a metadata provider provides reference metadata of a
// metadataflow (3.0).
type MetadataProvisionAgreement struct {
	Artefact
	Metadataflow Ref   `c:"30"`
	Provider     Ref   `c:"31"` // the metadata provider
	Targets      []Ref `c:"32"` // what the metadata is about: loose references (Ref.Loose)
}

// A ReportingTaxonomy is a tree of the reports that an organisation makes.
type ReportingTaxonomy struct{ Scheme[ReportingCategory] }

// A ReportingCategory is a part of a report; Items are the parts of it.
type ReportingCategory struct {
	Nameable
	Items []ReportingCategory `c:"30,items"`
	// Structures are data or metadata structures; Usages are flows or provision agreements.
	// A category has one of the two.
	Structures []Ref `c:"31"`
	Usages     []Ref `c:"32"`
}

// Class implements Maintainable.
func (*DataProviderScheme) Class() Class { return ClassDataProviderScheme }

// Class implements Maintainable.
func (*DataConsumerScheme) Class() Class { return ClassDataConsumerScheme }

// Class implements Maintainable.
func (*MetadataProviderScheme) Class() Class { return ClassMetadataProviderScheme }

// Class implements Maintainable.
func (*OrganisationUnitScheme) Class() Class { return ClassOrganisationUnitScheme }

// Class implements Maintainable.
func (*ProvisionAgreement) Class() Class { return ClassProvisionAgreement }

// Class implements Maintainable.
func (*MetadataProvisionAgreement) Class() Class { return ClassMetadataProvisionAgreement }

// Class implements Maintainable.
func (*ReportingTaxonomy) Class() Class { return ClassReportingTaxonomy }

func (*DataProvider) itemClass() Class      { return ClassDataProvider }
func (*DataConsumer) itemClass() Class      { return ClassDataConsumer }
func (*MetadataProvider) itemClass() Class  { return ClassMetadataProvider }
func (*OrganisationUnit) itemClass() Class  { return ClassOrganisationUnit }
func (*ReportingCategory) itemClass() Class { return ClassReportingCategory }

func (u *OrganisationUnit) parent() *string { return &u.Parent }

func (c *ReportingCategory) children() *[]ReportingCategory { return &c.Items }

func (*ProvisionAgreement) eachItem(func(Item))         {}
func (*MetadataProvisionAgreement) eachItem(func(Item)) {}
