package structures

import (
	"urncast/formats/codec"
	"urncast/sdmx"
)

// The types of Fusion Metadata Registry are kept as they came, but for what all structures have.

func reportingTemplate(c *codec.C, m *sdmx.ReportingTemplate) { opaque(c, m, &m.Opaque) }
func publicationTable(c *codec.C, m *sdmx.PublicationTable)   { opaque(c, m, &m.Opaque) }
func validationScheme(c *codec.C, m *sdmx.ValidationScheme)   { opaque(c, m, &m.Opaque) }

func opaque(c *codec.C, m sdmx.Maintainable, o *sdmx.Opaque) {
	maintainable(c, m)
	names(c, &o.Nameable)
	codec.Others(c, &o.Content, &o.References)
}
