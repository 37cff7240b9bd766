package doors

import (
	"strings"
	"testing"
)

const (
	// kept has a codelist, a publication table of Fusion Metadata Registry that refers to it, and a
	// metadata set about it, of a metadata structure.
	kept = `{"Codelist":[{"id":"L","agencyId":"A","version":"1.0","items":[{"id":"C"}]}],
"ConceptScheme":[{"id":"CS","agencyId":"A","version":"1.0","items":[{"id":"NOTE"}]}],
"MetadataStructure":[{"id":"M","agencyId":"A","version":"1.0","metadataAttributes":[{"id":"NOTE","concept":"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept=A:CS(1.0).NOTE","minOccurs":0,"maxOccurs":1}]}],
"Metadataflow":[{"id":"MF","agencyId":"A","version":"1.0","metadataStructureRef":"urn:sdmx:org.sdmx.infomodel.metadatastructure.MetadataStructure=A:M(1.0)","targets":["urn:sdmx:org.sdmx.infomodel.codelist.Codelist=*:*(*)"]}],
"PublicationTable":[{"id":"T","agencyId":"A","version":"1.0","columns":[{"from":"urn:sdmx:org.sdmx.infomodel.codelist.Code=A:L(1.0).C","wide":true},null]}],
"data":{"metadatasets":[{"id":"S","agencyId":"A","version":"1.0","metadataflow":"urn:sdmx:org.sdmx.infomodel.metadatastructure.Metadataflow=A:MF(1.0)",
"targets":["urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L(1.0)"],"attributes":[{"id":"NOTE","value":"old"}]}]}}`
	fusion = "application/vnd.fusion.json"
)

// Structures of which only identity and references are known, and metadata sets, are accepted,
// found, changed and deleted like others.
func TestKeptWithoutBeingUnderstood(t *testing.T) {
	s := serve(t, nil)
	status, body := call(t, s, "POST", "/sdmx/v2/structure", []byte(kept), "Accept", "application/json")
	want(t, "created", status, body, 201, "PublicationTable=A:T(1.0)", "MetadataSet=A:S(1.0)")
	status, body = call(t, s, "POST", "/sdmx/v2/structure", []byte(kept), "Accept", "application/json")
	want(t, "the same again", status, body, 200, `"transactions":[]`)

	const table, set = "/sdmx/v2/structure/publicationtable/A/T/1.0", "/sdmx/v2/structure/metadataset/A/S/1.0"
	status, body = call(t, s, "GET", table, nil, "Accept", fusion)
	want(t, "the table", status, body, 200, `"columns":[{"from":"urn:sdmx:org.sdmx.infomodel.codelist.Code=A:L(1.0).C","wide":true},null]`, `PublicationTable=A:T(1.0)`)
	status, body = call(t, s, "GET", table, nil, "Accept", "application/vnd.sdmx.structure+xml;version=2.1")
	want(t, "the table in SDMX-ML 2.1", status, body, 406, "PublicationTable")
	status, body = call(t, s, "GET", set, nil, "Accept", fusion)
	want(t, "the set", status, body, 200, `"data":{"metadatasets":[{"id":"S"`, `"value":"old"`)
	status, body = call(t, s, "GET", set, nil, "Accept", "application/vnd.sdmx.structure+json;version=2.0.0")
	want(t, "the set in SDMX-JSON", status, body, 200, `"metadataSets":[{"id":"S"`, "sdmx-json-metadata-schema.json")
	status, body = call(t, s, "GET", "/sdmx/v2/structure/*/A/*/*", nil, "Accept", fusion)
	if want(t, "all structures", status, body, 200, `"PublicationTable":[{"id":"T"`, `"MetadataStructure":[{"id":"M"`); strings.Contains(body, "metadatasets") {
		t.Errorf("a query for all structures returns metadata sets: %s", body)
	}

	status, body = call(t, s, "DELETE", "/sdmx/v2/structure/codelist/A/L/1.0", nil, "Accept", "application/json")
	want(t, "the table's code list", status, body, 409, "PublicationTable=A:T(1.0)")
	status, body = call(t, s, "POST", "/sdmx/v2/structure", []byte(strings.Replace(kept, "(1.0).C", "(1.0).NONE", 1)), "Accept", "application/json")
	want(t, "a code that is not there", status, body, 409, "A:L(1.0).NONE")
	changed := strings.Replace(strings.Replace(kept, `"wide":true`, `"wide":false`, 1), `"old"`, `["new",2]`, 1)
	status, body = call(t, s, "POST", "/sdmx/v2/structure", []byte(changed), "Accept", "application/json")
	want(t, "changed", status, body, 200, `"transactions":[2]`)
	for path, says := range map[string]string{"/structures/publicationtable/A/T/1.0": "PublicationTable", "/structures/metadataset/A/S/1.0": "MetadataSet"} {
		status, body = call(t, s, "GET", path, nil)
		want(t, path, status, body, 200, says)
	}
	for _, path := range []string{set, table} {
		status, body = call(t, s, "DELETE", path, nil, "Accept", "application/json")
		want(t, "delete "+path, status, body, 200)
	}
	status, body = call(t, s, "GET", table, nil, "Accept", fusion)
	want(t, "deleted", status, body, 404)
}
