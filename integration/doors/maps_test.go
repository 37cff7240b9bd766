package doors

import (
	"strings"
	"testing"
)

// Maps are accepted, are returned in the formats that have them, and have pages that show what they
// map and what changed.
func TestMapsGoThroughTheDoors(t *testing.T) {
	s := serve(t, nil)
	for _, id := range []string{"L1", "L2"} {
		if status, answer := call(t, s, "POST", "/sdmx/v2/structure", list(id, "One")); status >= 300 {
			t.Fatal(answer)
		}
	}
	const codelist = "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:"
	fusion := `{"RepresentationMap":[{"id":"RM","agencyId":"A","version":"1.0","names":[{"locale":"en","value":"Ones"}],"sources":["` + codelist + `L1(1.0)"],"targets":["` + codelist + `L2(1.0)"],
		"mappedRelationships":[{"source":[{"value":"X.*","regEx":true}],"target":["Y"]}]}]}`
	status, body := call(t, s, "POST", "/sdmx/v2/structure", []byte(strings.Replace(fusion, "L2(1.0)", "L9(1.0)", 1)), "Accept", "application/json")
	want(t, "a map to a codelist that is not there", status, body, 409, "L9")
	status, body = call(t, s, "POST", "/sdmx/v2/structure", []byte(strings.Replace(fusion, "X.*", "X(.*", 1)), "Accept", "application/json")
	want(t, "a broken expression", status, body, 422, "a ( has no )")
	status, body = call(t, s, "POST", "/sdmx/v2/structure", []byte(fusion))
	want(t, "a representation map", status, body, 201)

	set := `<m:Structure xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"><m:Structures><s:StructureSets>
		<s:StructureSet id="SET" agencyID="A"><c:Name>Set</c:Name><s:CodelistMap id="M"><c:Name>Map</c:Name><s:Source><Ref agencyID="A" id="L1"/></s:Source><s:Target><Ref agencyID="A" id="L2"/></s:Target>
		<s:CodeMap><s:Source><Ref id="A"/></s:Source><s:Target><Ref id="B"/></s:Target></s:CodeMap></s:CodelistMap></s:StructureSet></s:StructureSets></m:Structures></m:Structure>`
	status, body = call(t, s, "POST", "/sdmx/v2/structure", []byte(set))
	want(t, "a structure set", status, body, 201)

	status, body = call(t, s, "GET", "/sdmx/v2/structure/representationmap/A/RM/1.0", nil, "Accept", "application/vnd.sdmx.structure+json;version=2.0.0")
	want(t, "as SDMX-JSON", status, body, 200, `"representationMappings":[{"sourceValues":[{"value":"X.*","isRegEx":true}],"targetValues":["Y"]}]`)
	status, body = call(t, s, "GET", "/sdmx/v2/structure/structureset/A/SET/1.0", nil, "Accept", "application/vnd.sdmx.structure+xml;version=2.1")
	want(t, "as SDMX-ML", status, body, 200, `<str:CodeMap><str:Source><Ref id="A"/></str:Source><str:Target><Ref id="B"/></str:Target></str:CodeMap>`)
	page(t, s, "/structures/representationmap/A/RM/1.0", "Mapped values", "From · L1", "To · L2", "like X.*")
	page(t, s, "/structures/structureset/A/SET/1.0", "Codelist map M", "From · L1", ">A<")

	status, body = call(t, s, "POST", "/sdmx/v2/structure", []byte(strings.Replace(fusion, `["Y"]`, `["Z"]`, 1)))
	want(t, "another value", status, body, 200)
	page(t, s, "/transactions/5", "RM", ">Y<", ">Z<")
}
