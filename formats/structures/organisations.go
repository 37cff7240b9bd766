package structures

import (
	"urncast/formats/codec"
	"urncast/sdmx"
)

func init() {
	declare(nil,
		when(json20, fatal, "provision agreements for metadata, which SDMX 2.1 has", func(x *sdmx.ProvisionAgreement) bool {
			return x.Usage.Class == sdmx.ClassMetadataflow
		}),
	)
}

// organisation describes what all organisations have; parent, if it is not nil, the place of
// an organisation unit.
func organisation(c *codec.C, x *sdmx.Organisation, o *owner, parent *string) {
	item(c, &x.Nameable, o)
	if parent != nil {
		c.Local("str:Parent", c.By("parent", "parentUnit"), parent)
		parentByURN(c, parent)
	}
	codec.List(c, "str:Contact", "contacts", &x.Contacts, contact)
}

func dataProviderScheme(c *codec.C, s *sdmx.DataProviderScheme) {
	o := scheme(c, s, sdmx.ClassDataProvider)
	codec.List(c, "str:DataProvider", c.By("dataProviders", "items"), &s.Items, func(c *codec.C, x *sdmx.DataProvider) {
		organisation(c, &x.Organisation, o, nil)
	})
}

func dataConsumerScheme(c *codec.C, s *sdmx.DataConsumerScheme) {
	o := scheme(c, s, sdmx.ClassDataConsumer)
	codec.List(c, "str:DataConsumer", c.By("dataConsumers", "items"), &s.Items, func(c *codec.C, x *sdmx.DataConsumer) {
		organisation(c, &x.Organisation, o, nil)
	})
}

func metadataProviderScheme(c *codec.C, s *sdmx.MetadataProviderScheme) {
	o := scheme(c, s, sdmx.ClassMetadataProvider)
	codec.List(c, "", c.By("metadataProviders", "items"), &s.Items, func(c *codec.C, x *sdmx.MetadataProvider) {
		organisation(c, &x.Organisation, o, nil)
	})
}

func organisationUnitScheme(c *codec.C, s *sdmx.OrganisationUnitScheme) {
	o := scheme(c, s, sdmx.ClassOrganisationUnit)
	codec.List(c, "str:OrganisationUnit", c.By("organisationUnits", "items"), &s.Items, func(c *codec.C, x *sdmx.OrganisationUnit) {
		organisation(c, &x.Organisation, o, &x.Parent)
	})
}

func provisionAgreement(c *codec.C, x *sdmx.ProvisionAgreement) {
	maintainable(c, x)
	names(c, &x.Nameable)
	c.Ref("str:StructureUsage", c.By("dataflow", "structureUsage"), sdmx.ClassUnknown, &x.Usage)
	if c.Reading && c.Dialect == codec.JSON20 {
		c.Ref("", "structureUsage", sdmx.ClassUnknown, &x.Usage) // SDMX-JSON 1.0
	}
	c.Ref("str:DataProvider", c.By("dataProvider", "dataproviderRef"), sdmx.ClassDataProvider, &x.Provider)
}

func metadataProvisionAgreement(c *codec.C, x *sdmx.MetadataProvisionAgreement) {
	maintainable(c, x)
	names(c, &x.Nameable)
	c.Ref("", c.By("metadataflow", "metadataflowRef"), sdmx.ClassMetadataflow, &x.Metadataflow)
	c.Ref("", c.By("metadataProvider", "metadataproviderRef"), sdmx.ClassMetadataProvider, &x.Provider)
	c.Refs("", "targets", sdmx.ClassUnknown, &x.Targets)
}

func reportingTaxonomy(c *codec.C, s *sdmx.ReportingTaxonomy) {
	reportingCategories(c, scheme(c, s, sdmx.ClassReportingCategory), &s.Items)
}

func reportingCategories(c *codec.C, o *owner, items *[]sdmx.ReportingCategory) {
	codec.List(c, "str:ReportingCategory", c.By("reportingCategories", "items"), items, func(c *codec.C, x *sdmx.ReportingCategory) {
		item(c, &x.Nameable, o)
		reportingCategories(c, o.below(x.ID), &x.Items)
		c.Refs("str:StructuralMetadata", "structuralMetadata", sdmx.ClassUnknown, &x.Structures)
		c.Refs("str:ProvisioningMetadata", "provisioningMetadata", sdmx.ClassUnknown, &x.Usages)
	})
}
