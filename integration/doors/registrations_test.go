package doors

import (
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	// agreements are the provision agreements A:P(1.0), of the dataflow A:F(1.0) and the data
	// provider A:DP, and A:M(1.0), of the metadataflow A:MF(1.0) and the provider A:OTHER.
	agreements = `{"DataProviderScheme":[{"id":"DATA_PROVIDERS","agencyId":"A","version":"1.0","items":[{"id":"DP"},{"id":"OTHER"}]}],
"Dataflow":[{"id":"F","agencyId":"A","version":"1.0","dataStructureRef":"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=A:D(1.0)"}],
"DataStructure":[{"id":"D","agencyId":"A","version":"1.0","isExternalReference":true,"structureURL":"https://x.example.org/d.xml"}],
"Metadataflow":[{"id":"MF","agencyId":"A","version":"1.0"}],
"ProvisionAgreement":[{"id":"P","agencyId":"A","version":"1.0","structureUsage":"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=A:F(1.0)","dataproviderRef":"urn:sdmx:org.sdmx.infomodel.base.DataProvider=A:DATA_PROVIDERS(1.0).DP"},
{"id":"M","agencyId":"A","version":"1.0","structureUsage":"urn:sdmx:org.sdmx.infomodel.metadatastructure.Metadataflow=A:MF(1.0)","dataproviderRef":"urn:sdmx:org.sdmx.infomodel.base.DataProvider=A:DATA_PROVIDERS(1.0).OTHER"}]}`
	urnOfR = "urn:sdmx:org.sdmx.infomodel.registry.Registration=A:"
)

func registrations(requests ...string) []byte {
	return []byte(request21 + `<m:SubmitRegistrationsRequest>` + strings.Join(requests, "") + `</m:SubmitRegistrationsRequest></m:RegistryInterface>`)
}

// registration returns a request to register the address of a file for an agreement.
func registration(action, attributes, agreement, file string) string {
	return `<r:RegistrationRequest action="` + action + `"><r:Registration` + attributes + `><r:ProvisionAgreement><Ref id="` + agreement + `" agencyID="A" version="1.0"/></r:ProvisionAgreement>` +
		`<r:Datasource><r:SimpleDataSource>https://x.example.org/` + file + `</r:SimpleDataSource></r:Datasource></r:Registration></r:RegistrationRequest>`
}

