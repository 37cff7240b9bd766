package doors

import (
	"strings"
	"testing"
)

// registrations20 returns a SubmitRegistrationRequest of SDMX-ML 2.0, with registrations.
func registrations20(registrations ...string) []byte {
	return []byte(`<m:RegistryInterface xmlns:m="http://www.SDMX.org/resources/SDMXML/schemas/v2_0/message" xmlns:r="http://www.SDMX.org/resources/SDMXML/schemas/v2_0/registry">` +
		`<m:Header><m:ID>a</m:ID><m:Test>false</m:Test><m:Prepared>2026-01-31T10:00:00Z</m:Prepared><m:Sender id="S"/></m:Header>` +
		`<m:SubmitRegistrationRequest>` + strings.Join(registrations, "") + `</m:SubmitRegistrationRequest></m:RegistryInterface>`)
}

// registration20 returns a registration of the address of a file, for the agreement of the data
// provider A:DP and a dataflow.
func registration20(action, flow, file string) string {
	return `<r:Registration><r:Action>` + action + `</r:Action><r:Datasource><r:SimpleDatasource>https://x.example.org/` + file + `</r:SimpleDatasource></r:Datasource>` +
		`<r:ProvisionAgreementRef><r:OrganisationSchemeAgencyID>A</r:OrganisationSchemeAgencyID><r:OrganisationSchemeID>DATA_PROVIDERS</r:OrganisationSchemeID><r:DataProviderID>DP</r:DataProviderID>` +
		`<r:DataflowAgencyID>A</r:DataflowAgencyID><r:DataflowID>` + flow + `</r:DataflowID></r:ProvisionAgreementRef></r:Registration>`
}

// A SubmitRegistrationRequest of SDMX-ML 2.0 is taken where those of 2.1 are, means the same
// registration, and is answered in kind.
func TestRegistrations20(t *testing.T) {
	s := serve(t, nil)
	status, body := call(t, s, "POST", "/sdmx/v2/structure", []byte(agreements), "Accept", "application/json")
	want(t, "agreements", status, body, 201)
	status, body = call(t, s, "POST", "/sdmx/v2/registration", registrations20(registration20("Append", "F", "1.xml"), registration20("Append", "F", "2.xml")))
	want(t, "created", status, body, 201, `xmlns:mes="http://www.SDMX.org/resources/SDMXML/schemas/v2_0/message"`, "<mes:SubmitRegistrationResponse>", `<reg:RegistrationStatus><reg:StatusMessage status="Success"><reg:MessageText xml:lang="en">Created. (`,
		"The registration is "+urnOfR, `</reg:StatusMessage><reg:Datasource><reg:SimpleDatasource>https://x.example.org/2.xml</reg:SimpleDatasource></reg:Datasource><reg:ProvisionAgreementRef><reg:URN>urn:sdmx:org.sdmx.infomodel.registry.ProvisionAgreement=A:P(1.0)</reg:URN>`)
	for _, path := range []string{"/sdmx/v2/structure", "/ws/secure/sdmxapi/rest"} {
		status, body = call(t, s, "POST", path, registrations(registration("Append", "", "P", "1.xml")))
		want(t, path+": the same in 2.1", status, body, 200, "<mes:SubmitRegistrationsResponse>", `code="304"`)
		status, body = call(t, s, "POST", path, registrations20(registration20("Append", "F", "1.xml")))
		want(t, path+": the same in 2.0", status, body, 200, "<mes:SubmitRegistrationResponse>", "The same is in the registry already.")
	}
	status, body = call(t, s, "POST", "/sdmx/v2/registration", registrations20(registration20("Append", "F", "3.xml"), registration20("Append", "G", "4.xml"), registration20("Delete", "H", "4.xml")))
	want(t, "two unknown agreements", status, body, 409, "<mes:SubmitRegistrationResponse>", `status="Warning"`, `status="Failure"`,
		"There is no provision agreement of the provider DP of agency A and the flow A:G in the registry.", "the flow A:H in the registry.")
	if strings.Contains(body, "names none") || strings.Contains(body, "cannot be deleted") || strings.Count(body, `status="Failure"`) != 2 {
		t.Errorf("more is said than the reason: %s", body)
	}
	status, body = call(t, s, "POST", "/sdmx/v2/registration", registrations20(strings.Replace(registration20("Append", "F", "3.xml"), `Datasource>`, `Datasource><!-- -->`, 1), strings.ReplaceAll(registration20("Append", "F", ""), "https://x.example.org/", "nowhere")))
	want(t, "a rule", status, body, 422, "is no address of data")
	status, body = call(t, s, "POST", "/sdmx/v2/structure", []byte(strings.Replace(agreements, `"id":"P","agencyId":"A"`, `"id":"P2","agencyId":"A"`, 1)), "Accept", "application/json")
	want(t, "a second agreement of the same", status, body, 207)
	status, body = call(t, s, "POST", "/sdmx/v2/registration", registrations20(registration20("Replace", "F", "1.xml")))
	want(t, "which of the two", status, body, 409, "There are 2 provision agreements", "ProvisionAgreement=A:P(1.0)", "ProvisionAgreement=A:P2(1.0)", "Name one of them by its URN")
	byURN := func(in string) string {
		from, to := strings.Index(in, "<r:OrganisationSchemeAgencyID>"), strings.Index(in, "</r:ProvisionAgreementRef>")
		return in[:from] + "<r:URN>urn:sdmx:org.sdmx.infomodel.registry.ProvisionAgreement=A:P(1.0)</r:URN>" + in[to:]
	}
	status, body = call(t, s, "POST", "/sdmx/v2/registration", registrations20(byURN(registration20("Delete", "F", "1.xml"))))
	want(t, "deleted", status, body, 200, "<mes:SubmitRegistrationResponse>", "Deleted.")
	status, body = call(t, s, "POST", "/sdmx/v2/structure", packed(t, map[string][]byte{"a.xml": registrations20(byURN(registration20("Append", "F", "5.xml"))), "b.xml": registrations(registration("Append", "", "P", "6.xml"))}))
	want(t, "2.0 and 2.1 in one archive", status, body, 201, "schemas/v2_1/message", "<mes:SubmitRegistrationsResponse>")
	for version, in := range map[string]string{
		"2.0": strings.ReplaceAll(string(submitRequest("", codelist21("L", "1.0", ""))), "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/", "http://www.SDMX.org/resources/SDMXML/schemas/v2_0/"),
		"3.0": strings.ReplaceAll(string(submitRequest("", codelist21("L", "1.0", ""))), "/v2_1/", "/v3_0/"),
	} {
		for _, path := range []string{"/sdmx/v2/structure", "/ws/secure/sdmxapi/rest", "/sdmx/v2/registration"} {
			status, body = call(t, s, "POST", path, []byte(in))
			want(t, path+": structures of "+version, status, body, 400, "this is a SubmitStructureRequest of SDMX-ML "+version+", whose structures this version does not read yet; send SDMX-ML 2.1, SDMX-JSON 2.0 or Fusion-JSON")
		}
	}
}
