package formats

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urncast/sdmx"
)

// interface20 gives a message of SDMX-ML 2.1 the namespaces of 2.0.
func interface20(message string) string {
	return strings.ReplaceAll(message, "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/", "http://www.SDMX.org/resources/SDMXML/schemas/v2_0/")
}

// registering20 returns a SubmitRegistrationRequest of SDMX-ML 2.0.
func registering20(registrations ...string) string {
	return interface20(interface21) + `<m:SubmitRegistrationRequest>` + strings.Join(registrations, "") + `</m:SubmitRegistrationRequest></m:RegistryInterface>`
}

const (
	urnP        = "urn:sdmx:org.sdmx.infomodel.registry.ProvisionAgreement=X:P(1.0)"
	agreement20 = `<r:ProvisionAgreementRef><r:OrganisationSchemeAgencyID>O</r:OrganisationSchemeAgencyID><r:OrganisationSchemeID>DATA_PROVIDERS</r:OrganisationSchemeID>` +
		`<r:DataProviderID>DP</r:DataProviderID><r:DataflowAgencyID>X</r:DataflowAgencyID><r:DataflowID>F</r:DataflowID><r:DataflowVersion>1.0</r:DataflowVersion></r:ProvisionAgreementRef>`
	registration20 = `<r:Registration><r:LastUpdated>2026-01-31T10:00:00Z</r:LastUpdated><r:ValidFrom> 2026-01-01T00:00:00 </r:ValidFrom><r:ValidTo>2026-12-31T00:00:00Z</r:ValidTo><r:Action>Replace</r:Action>` +
		`<r:Datasource><r:SimpleDatasource>https://x.example.org/a.xml</r:SimpleDatasource><r:QueryableDatasource isRESTDatasource="true" isWebServiceDatasource="false"><r:DataUrl>https://x.example.org/rest</r:DataUrl><r:WSDLUrl>https://x.example.org/wsdl</r:WSDLUrl></r:QueryableDatasource></r:Datasource>` +
		agreement20 + `</r:Registration>`
)

// byURN returns registration20 with its agreement named by a URN, and perhaps by what follows.
func byURN(urn, more string) string {
	return strings.Replace(registration20, agreement20, `<r:ProvisionAgreementRef><r:URN>`+urn+`</r:URN>`+more+`</r:ProvisionAgreementRef>`, 1)
}

// parts20 is what agreement20 has in it.
var parts20 = strings.TrimSuffix(strings.TrimPrefix(agreement20, "<r:ProvisionAgreementRef>"), "</r:ProvisionAgreementRef>")

// agreementsOf returns ReadOptions.Agreements of a registry that has agreements of agency X with
// some ids, all of the provider DP of agency O and the flow X:F(1.0).
func agreementsOf(ids ...string) func(AgreementParts) ([]sdmx.Ref, error) {
	return func(in AgreementParts) (out []sdmx.Ref, err error) {
		if in == (AgreementParts{"O", "DP", "X", "F", "1.0"}) || in == (AgreementParts{"O", "DP", "X", "F", ""}) {
			for _, id := range ids {
				out = append(out, sdmx.RefTo(sdmx.URN{Class: sdmx.ClassProvisionAgreement, Agency: "X", ID: id, Version: "1.0"}))
			}
		}
		return out, nil
	}
}

