package doors

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"urncast/producer"
	"urncast/registry/postgres"
	"urncast/web"
)

// agencies are A and B; a dataflow of B refers to structures of A.
const agencies = `{"AgencyScheme":[{"id":"AGENCIES","agencyId":"SDMX","version":"1.0","names":[{"locale":"en","value":"Agencies"}],"items":[
	{"id":"A","names":[{"locale":"en","value":"A"}]},{"id":"B","names":[{"locale":"en","value":"B"}]}]}],
	"Dataflow":[{"id":"F","agencyId":"B","version":"1.0","names":[{"locale":"en","value":"F"}],"dataStructureRef":"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=A:D(1.0)"}],
	"DataStructure":[{"id":"D","agencyId":"A","version":"1.0","names":[{"locale":"en","value":"D"}]}]}`

// Before an agency is renamed, the page shows all consequences and who reads the structures; an
// invalid id is refused with the reason.
func TestAgencyPages(t *testing.T) {
	s := serve(t, func(o *web.Options, _ *postgres.Store) {
		config := producer.Config{Routes: []producer.Route{
			{Topic: "all.json", Format: "fusion-json"}, {Topic: "only-a.json", Format: "fusion-json", Filter: producer.Filter{Agencies: []string{"A"}}},
		}}.WithDefaults()
		if err := o.Producers.Directory.(*postgres.Directory).Fix(t.Context(), &config, ""); err != nil {
			t.Fatal(err)
		}
	})
	if status, body := call(t, s, "POST", "/sdmx/v2/structure", []byte(agencies)); status >= 300 {
		t.Fatal(body)
	}
	rename, media := "/agencies/A/rename", "application/x-www-form-urlencoded"
	page(t, s, "/structures?agency=A", `href="`+rename+`"`)
	page(t, s, "/structures/agencyscheme/SDMX/AGENCIES/1.0", `href="`+rename+`"`, `href="/agencies/B/rename"`)
	page(t, s, "/structures/datastructure/A/D/1.0/rename", `href="`+rename+`"`)
	page(t, s, rename, "Show what would follow")
	for id, says := range map[string]string{"A": "A is its id already", "": "The new id is missing", "no+id": "The new agency", "A.B": "only the last part", "X.A": "only the last part"} {
		status, body := call(t, s, "GET", rename+"?id="+id, nil)
		want(t, "id "+id, status, body, 422, "aria-invalid", says)
		status, body = call(t, s, "POST", rename, []byte("id="+id), "Content-Type", media)
		want(t, "renaming to "+id, status, body, 422, "aria-invalid", says)
	}
	if taken := page(t, s, rename+"?id=B", "The rename is refused", "Agency B is there already"); strings.Contains(taken, "danger solid") {
		t.Error("a refused rename has a button that renames")
	}
	status, body := call(t, s, "GET", "/agencies/NO/rename", nil)
	want(t, "unknown", status, body, 404, "There is no agency NO")
	page(t, s, rename+"?id=A2", "1 structure gets a new URN, 2 that refer to them are re-published", "all.json", "only-a.json",
		"1 structure leaves this topic: its filter does not take A2", "Rename to A2")
	if _, log := call(t, s, "GET", "/api/v1/transactions?after=1", nil); !strings.Contains(log, `"transactions":[]`) {
		t.Errorf("a preview recorded a transaction: %s", log)
	}
	status, body = call(t, s, "POST", rename, []byte("id=A2"), "Content-Type", media)
	want(t, "rename", status, body, 200, "Replaced 3 structures", "one half of a submission")
	page(t, s, "/structures/datastructure/A2/D/1.0", "1 refers to it")
	status, body = call(t, s, "POST", rename, []byte("id=A2"), "Content-Type", media)
	want(t, "a second click", status, body, 200, "Replaced 3 structures", "one half of a submission")
	status, body = call(t, s, "GET", rename, nil)
	want(t, "gone", status, body, 404, "If it was renamed just now")
	if _, log := call(t, s, "GET", "/api/v1/transactions?after=3", nil); !strings.Contains(log, `"transactions":[]`) {
		t.Errorf("a second click renamed the agency again: %s", log)
	}
	status, body = call(t, s, "POST", "/agencies/B/rename", []byte("id=B2"), "Content-Type", media, "Authorization", "none")
	want(t, "nobody", status, body, 401)
}

