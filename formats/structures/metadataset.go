package structures

import (
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

func metadataSet(c *codec.C, m *sdmx.MetadataSet) {
	maintainable(c, m)
	names(c, &m.Nameable)
	c.Ref("", "metadataflow", sdmx.ClassMetadataflow, &m.Metadataflow)
	c.Ref("", "metadataProvisionAgreement", sdmx.ClassMetadataProvisionAgreement, &m.Agreement)
	c.Refs("", "targets", sdmx.ClassUnknown, &m.Targets)
	c.Attr("", "publicationPeriod", &m.PublicationPeriod)
	c.Attr("", "publicationYear", &m.PublicationYear)
	c.Attr("", "reportingBegin", &m.ReportingBegin)
	c.Attr("", "reportingEnd", &m.ReportingEnd)
	if action, at, ok := c.Stated("", "action"); ok {
		if strings.EqualFold(action, "delete") || action == "D" {
			c.Fail("the action of the metadata set is %q, and a message does not delete what a registry holds; delete it by its URN", codec.Clip(action, 20))
		}
		c.Remark(at, "the action %q is about the message and was left out: how what is sent meets what is there is said with the submission", codec.Clip(action, 20))
	}
	reportedAttributes(c, ownerOf(m, sdmx.ClassMetadataAttribute), &m.Attributes)
}

// reportedAttributes describes attributes and those nested in them. Fusion-JSON gives each a URN
// inside the metadata set, always of the first level.
func reportedAttributes(c *codec.C, o *owner, list *[]sdmx.ReportedAttribute) {
	codec.List(c, "", "attributes", list, func(c *codec.C, x *sdmx.ReportedAttribute) {
		c.ID("", "id", &x.ID)
		o.urn(c, x.ID)
		annotations(c, &x.Annotations)
		reportedAttributes(c, o, &x.Attributes)
		codec.Others(c, &x.Content, nil)
	})
}

// isReported20 reports whether the schema of metadata messages of SDMX-JSON 2.0 takes the content of
// a reported attribute: one value or text at least, all of them texts.
func isReported20(x *sdmx.ReportedAttribute) bool {
	kinds := map[string]string{"value": `"`, "values": `["`, "text": `"`, "texts": "{", "structuredText": `"`, "structuredTexts": "{"}
	return slices.ContainsFunc(x.Content, func(m sdmx.Member) bool { return !strings.HasSuffix(m.Key, "Texts") && m.Key != "texts" }) &&
		!slices.ContainsFunc(x.Content, func(m sdmx.Member) bool {
			begin, known := kinds[m.Key]
			return !known || !strings.HasPrefix(m.Value, begin)
		})
}

func init() {
	const invalid = ", as the schema of metadata messages wants: it stays as it is, and the message is not valid"
	declare(nil,
		when(json20, told, "that a reported attribute has a text"+invalid, func(x *sdmx.ReportedAttribute) bool {
			return !isReported20(x)
		}),
		when(json20, told, "that a metadata set has a flow or an agreement, targets and attributes"+invalid, func(m *sdmx.MetadataSet) bool {
			return m.Metadataflow.IsZero() && m.Agreement.IsZero() || len(m.Targets) == 0 || len(m.Attributes) == 0
		}),
		when(json20, told, "that the version of a metadata set is made of numbers"+invalid, func(m *sdmx.MetadataSet) bool {
			return strings.Trim(string(m.Version), "0123456789.") != ""
		}),
	)
}
