package rules

import (
	"fmt"

	"urncast/sdmx"
)

func dataProviderScheme(c *checker, s *sdmx.DataProviderScheme) { c.items(s) }

func dataConsumerScheme(c *checker, s *sdmx.DataConsumerScheme) { c.items(s) }

func metadataProviderScheme(c *checker, s *sdmx.MetadataProviderScheme) { c.items(s) }

func organisationUnitScheme(c *checker, s *sdmx.OrganisationUnitScheme) {
	at := c.items(s)
	checkParents(c, "organisation unit scheme", "organisation unit", s.Items, at, !s.External && !s.Partial,
		func(x *sdmx.OrganisationUnit) (string, string) { return x.ID, x.Parent })
}

// provisionAgreement checks that an agreement names both of its parties, as the schemas of 2.1
// and 3.0 require. A stub may leave them out.
func provisionAgreement(c *checker, x *sdmx.ProvisionAgreement) {
	c.agreement(&x.Artefact, []named{{"Usage", "a dataflow", &x.Usage}, {"Provider", "a data provider", &x.Provider}})
}

func metadataProvisionAgreement(c *checker, x *sdmx.MetadataProvisionAgreement) {
	c.agreement(&x.Artefact, []named{{"Metadataflow", "a metadataflow", &x.Metadataflow}, {"Provider", "a metadata provider", &x.Provider}})
}

// A named reference of an agreement: where it stands, what it refers to, and itself.
type named struct {
	path, what string
	ref        *sdmx.Ref
}

func (c *checker) agreement(a *sdmx.Artefact, parts []named) {
	for _, x := range parts {
		if x.ref.IsZero() && !a.External {
			c.add(x.path, "A provision agreement is between a flow and a provider, and this one does not name %s. Add the reference, or send a stub (isExternalReference).", x.what)
		}
	}
}

func reportingTaxonomy(c *checker, s *sdmx.ReportingTaxonomy) {
	checkNested(c, "Items", "", s.Items, func(x *sdmx.ReportingCategory) (string, []sdmx.ReportingCategory) { return x.ID, x.Items })
	c.reportingCategories("Items", s.Items)
}

// reportingCategories checks that categories refer to structures or to flows and agreements, of
// which the schemas permit one kind.
func (c *checker) reportingCategories(path string, items []sdmx.ReportingCategory) {
	for i := range items {
		x, at := &items[i], fmt.Sprintf("%s[%d]", path, i)
		if len(x.Structures) > 0 && len(x.Usages) > 0 {
			c.add(at, "Reporting category %s refers to structures and to flows or agreements; one of the two is permitted. Take one kind away, or make two categories.", sdmx.Clip(x.ID))
		}
		c.reportingCategories(at+".Items", x.Items)
	}
}