// A registration of SDMX-ML 2.0 is read as the same of 2.1 is, whether its agreement is named by its
// URN or by provider and flow.
func TestSubmitRegistrationRequest20(t *testing.T) {
	same := registrationRequest("Replace", ` validFrom="2026-01-01T00:00:00" validTo="2026-12-31T00:00:00Z" lastUpdated="2026-01-31T10:00:00Z"`,
		agreementP+source(simpleSource+`<r:QueryableDataSource isRESTDatasource="true" isWebServiceDatasource="false"><c:DataURL>https://x.example.org/rest</c:DataURL><c:WSDLURL>https://x.example.org/wsdl</c:WSDLURL></r:QueryableDataSource>`))
	want, _, err := readAll(t, "f", []byte(registering(same)), ReadOptions{Requests: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ in, remark string }{
		"by its parts":   {registration20, ""},
		"by its URN":     {byURN(" "+urnP+"\n", ""), ""},
		"by both":        {byURN(urnP, parts20), ""},
		"with brackets":  {byURN(strings.ReplaceAll(strings.ReplaceAll(urnP, "(", "["), ")", "]"), ""), ""},
		"no version":     {strings.Replace(registration20, "<r:DataflowVersion>1.0</r:DataflowVersion>", "", 1), ""},
		"an old URN":     {byURN("urn:sdmx:org.sdmx.infomodel.registry.DataflowAgreementRef=O:DATA_PROVIDERS.DP.X:F", parts20), "for it is none of SDMX"},
		"another scheme": {strings.Replace(registration20, "DATA_PROVIDERS", "ORGS", 1), "OrganisationSchemeID and DataProviderVersion were left out"},
		"a constraint":   {strings.Replace(registration20, "</r:ProvisionAgreementRef>", `<r:Constraint ConstraintType="Content"><c:ConstraintID>C</c:ConstraintID></r:Constraint></r:ProvisionAgreementRef>`, 1), "Constraint is not kept here"},
	} {
		ms, sum, err := readAll(t, "f", []byte(registering20(c.in)), ReadOptions{Requests: true, Agreements: agreementsOf("P")})
		if err != nil || len(ms) != 1 || sum.Request.Version != Version20 || asKept(ms) != asKept(want) || sum.Request.Actions[sdmx.URNOf(ms[0])] != ActionReplace {
			t.Errorf("%s: read as %v, %+v, %v", name, ms, sum.Request, err)
			continue
		}
		said := ""
		for _, w := range sum.Warnings.First {
			said += w.String()
		}
		if !strings.Contains(said, c.remark) || (c.remark == "") != (said == "") {
			t.Errorf("%s: said was %q", name, said)
		}
	}
	if os.Getenv("URNCAST_SHARED") != "" {
		validateAs(t, "2.0", []byte(registering20(strings.ReplaceAll(registration20, "> 2026-01-01T00:00:00 <", ">2026-01-01T00:00:00<"))))
	}
}

// A registration whose agreement is not there, or which may be of several, is passed on with the
// reason, and those of two such are two.
func TestUnresolvedRegistrations20(t *testing.T) {
	other := strings.Replace(registration20, "<r:DataflowID>F<", "<r:DataflowID>G<", 1)
	for want, ids := range map[string][]string{
		"There is no provision agreement of the provider DP of agency O and the flow X:F(1.0) in the registry.":                       nil,
		"There are 2 provision agreements of the provider DP of agency O and the flow X:F(1.0), among them " + urnP + " and urn:sdmx": {"P", "Q"},
	} {
		ms, sum, err := readAll(t, "f", []byte(registering20(registration20, other)), ReadOptions{Requests: true, Agreements: agreementsOf(ids...)})
		if err != nil || len(ms) != 2 || len(sum.Request.Actions) != 2 {
			t.Fatalf("%v, %+v, %v", ms, sum.Request, err)
		}
		if u, ok := ms[0].(*Unresolved); !ok || !strings.HasPrefix(u.Why, want) || !u.Agreement.IsZero() || u.Agency != "X" {
			t.Errorf("got %+v", ms[0])
		}
	}
	failure := errors.New("no database")
	if _, _, err := readAll(t, "f", []byte(registering20(registration20)), ReadOptions{Requests: true, Agreements: func(AgreementParts) ([]sdmx.Ref, error) { return nil, failure }}); !errors.Is(err, failure) {
		t.Errorf("a failure of the registry is %v", err)
	}
}

// What is no registration of SDMX-ML 2.0 is refused, with the place.
func TestWrongRegistrations20(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"a dataflow":        {registering20(strings.Replace(registration20, agreement20, `<r:DataflowRef><r:AgencyID>X</r:AgencyID><r:DataflowID>F</r:DataflowID></r:DataflowRef>`, 1)), "SubmitRegistrationRequest/Registration[1]: the registration is for a flow (DataflowRef)"},
		"no agreement":      {registering20(strings.Replace(registration20, agreement20, "", 1)), "must name its provision agreement (ProvisionAgreementRef)"},
		"half of it":        {registering20(strings.Replace(registration20, `<r:DataProviderID>DP</r:DataProviderID>`, "", 1)), "this one has not all of them"},
		"no URN":            {registering20(byURN("X:P", "")), `the provision agreement is not named: "X:P" is no SDMX URN`},
		"two agreements":    {registering20(byURN(strings.Replace(urnP, "P(", "Q(", 1), parts20)), "contradicts the rest"},
		"no action":         {registering20(strings.Replace(registration20, "<r:Action>Replace</r:Action>", "", 1)), `the Action "" of the registration is none of SDMX 2.0`},
		"unknown action":    {registering20(strings.Replace(registration20, ">Replace<", ">Merge<", 1)), `the Action "Merge" of the registration is none`},
		"two actions":       {registering20(registration20, strings.Replace(registration20, ">Replace<", ">Delete<", 1)), "Registration[2]: urn:sdmx:org.sdmx.infomodel.registry.Registration=X:"},
		"as in 2.1":         {interface20(registering(registrationRequest("Append", "", agreementP))), `element "SubmitRegistrationsRequest" in namespace "http://www.SDMX.org/resources/SDMXML/schemas/v2_0/message" is not expected`},
		"in 2.1":            {strings.Replace(strings.Replace(registering(), "SubmitRegistrationsRequest>", "SubmitRegistrationRequest>", 1), "/m:SubmitRegistrationsRequest", "/m:SubmitRegistrationRequest", 1), `element "SubmitRegistrationRequest"`},
		"2.1 inside of 2.0": {strings.Replace(registering20(registration20), "http://www.SDMX.org/resources/SDMXML/schemas/v2_0/registry", "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/registry", 1), "v2_1/registry (in a message of another version)"},
		"nothing":           {interface20(interface21) + `</m:RegistryInterface>`, "a SubmitRegistrationRequest is expected"},
		"a query":           {interface20(interface21) + `<m:QueryRegistrationRequest/></m:RegistryInterface>`, `element "QueryRegistrationRequest"`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := readAll(t, "f", []byte(c.in), ReadOptions{Requests: true, Agreements: agreementsOf("P")}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, _, err := readAll(t, "f", []byte(registering20(registration20)), ReadOptions{}); err == nil || !strings.Contains(err.Error(), "does not read yet") {
		t.Errorf("where its actions cannot be kept, a request is taken: %v", err)
	}
}

// The headers of real messages of SDMX-ML 2.0 are read, and only an action in one is remarked on.
func TestHeader20(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(shared(t), "samples", "sdmx-ml-2.0-registry-and-error", "sdmxdotnet__NotifyRegistryEvent.xml"))
	if err != nil {
		t.Fatal(err)
	}
	_, header, _ := strings.Cut(string(data), "<Header>")
	header, _, _ = strings.Cut(header, "</Header>")
	in := registering20(registration20)
	from, to := strings.Index(in, "<m:Header>"), strings.Index(in, "</m:Header>")+len("</m:Header>")
	in = in[:from] + `<Header xmlns="http://www.SDMX.org/resources/SDMXML/schemas/v2_0/message">` + header + `</Header>` + in[to:]
	ms, sum, err := readAll(t, "f", []byte(in), ReadOptions{Requests: true, Agreements: agreementsOf("P")})
	if err != nil || len(ms) != 1 || sum.Warnings.Count != 2 {
		t.Fatalf("%v, %v, %v", ms, sum.Warnings, err)
	}
	for i, want := range []string{"it is a test", "the DataSetAction \"Append\" of the header was left out"} {
		if !strings.Contains(sum.Warnings.First[0].Text+sum.Warnings.First[1].Text, want) {
			t.Errorf("remark %d is not there: %v", i, sum.Warnings.First)
		}
	}
}
