package doors

import (
	"strings"
	"testing"
)

const (
	request21 = `<m:RegistryInterface xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common" xmlns:r="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/registry">` +
		`<m:Header><m:ID>T</m:ID><m:Test>false</m:Test><m:Prepared>2026-01-31T10:00:00Z</m:Prepared><m:Sender id="S"/><m:Receiver id="R"/></m:Header>`
	urnOfA = "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:"
)

// submitRequest returns a SubmitStructureRequest with codelists.
func submitRequest(action, lists string, own ...string) []byte {
	return []byte(request21 + `<m:SubmitStructureRequest` + action + `><s:Structures><s:Codelists>` + lists + `</s:Codelists></s:Structures>` + strings.Join(own, "") + `</m:SubmitStructureRequest></m:RegistryInterface>`)
}

// own returns the submitted-structure element with the action for one codelist.
func own(id, action string) string {
	return `<r:SubmittedStructure action="` + action + `"><r:MaintainableObject><URN>` + urnOfA + id + `(1.0)</URN></r:MaintainableObject></r:SubmittedStructure>`
}

func coded(id, code string) string {
	return strings.Replace(codelist21(id, "1.0", ""), "</s:Codelist>", `<s:Code id="`+code+`"><c:Name>`+code+`</c:Name></s:Code></s:Codelist>`, 1)
}

// resultOf returns the result for a codelist in a SubmitStructureResponse.
func resultOf(body, id string) string {
	for _, r := range strings.Split(body, "<reg:SubmissionResult>") {
		if strings.Contains(r, "<URN>"+urnOfA+id+"(1.0)</URN>") {
			return r
		}
	}
	return ""
}

// A SubmitStructureRequest states an action for each structure, is one submission, and is answered
// by a SubmitStructureResponse with the status and the action of each structure (SDMX-ML 2.1).
func TestSubmitStructureRequest(t *testing.T) {
	s := serve(t, nil)
	for _, path := range []string{"/sdmx/v2/structure", "/ws/secure/sdmxapi/rest"} {
		id := "R" + path[1:2]
		status, body := call(t, s, "POST", path, submitRequest("", coded(id, "a")+coded(id+"2", "a")))
		want(t, path+" creates", status, body, 201, `<mes:RegistryInterface`, `<mes:SubmitStructureResponse>`, `SubmittedStructure action="Append"`, `status="Success"`)
		status, body = call(t, s, "POST", path, submitRequest("", coded(id, "b")))
		want(t, path+" appends by the schema's default", status, body, 200, `action="Append"`, `code="200"`)
		status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist/A/"+id, nil)
		want(t, "appended", status, body, 200, `id="a"`, `id="b"`)
		status, body = call(t, s, "POST", path, submitRequest(` action="Replace"`, coded(id, "c")))
		want(t, path+" replaces", status, body, 200, `action="Replace"`)
		status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist/A/"+id, nil)
		if want(t, "replaced", status, body, 200, `id="c"`); strings.Contains(body, `id="a"`) {
			t.Errorf("%s: Replace kept what was there: %s", path, body)
		}
		status, body = call(t, s, "POST", path, submitRequest(` action="Replace"`, coded(id, "c")))
		want(t, path+" changes nothing, and answers in kind", status, body, 200, `<mes:SubmitStructureResponse>`, `action="Replace"`, `code="304"`)
	}

	status, body := call(t, s, "POST", "/sdmx/v2/structure", submitRequest(` action="Replace"`, coded("Rs", "d")+coded("Rs2", "z")+coded("Rw", "z")+coded("New", "a"), own("Rs2", "Delete"), own("Rw", "Information")))
	want(t, "mixed", status, body, 207, "Recorded as transaction 7.", "Recorded as transaction 8.")
	for id, parts := range map[string][2]string{"Rs": {"Replace", "Updated."}, "Rs2": {"Delete", "Deleted."}, "Rw": {"Information", "was sent for information"}, "New": {"Replace", "Created."}} {
		if r := resultOf(body, id); !strings.Contains(r, `action="`+parts[0]+`"`) || !strings.Contains(r, parts[1]) {
			t.Errorf("the result of %s is %s, want %v", id, r, parts)
		}
	}
	status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist/A", nil)
	if want(t, "afterwards", status, body, 200, `id="New"`, `id="Rw"`); strings.Contains(body, `id="Rs2"`) || strings.Contains(body, `id="z"`) {
		t.Errorf("after the request the registry has %s", body)
	}
	status, body = call(t, s, "GET", "/api/v1/transactions?after=6", nil)
	want(t, "the log", status, body, 200, `"origin":"replace, delete"`, `"pair":8`, `"pair":7`)
}

