package structures

import (
	"urncast/formats/codec"
	"urncast/sdmx"
)

// registration describes a registration, which only RegistryInterface messages of SDMX-ML have. It
// has no URN there: agency and version, which they do not say either, follow from the agreement.
func registration(c *codec.C, r *sdmx.Registration) {
	c.ID("id", "", &r.ID)
	validity(c, "validFrom", "", &r.ValidFrom, false)
	validity(c, "validTo", "", &r.ValidTo, true)
	c.Attr("lastUpdated", "", &r.LastUpdated)
	c.Bool("indexTimeSeries", "", &r.IndexTimeSeries)
	c.Bool("indexDataSet", "", &r.IndexDataSet)
	c.Bool("indexAttributes", "", &r.IndexAttributes)
	c.Bool("indexReportingPeriod", "", &r.IndexReportingPeriod)
	c.Ref("reg:ProvisionAgreement", "", sdmx.ClassProvisionAgreement, &r.Agreement)
	c.In("reg:Datasource", "", true, func() {
		c.Elem("reg:SimpleDataSource", "", &r.Simple)
		c.In("reg:QueryableDataSource", "", r.Queryable != nil, func() {
			if r.Queryable == nil {
				r.Queryable = &sdmx.QueryableSource{}
			}
			c.Dropped("TYPE", "", "QUERY")
			queryableSource(c, r.Queryable)
		})
	})
	if codec.Ended(c) {
		if r.Agreement.IsZero() {
			c.Fail("a registration must name its provision agreement (ProvisionAgreement)")
			return
		}
		r.Agency, r.Version = r.Agreement.Agency, sdmx.VersionDefault
		r.AssignID(r.Agreement.String())
	}
}
