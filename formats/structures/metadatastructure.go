package structures

import (
	"urncast/formats/codec"
	"urncast/sdmx"
)

func metadataflow(c *codec.C, x *sdmx.Metadataflow) {
	maintainable(c, x)
	names(c, &x.Nameable)
	c.Ref("str:Structure", c.By("structure", "metadataStructureRef"), sdmx.ClassMetadataStructure, &x.Structure)
	targets := &x.Targets
	if !c.Reading && c.Dialect == codec.JSON20 {
		once := distinct(x.Targets)
		targets = &once
	}
	if !c.XML() {
		c.Refs("", "targets", sdmx.ClassUnknown, targets)
	}
}

func init() {
	declare([]fieldLoss{{"Metadataflow.Targets", ml21, told, "the targets of a metadataflow"}},
		when(json20, told, "targets that are named twice", func(x *sdmx.Metadataflow) bool { return len(distinct(x.Targets)) < len(x.Targets) }),
	)
}