// A request for something that is not possible changes nothing, and its answer says why.
func TestWrongSubmitStructureRequests(t *testing.T) {
	s := serve(t, nil)
	for name, c := range map[string]struct {
		query  string
		in     []byte
		status int
		want   string
	}{
		"address":       {"", []byte(request21 + `<m:SubmitStructureRequest><r:StructureLocation>http://127.0.0.1/a.xml</r:StructureLocation></m:SubmitStructureRequest></m:RegistryInterface>`), 400, "this registry fetches nothing"},
		"unknown word":  {"", submitRequest(` action="Merge"`, coded("W", "a")), 400, "is none of SDMX 2.1"},
		"not in it":     {"", submitRequest("", coded("W", "a"), own("V", "Delete")), 400, "A:V(1.0) is not among the structures of this message"},
		"not there":     {"", submitRequest(` action="Delete"`, coded("W", "a")), 404, "is not in the registry, so it cannot be deleted"},
		"one of two":    {"", submitRequest(` action="Append"`, coded("W", "a")+coded("V", "a"), own("V", "Delete")), 404, "Nothing is wrong with this structure"},
		"full replace":  {"?action=full-replace", submitRequest(` action="Append"`, coded("W", "a")), 400, "the message asks for Append, and the request for full-replace"},
		"delete":        {"?action=delete", submitRequest(` action="Append"`, coded("W", "a")), 400, "the message asks for Append, and the request for delete"},
		"only shown":    {"", submitRequest(` action="Information"`, coded("W", "a")), 200, "was sent for information"},
		"another class": {"/dataflow", submitRequest("", coded("W", "a")), 400, "was sent to the place of a Dataflow"},
		"no structures": {"", submitRequest("", ""), 400, "holds no structures"},
	} {
		status, body := call(t, s, "POST", "/sdmx/v2/structure"+c.query, c.in)
		want(t, name, status, body, c.status, c.want)
	}
	status, body := call(t, s, "PUT", "/sdmx/v2/structure/codelist/A/W/1.0", submitRequest(` action="Replace"`, coded("W", "a")))
	want(t, "PUT", status, body, 400, "POST it to /sdmx/v2/structure")
	status, body = call(t, s, "GET", "/api/v1/transactions?after=0", nil)
	want(t, "the log is empty", status, body, 200, `"transactions":[]`)
	status, body = call(t, s, "POST", "/sdmx/v2/structure?action=replace", submitRequest(` action="Append"`, coded("W", "a")), "Accept", "application/json")
	want(t, "its own words count", status, body, 201, "the action replace of the request was not used")
	status, body = call(t, s, "POST", "/sdmx/v2/structure", submitRequest(``, coded("W", "b")), "Action", "Replace", "Accept", "application/json")
	want(t, "the header counts if it has none", status, body, 200, `"updated"`)
	status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist/A/W", nil)
	if want(t, "replaced by the header", status, body, 200, `id="b"`); strings.Contains(body, `id="a"`) {
		t.Errorf("the header was not used: %s", body)
	}
	status, body = call(t, s, "POST", "/sdmx/v2/structure", packed(t, map[string][]byte{"a.xml": submitRequest(` action="Append"`, coded("W", "a")), "b.xml": submitRequest(` action="Replace"`, coded("W", "a"))}))
	want(t, "two files, two actions", status, body, 400, "two messages of the request ask for")
}
