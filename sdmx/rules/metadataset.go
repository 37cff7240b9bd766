package rules

import (
	"fmt"

	"urncast/sdmx"
)

// metadataSet checks that a metadata set says of which flow or agreement it is, and the ids of its
// attributes. One without attributes is a stub.
func metadataSet(c *checker, m *sdmx.MetadataSet) {
	if m.Metadataflow.IsZero() && m.Agreement.IsZero() && len(m.Attributes) > 0 {
		c.add("Metadataflow", "The metadata set does not say of which metadataflow or metadata provision agreement it is. Name one.")
	}
	c.period("PublicationPeriod", m.PublicationPeriod)
	c.period("ReportingBegin", m.ReportingBegin)
	c.period("ReportingEnd", m.ReportingEnd)
	reportedAttributes(c, "Attributes", m.Attributes)
}

func reportedAttributes(c *checker, path string, list []sdmx.ReportedAttribute) {
	for i := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.id(at+".ID", list[i].ID)
		reportedAttributes(c, at+".Attributes", list[i].Attributes)
	}
}