// Registrations are created, replaced, queried and deleted in transactions, as structures are.
func TestRegistrations(t *testing.T) {
	s := serve(t, nil)
	status, body := call(t, s, "POST", "/sdmx/v2/structure", []byte(agreements), "Accept", "application/json")
	want(t, "agreements", status, body, 201)
	status, body = call(t, s, "POST", "/sdmx/v2/registration", registrations(registration("Append", ` id="R1"`, "P", "1.xml"), registration("Append", "", "M", "2.xml")))
	want(t, "created", status, body, 201, "<mes:SubmitRegistrationsResponse>", `<reg:RegistrationStatus><reg:Registration id="R1">`, `https://x.example.org/1.xml`, `status="Success"`, "Recorded as transaction 2.")
	for _, path := range []string{"/sdmx/v2/structure", "/ws/secure/sdmxapi/rest"} {
		status, body = call(t, s, "POST", path, registrations(registration("Append", "", "M", "2.xml")))
		want(t, path+": the same without an id is the same", status, body, 200, "<mes:SubmitRegistrationsResponse>", `code="304"`)
	}
	of30 := strings.Replace(strings.ReplaceAll(string(registrations(registration("Append", ` id="R1"`, "P", "1.xml"))), "/v2_1/", "/v3_0/"), `<Ref id="P" agencyID="A" version="1.0"/>`, "urn:sdmx:org.sdmx.infomodel.registry.ProvisionAgreement=A:P(1.0)", 1)
	status, body = call(t, s, "POST", "/sdmx/v2/registration", []byte(of30))
	want(t, "the same in 3.0, answered in kind", status, body, 200, "schemas/v3_0/message", "<mes:SubmitRegistrationsResponse>", "<reg:ProvisionAgreement>urn:sdmx:org.sdmx.infomodel.registry.ProvisionAgreement=A:P(1.0)</reg:ProvisionAgreement>", `code="304"`)
	status, body = call(t, s, "POST", "/sdmx/v2/registration", registrations(registration("Append", ` id="R1"`, "P", "other.xml")))
	want(t, "append changes nothing", status, body, 200, `status="Warning"`, "append leaves it as it is")
	status, body = call(t, s, "POST", "/sdmx/v2/registration", registrations(registration("Replace", ` id="R1" validFrom="2026-01-01T00:00:00"`, "P", "3.xml")))
	want(t, "replaced", status, body, 200, `code="200"`, "Recorded as transaction 3.")
	status, body = call(t, s, "GET", "/api/v1/transactions/3", nil)
	want(t, "the transaction", status, body, 200, urnOfR+"R1(1.0)", `"kind":"replace"`)

	checkQueries(t, s)
	status, body = call(t, s, "GET", "/sdmx/v2/structure/registration/A/R1", nil)
	want(t, "as a structure", status, body, 200, `<mes:SubmitRegistrationsRequest><reg:RegistrationRequest action="Replace"><reg:Registration id="R1"`)
	status, again := call(t, s, "POST", "/sdmx/v2/registration", []byte(body))
	want(t, "what was answered, submitted", status, again, 200, `code="304"`)
	status, body = call(t, s, "GET", "/sdmx/v2/structure/*/A/*/*", nil)
	if want(t, "all structures", status, body, 200, `id="P"`); strings.Contains(body, "Registration") {
		t.Errorf("a query for all structures returns registrations: %s", body)
	}

	status, body = call(t, s, "POST", "/sdmx/v2/structure", []byte(strings.Replace(agreements, `"id":"P","agencyId":"A","version":"1.0"`, `"id":"P","agencyId":"A","version":"1.1.0-draft"`, 1)), "Accept", "application/json")
	want(t, "an agreement of 3.0", status, body, 207)
	draft := strings.Replace(registration("Append", ` id="R3"`, "P", "4.xml"), `version="1.0"`, `version="1.1.0-draft"`, 1)
	status, body = call(t, s, "POST", "/sdmx/v2/registration", registrations(draft))
	want(t, "a registration of it", status, body, 201)
	status, body = call(t, s, "GET", "/sdmx/v2/registration/provider/A/DP", nil)
	if want(t, "what 2.1 cannot say", status, body, 200, `<reg:StatusMessage status="Warning">`, "R3(1.0) cannot be written as sdmx-ml-2.1", `id="R1"`); strings.Contains(body, `id="R3"`) {
		t.Errorf("it is still there: %s", body)
	}
	status, body = call(t, s, "POST", "/sdmx/v2/registration", registrations(strings.Replace(draft, "Append", "Delete", 1)))
	want(t, "and away", status, body, 200)

	status, body = call(t, s, "POST", "/api/v1/structures/rename", []byte(`{"urn":"urn:sdmx:org.sdmx.infomodel.registry.ProvisionAgreement=A:P(1.0)","newId":"P2","dryRun":true}`))
	want(t, "an agreement renamed takes it along", status, body, 200, urnOfR+"R1(1.0)")
	status, body = call(t, s, "POST", "/api/v1/structures/rename", []byte(`{"agency":"A","newAgency":"B","dryRun":true}`))
	want(t, "an agency too", status, body, 200, strings.Replace(urnOfR, "A:", "B:", 1)+"R1(1.0)")
	status, body = call(t, s, "DELETE", "/sdmx/v2/structure/provisionagreement/A/P/1.0", nil)
	want(t, "an agreement in use", status, body, 409, urnOfR+"R1(1.0) refers to it")
	status, body = call(t, s, "POST", "/sdmx/v2/structure?action=full-replace", []byte(agreements), "Accept", "application/json")
	want(t, "a full replace leaves them", status, body, 200, `"counts":{"deleted":1,"unchanged":6}`) // the draft agreement
	status, body = call(t, s, "POST", "/sdmx/v2/registration", registrations(registration("Delete", ` id="R1"`, "P", "3.xml")))
	want(t, "deleted", status, body, 200, "Deleted.", "Recorded as transaction 8.")
	status, body = call(t, s, "GET", "/sdmx/v2/registration/id/R1", nil)
	want(t, "gone", status, body, 404, "No registration matches")
	status, body = call(t, s, "DELETE", "/sdmx/v2/structure/provisionagreement/A/P/1.0", nil)
	want(t, "an agreement out of use", status, body, 200)
	status, body = call(t, s, "POST", "/sdmx/v2/structure", packed(t, map[string][]byte{"a.json": []byte(agreements), "b.xml": registrations(registration("Append", ` id="R9"`, "P", "9.xml"))}))
	want(t, "both in one archive", status, body, 207, "<mes:SubmitStructureResponse>", "Recorded as transaction 10.", urnOfR+"R9(1.0)")
	status, body = call(t, s, "GET", "/api/v1/transactions/10/structures", nil)
	want(t, "its structures", status, body, 200, `<mes:Structure `, `id="P"`, urnOfR+"R9(1.0): left out, for it stands in a message of another kind")
}

