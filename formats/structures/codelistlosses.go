package structures

import "urncast/sdmx"

func init() {
	declare([]fieldLoss{
		{"ValueItem.URI", json20, told, "URIs and links of values"},
		{"ValueItem.Links", json20, told, "URIs and links of values"},
	},
		when(json20, fatal, "extensions by geographic codelists", func(x *sdmx.CodelistExtension) bool {
			return !x.Codelist.IsZero() && x.Codelist.Class != sdmx.ClassCodelist
		}),
	)
}