// A maintainer renames an agency if its structures, and all that refer to them, belong to his
// agencies. The page shows what does not, and whose it is.
func TestMaintainersRenameAgencies(t *testing.T) {
	s, _ := serveAccounts(t, password)
	if status, body := call(t, s, "POST", "/sdmx/v2/structure", []byte(agencies)); status >= 300 {
		t.Fatal(body)
	}
	anna := token(t, s, `{"name": "anna", "role": "maintainer", "agencies": ["A"]}`)
	bea := token(t, s, `{"name": "bea", "role": "maintainer", "agencies": ["A", "A2", "B", "SDMX"]}`)
	rename, media := "/agencies/A/rename", []string{"Content-Type", "application/x-www-form-urlencoded"}
	status, body := call(t, s, "GET", rename+"?id=A2", nil, as(anna)...)
	want(t, "not all hers", status, body, 200, "3 structures stand in the way, maintained by A2 (1), B (1), SDMX (1).", "your role does not let you change")
	status, body = call(t, s, "POST", rename, []byte("id=A2"), append(as(anna), media...)...)
	want(t, "renamed all the same", status, body, 409, "The rename is refused")
	status, body = call(t, s, "POST", rename, []byte("id=A2"), append(as(bea), media...)...)
	want(t, "all his", status, body, 200, "Replaced 3 structures")
}

// A maintainer is offered to rename and delete the structures of her agencies, and to rename an
// agency only if the agency scheme that lists it belongs to one of her agencies, too.
func TestChangesAreOfferedForOnesOwn(t *testing.T) {
	s, _ := serveAccounts(t, password)
	if status, body := call(t, s, "POST", "/sdmx/v2/structure", []byte(agencies)); status >= 300 {
		t.Fatal(body)
	}
	anna := token(t, s, `{"name": "anna", "role": "maintainer", "agencies": ["A"]}`)
	bea := token(t, s, `{"name": "bea", "role": "maintainer", "agencies": ["A", "SDMX"]}`)
	carl := token(t, s, `{"name": "carl", "role": "reader"}`)
	flow, dsd, scheme := "/structures/dataflow/B/F/1.0", "/structures/datastructure/A/D/1.0", "/structures/agencyscheme/SDMX/AGENCIES/1.0"
	for _, row := range []struct {
		who, path string
		header    []string
		offered   []string
	}{
		{"anna", dsd, as(anna), []string{dsd + "/rename", dsd + "/delete"}},
		{"anna", dsd + "/rename", as(anna), nil},
		{"anna", flow, as(anna), nil},
		{"anna", scheme, as(anna), nil},
		{"anna", "/structures?agency=A", as(anna), nil},
		{"bea", scheme, as(bea), []string{scheme + "/delete", "/agencies/A/rename"}},
		{"bea", "/structures?agency=A", as(bea), []string{"/agencies/A/rename"}},
		{"bea", "/structures?agency=B", as(bea), nil},
		{"bea", dsd + "/rename", as(bea), []string{"/agencies/A/rename"}},
		{"bea", flow, as(bea), nil},
		{"carl", dsd, as(carl), nil},
		{"carl", "/structures?agency=A", as(carl), nil},
		{"the administrator", flow, nil, []string{flow + "/rename", flow + "/delete"}},
		{"the administrator", scheme, nil, []string{scheme + "/delete", "/agencies/A/rename", "/agencies/B/rename"}},
	} {
		status, body := call(t, s, "GET", row.path, nil, append(row.header, "Accept", "text/html")...)
		want(t, row.who+" at "+row.path, status, body, 200)
		var offered []string
		for _, found := range changeLinks.FindAllStringSubmatch(body, -1) {
			offered = append(offered, found[1])
		}
		if !slices.Equal(offered, row.offered) {
			t.Errorf("%s at %s is offered %v, want %v", row.who, row.path, offered, row.offered)
		}
	}
}

// changeLinks matches the links to the pages that rename or delete.
var changeLinks = regexp.MustCompile(`<a [^>]*href="([^"]*/(?:rename|delete))"`)