// checkQueries queries the registrations R1, of A:P(1.0), and one of A:M(1.0).
func checkQueries(t *testing.T, s *httptest.Server) {
	t.Helper()
	for path, c := range map[string][2]string{ // a text that the answer has, and one that it has not
		"id/R1":                    {`<reg:DataResult><reg:Registration id="R1" validFrom="2026-01-01T00:00:00">`, "2.xml"},
		"provider/A/DP":            {"3.xml", "2.xml"},
		"provider/A/OTHER,NOBODY":  {"<reg:MetadataResult>", "3.xml"},
		"provider/*/*":             {"3.xml", "1.xml"},
		"provisionagreement/A/P/~": {"3.xml", "2.xml"},
		"dataflow/A/F/1.0":         {"3.xml", "2.xml"},
		"datastructure/A/D/*":      {"3.xml", "2.xml"},
		"*/*/*/*":                  {"2.xml", "1.xml"},
		"provisionagreement/*/*/*": {"2.xml", "1.xml"},
	} {
		status, body := call(t, s, "GET", "/sdmx/v2/registration/"+path, nil)
		if want(t, path, status, body, 200, `<mes:QueryRegistrationResponse><reg:StatusMessage status="Success">`, c[0]); strings.Contains(body, c[1]) {
			t.Errorf("%s finds too much: %s", path, body)
		}
	}
}

// An invalid registration, or one that may not be kept, changes nothing.
func TestWrongRegistrations(t *testing.T) {
	s := serve(t, nil)
	status, body := call(t, s, "POST", "/sdmx/v2/structure", []byte(agreements), "Accept", "application/json")
	want(t, "agreements", status, body, 201)
	for name, c := range map[string]struct {
		in     []byte
		status int
		want   string
	}{
		"unknown agreement": {registrations(registration("Append", "", "NONE", "1.xml")), 409, "ProvisionAgreement=A:NONE(1.0), which is not in the registry"},
		"one of two":        {registrations(registration("Append", ` id="R1"`, "P", "1.xml"), registration("Append", ` id="R2"`, "NONE", "1.xml")), 409, `status="Failure"`},
		"it ends too early": {registrations(registration("Append", ` validFrom="2026-02-01T00:00:00" validTo="2026-01-01T00:00:00"`, "P", "1.xml")), 422, "before it begins"},
		"no address":        {[]byte(strings.ReplaceAll(string(registrations(registration("Append", "", "P", "1.xml"))), "https://x.example.org/", "")), 422, "is no address of data"},
		"no source":         {registrations(`<r:RegistrationRequest action="Append"><r:Registration><r:ProvisionAgreement><Ref id="P" agencyID="A"/></r:ProvisionAgreement></r:Registration></r:RegistrationRequest>`), 422, "does not say where its data is"},
		"no agreement":      {registrations(`<r:RegistrationRequest action="Append"><r:Registration id="R"/></r:RegistrationRequest>`), 400, "must name its provision agreement"},
		"not there":         {registrations(registration("Delete", ` id="R1"`, "P", "1.xml")), 404, "so it cannot be deleted"},
		"unknown action":    {registrations(registration("Merge", "", "P", "1.xml")), 400, "is none of SDMX 2.1"},
		"nothing":           {registrations(), 400, "holds no structures"},
		"structures":        {submitRequest("", codelist21("L", "1.0", "")), 400, "was sent to the place of a Registration"},
		"a plain message":   {[]byte(message21 + codelists + codelist21("L", "1.0", "") + end21), 400, "was sent to the place of a Registration"},
	} {
		status, body := call(t, s, "POST", "/sdmx/v2/registration", c.in)
		want(t, name, status, body, c.status, c.want)
	}
	status, body = call(t, s, "GET", "/api/v1/transactions?after=1", nil)
	want(t, "the log", status, body, 200, `"transactions":[]`)
	for path, c := range map[string]struct {
		status int
		want   string
	}{
		"id/R1":                       {404, "No registration matches"},
		"codelist/A/L/1.0":            {404, "the context is provisionagreement, dataflow, datastructure"},
		"dataflow/A/F/1.x":            {400, ""},
		"id/R1?updatedAfter=2026":     {501, "updatedAfter is not served here"},
		"provider/A/NOBODY":           {404, "No registration matches"},
		"provisionagreement/A/NONE/~": {404, "No registration matches"},
	} {
		status, body := call(t, s, "GET", "/sdmx/v2/registration/"+path, nil)
		want(t, path, status, body, c.status, c.want)
	}
	status, body = call(t, s, "GET", "/sdmx/v2/registration/id/R1", nil, "Accept", "application/json")
	want(t, "JSON", status, body, 406, "SDMX-JSON has no registrations")
}
