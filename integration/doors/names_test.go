package doors

import (
	"strings"
	"testing"
)

func in21(container, structure string) []byte {
	return []byte(message21 + "<m:Structures><s:" + container + ">" + structure + "</s:" + container + "></m:Structures></m:Structure>")
}

func constraint21(name string) []byte {
	return in21("Constraints", `<s:ContentConstraint id="C" agencyID="A" version="1.0" type="Allowed"><c:Name>`+name+`</c:Name></s:ContentConstraint>`)
}

// A structure can be replaced and deleted under each name that its type has in any version of SDMX
// REST.
func TestStructuresByEveryName(t *testing.T) {
	s := serve(t, nil)
	for _, x := range []struct {
		method, path string
		body         []byte
		status       int
		says         string
	}{
		{"POST", "contentconstraint", constraint21("One"), 201, "DataConstraint=A:C(1.0)"},
		{"PUT", "contentconstraint/A/C/1.0", constraint21("Two"), 200, "DataConstraint=A:C(1.0)"},
		{"PUT", "dataconstraint/A/C/1.0", constraint21("Three"), 200, "DataConstraint=A:C(1.0)"},
		{"PUT", "contentconstraint/A/D/1.0", constraint21("Three"), 422, "was sent to the place of"},
		{"PUT", "metadataconstraint/A/C/1.0", constraint21("Three"), 422, "was sent to the place of"},
		{"GET", "actualconstraint/A/C/1.0", nil, 200, "Three"},
		{"DELETE", "allowedconstraint/A/C/1.0", nil, 200, "DataConstraint=A:C(1.0)"},
		{"DELETE", "contentconstraint/A/C/1.0", nil, 404, "DataConstraint=A:C(1.0)"},

		{"POST", "", in21("OrganisationSchemes", `<s:DataProviderScheme id="DATA_PROVIDERS" agencyID="A" version="1.0"><c:Name>P</c:Name><s:DataProvider id="P1"><c:Name>One</c:Name></s:DataProvider><s:DataProvider id="P2"><c:Name>Two</c:Name></s:DataProvider></s:DataProviderScheme>`), 201, "DataProviderScheme=A"},
		{"DELETE", "organisationscheme/A/DATA_PROVIDERS/1.0/P1", nil, 200, "DataProviderScheme=A:DATA_PROVIDERS(1.0)"},
		{"DELETE", "organisationscheme/A/DATA_PROVIDERS/1.0", nil, 200, "DataProviderScheme=A:DATA_PROVIDERS(1.0)"},
		{"DELETE", "organisationscheme/A/DATA_PROVIDERS/*", nil, 404, "wildcard"},
		{"DELETE", "nothing/A/C/1.0", nil, 404, "is not known"},
	} {
		status, body := call(t, s, x.method, "/sdmx/v2/structure/"+x.path, x.body, "Accept", "application/json")
		want(t, x.method+" "+x.path, status, body, x.status, x.says)
	}
}

const tree21 = `<s:HierarchicalCodelist id="H" agencyID="A" version="1.0"><c:Name>Tree</c:Name><s:Hierarchy id="HIER1"><c:Name>Inside</c:Name><s:HierarchicalCode id="N1"><s:Code><URN>urn:sdmx:org.sdmx.infomodel.codelist.Code=A:L(1.0).c0</URN></s:Code></s:HierarchicalCode></s:Hierarchy></s:HierarchicalCodelist>`

// A hierarchy is found, replaced and deleted under the names of both versions, and is returned as
// the requested format has it.
func TestHierarchiesByBothNames(t *testing.T) {
	s := serve(t, nil)
	tree := in21("HierarchicalCodelists", tree21)
	codes := in21("Codelists", strings.Replace(codelist21("L", "1.0", ""), "</s:Codelist>", `<s:Code id="c0"><c:Name>c</c:Name></s:Code></s:Codelist>`, 1))
	status, body := call(t, s, "POST", "/sdmx/v2/structure", codes, "Accept", "application/json")
	want(t, "the codes", status, body, 201)
	status, body = call(t, s, "POST", "/sdmx/v2/structure/hierarchy", tree, "Accept", "application/json")
	want(t, "the tree", status, body, 201, "HierarchicalCodelist=A:H(1.0)")
	for _, name := range []string{"hierarchy", "hierarchicalcodelist"} {
		at := "/sdmx/v2/structure/" + name + "/A/H/1.0"
		status, body = call(t, s, "GET", at+"?format=sdmx-ml-2.1", nil)
		want(t, name+" in 2.1", status, body, 200, `<str:Hierarchy id="HIER1"`, "codelist.HierarchicalCodelist=A:H(1.0)")
		status, body = call(t, s, "GET", at+"?format=sdmx-json-2.0", nil)
		want(t, name+" in JSON", status, body, 200, `"hierarchies":[`, "codelist.Hierarchy=A:H(1.0)", "codelist.HierarchicalCode=A:H(1.0).N1", `"warnings":[`)
		status, body = call(t, s, "GET", at+"?format=fusion-json", nil)
		want(t, name+" in Fusion-JSON", status, body, 200, `"Hierarchy":[`, "codelist.HierarchicalCode=A:H(1.0).N1")
		status, body = call(t, s, "PUT", at, []byte(strings.Replace(string(tree), "Tree", "Tree of "+name, 1)), "Accept", "application/json")
		want(t, "PUT "+name, status, body, 200, "HierarchicalCodelist=A:H(1.0)")
		status, body = call(t, s, "DELETE", at, nil, "Accept", "application/json")
		want(t, "DELETE "+name, status, body, 200, "HierarchicalCodelist=A:H(1.0)")
		status, body = call(t, s, "POST", "/sdmx/v2/structure", tree, "Accept", "application/json")
		want(t, "again", status, body, 201)
	}
}
