package console

import (
	"fmt"
	"strings"
)

// mapPages are the pages of structures that have tables of content, or trees of items without
// names.
var mapPages = []sight{
	{name: "map-structure", path: "/structures/structuremap/BIS/SM/1.0"},
	{name: "map-representation", path: "/structures/representationmap/BIS/RM/1.0"},
	{name: "map-changed", path: "/transactions/2"},
	{name: "constraint", path: "/structures/dataconstraint/BIS/DC/1.0"},
	{name: "hierarchy", path: "/structures/hierarchy/BIS/H/1.0"},
	{name: "hierarchy-branch", path: "/structures/hierarchy/BIS/H/1.0?branch=EU"},
	{name: "hierarchy-table", path: "/structures/hierarchy/BIS/H/1.0?view=table"},
	{name: "process", path: "/structures/process/BIS/P/1.0"},
}

// mapsWith returns a message with the structures that the pages show. value is a mapped value.
func mapsWith(value string) string {
	const list = "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=BIS:L(1.0)"
	const flow = "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=BIS:F(1.0)"
	const code = "urn:sdmx:org.sdmx.infomodel.codelist.Code=BIS:L(1.0)."
	head := func(id string) string {
		return fmt.Sprintf(`"id":%q,"agencyId":"BIS","version":"1.0","names":[{"locale":"en","value":"The %s of the test"}]`, id, id)
	}
	var mappings []string
	for i := range 250 {
		mappings = append(mappings, fmt.Sprintf(`{"source":[{"value":"^AREA_%d_[A-Z0-9]{2,30}$","regEx":true},{"value":%q}],"target":["EU"],"validFrom":"2020-01-01T00:00:00Z"}`, i, value))
	}
	return `{"Codelist":[{` + head("L") + `,"items":[{"id":"EU","names":[{"locale":"en","value":"Europe"}]},{"id":"FR","names":[{"locale":"en","value":"France"}]}]}],
"Dataflow":[{` + head("F") + `,"isExternalReference":true,"structureURL":"https://example.org/f"}],
"RepresentationMap":[{` + head("RM") + `,"sources":["` + list + `","String"],"targets":["` + list + `"],"mappedRelationships":[` + strings.Join(mappings, ",") + `]}],
"StructureMap":[{` + head("SM") + `,"source":"` + flow + `","target":"` + flow + `","componentMaps":[{"sources":["AREA","CITY"],"targets":["REF_AREA"],"representationMapRef":"urn:sdmx:org.sdmx.infomodel.structuremapping.RepresentationMap=BIS:RM(1.0)"},{"sources":["SEX"],"targets":["SEX"]}],
  "timePatternMaps":[{"id":"P1","source":"DAY","target":"TIME_PERIOD","freqId":"M","pattern":"MM/dd/yyyy","locale":"en"}],"fixedOutput":{"OBS_STATUS":"A"}}],
"DataConstraint":[{` + head("DC") + `,"definingDataPresent":false,"type":"CubeRegionConstraint","attachments":["` + flow + `"],"includeCube":{"REF_AREA":{"values":["EU","FR"],"cascade":["EU"]}},"excludeCube":{"SEX":{"values":["_Z"]}}}],
"Hierarchy":[{` + head("H") + `,"formalLevels":true,"levels":[{"id":"L1","names":[{"locale":"en","value":"Unions"}]},{"id":"L2","names":[{"locale":"en","value":"Countries"}]}],"codes":[{"id":"EU","code":"` + code + `EU","level":"L1","codes":[{"id":"FR","code":"` + code + `FR","level":"L2"}]}]}],
"Process":[{` + head("P") + `,"items":[{"id":"S1","names":[{"locale":"en","value":"Collection"}],"items":[{"id":"S2","names":[{"locale":"en","value":"Mending"}]}],"transitions":[{"targetStep":"S1.S2","conditions":[{"locale":"en","value":"There are errors"}]}]}]}]}`
}
