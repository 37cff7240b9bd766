package formats

import (
	"bytes"
	"strings"
	"testing"

	"urncast/sdmx"
	"urncast/sdmx/sdmxtest"
)

// registering returns a SubmitRegistrationsRequest with requests.
func registering(requests ...string) string {
	return interface21 + `<m:SubmitRegistrationsRequest>` + strings.Join(requests, "") + `</m:SubmitRegistrationsRequest></m:RegistryInterface>`
}

const (
	agreementP   = `<r:ProvisionAgreement><Ref id="P" agencyID="X" version="1.0"/></r:ProvisionAgreement>`
	simpleSource = `<r:SimpleDataSource>https://x.example.org/a.xml</r:SimpleDataSource>`
)

func registrationRequest(action, attributes, content string) string {
	return `<r:RegistrationRequest action="` + action + `"><r:Registration` + attributes + `>` + content + `</r:Registration></r:RegistrationRequest>`
}

func source(content string) string { return `<r:Datasource>` + content + `</r:Datasource>` }

// A registration is read from a SubmitRegistrationsRequest, with agency and version from its
// agreement, and written as one that reads the same.
func TestSubmitRegistrationsRequest(t *testing.T) {
	full := registrationRequest("Replace", ` id="R1" validFrom="2026-01-01T00:00:00" validTo="2026-12-31T00:00:00Z" lastUpdated="2026-01-31T10:00:00.8+01:00" indexTimeSeries="true" indexDataSet="1" indexAttributes="true" indexReportingPeriod="false"`,
		agreementP+source(simpleSource+`<r:QueryableDataSource TYPE="QUERY" isRESTDatasource="true" isWebServiceDatasource="false"><c:DataURL>https://x.example.org/rest</c:DataURL><c:WSDLURL>https://x.example.org/wsdl</c:WSDLURL><c:WADLURL>https://x.example.org/wadl</c:WADLURL></r:QueryableDataSource>`))
	bare := registrationRequest("Append", "", agreementP+source(simpleSource))
	ms, sum, err := readAll(t, "f", []byte(registering(full, bare, registrationRequest("Append", "", source(simpleSource)+agreementP))), ReadOptions{Requests: true})
	if err != nil || len(ms) != 3 || sum.Warnings.Count > 0 {
		t.Fatalf("%d registrations, %v, %v", len(ms), sum.Warnings.First, err)
	}
	want := &sdmx.Registration{Agreement: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassProvisionAgreement, Agency: "X", ID: "P", Version: "1.0"}),
		Simple: "https://x.example.org/a.xml", Queryable: &sdmx.QueryableSource{URL: "https://x.example.org/rest", WSDL: "https://x.example.org/wsdl", WADL: "https://x.example.org/wadl", REST: true},
		LastUpdated: "2026-01-31T10:00:00.8+01:00", IndexTimeSeries: true, IndexDataSet: true, IndexAttributes: true}
	want.ID, want.Agency, want.Version, want.ValidFrom, want.ValidTo = "R1", "X", "1.0", "2026-01-01T00:00:00", "2026-12-31T00:00:00Z"
	if got := sdmx.AppendCanonical(nil, ms[0]); !bytes.Equal(got, sdmx.AppendCanonical(nil, want)) {
		t.Errorf("it is read as %+v", ms[0])
	}
	if urn := sdmx.URNOf(ms[0]).String(); urn != "urn:sdmx:org.sdmx.infomodel.registry.Registration=X:R1(1.0)" || sum.Request.Actions[sdmx.URNOf(ms[0])] != ActionReplace {
		t.Errorf("it is %s, with the action %q", urn, sum.Request.Actions[sdmx.URNOf(ms[0])])
	}
	if a, b := ms[1].Common().ID, ms[2].Common().ID; a == "" || a != b || sdmx.CheckID(a) != nil {
		t.Errorf("without an id, the same registration gets the ids %q and %q", a, b)
	}
	for _, m := range ms {
		b, err := AppendMessage(nil, SDMXML21, header, m)
		if err != nil || len(Losses(SDMXML21, m)) > 0 {
			t.Fatalf("%v, %v", Losses(SDMXML21, m), err)
		}
		back, sum, err := readAll(t, "f", b, ReadOptions{Requests: true})
		if err != nil || len(back) != 1 || sum.Warnings.Count > 0 || asKept(back) != asKept([]sdmx.Maintainable{m}) || sum.Request.Actions[sdmx.URNOf(m)] != ActionReplace {
			t.Errorf("it is written as\n%s\nand read back as %+v: %v, %v", b, back, sum.Warnings.First, err)
		}
		var written bytes.Buffer
		w := NewWriter(&written, SDMXML21, header)
		if err := w.Write(m); err != nil || w.Write(&sdmx.Codelist{}) == nil || w.Close() != nil || !bytes.Equal(written.Bytes(), b) {
			t.Errorf("the writer writes %s, %v", written.Bytes(), err)
		}
		for _, f := range []*Format{FusionJSON, SDMXJSON20} {
			if _, fatal := LossRemarks(f, m); !fatal {
				t.Errorf("%s is said to have registrations", f.Name)
			}
		}
	}
	if got := SDMXML21.Media(sdmx.ClassRegistration); got != MediaRegistry || SDMXML21.Media(sdmx.ClassCodelist) != SDMXML21.MediaType {
		t.Errorf("the media type is %s", got)
	}
}

// A request of SDMX-ML 3.0 is read like one of 2.1; its references are URNs.
func TestSubmitRegistrationsRequest30(t *testing.T) {
	const urn = "urn:sdmx:org.sdmx.infomodel.registry.ProvisionAgreement=X:P(1.0.0-draft)"
	in := strings.ReplaceAll(registering(registrationRequest("Replace", ` id="R1" validFrom="2026-01-01T00:00:00Z"`, `<r:ProvisionAgreement> `+urn+"\n"+`</r:ProvisionAgreement>`+source(simpleSource+`<r:QueryableDataSource isRESTDatasource="true" isWebServiceDatasource="false"><c:DataURL>https://x.example.org/rest</c:DataURL></r:QueryableDataSource>`))), "/v2_1/", "/v3_0/")
	ms, sum, err := readAll(t, "f", []byte(in), ReadOptions{Requests: true})
	if err != nil || len(ms) != 1 || sum.Warnings.Count > 0 || sum.Request.Version != Version30 {
		t.Fatalf("%d registrations, %v, %v", len(ms), sum.Warnings.First, err)
	}
	r := ms[0].(*sdmx.Registration)
	if r.Agreement.String() != urn || r.Agency != "X" || r.Queryable.URL != "https://x.example.org/rest" || r.Simple == "" {
		t.Errorf("it is read as %+v", r)
	}
	if got := string(AppendRegistration(nil, r, Version30)); !strings.Contains(got, "<reg:ProvisionAgreement>"+urn+"</reg:ProvisionAgreement>") {
		t.Errorf("it is written as %s", got)
	}
	for name, c := range map[string][2]string{
		"a Ref":             {strings.Replace(in, " "+urn+"\n", `<Ref id="P" agencyID="X" version="1.0"/>`, 1), `"Ref"`},
		"no URN":            {strings.Replace(in, urn, "X:P(1.0.0)", 1), "X:P(1.0.0)"},
		"2.1 inside 3.0":    {strings.Replace(in, `schemas/v3_0/registry`, `schemas/v2_1/registry`, 1), "is not expected"},
		"not where it acts": {in, "which this version does not read yet"},
	} {
		if _, _, err := readAll(t, "f", []byte(c[0]), ReadOptions{Requests: name != "not where it acts"}); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: got %v, want %q", name, err, c[1])
		}
	}
	if _, _, err := readAll(t, "f", []byte(strings.ReplaceAll(head21+listA+tail21, "/v2_1/", "/v3_0/")), ReadOptions{Requests: true}); err == nil || !strings.Contains(err.Error(), "does not read yet") {
		t.Errorf("a Structure message of 3.0: %v", err)
	}
}

// What is no registration is refused, with the place.
func TestWrongRegistrations(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"no agreement":    {registering(registrationRequest("Append", "", source(simpleSource))), "RegistrationRequest[1]/Registration: a registration must name its provision agreement"},
		"no action":       {strings.Replace(registering(registrationRequest("Append", "", agreementP+source(simpleSource))), ` action="Append"`, "", 1), "RegistrationRequest[1]: the RegistrationRequest has no action"},
		"unknown action":  {registering(registrationRequest("Merge", "", agreementP)), `the action "Merge" is none`},
		"a dataflow":      {registering(registrationRequest("Append", "", `<r:Dataflow><Ref id="F" agencyID="X"/></r:Dataflow>`)), `element "Dataflow"`},
		"two sources":     {registering(registrationRequest("Append", "", agreementP+source(simpleSource+simpleSource))), "more than once"},
		"an id":           {registering(registrationRequest("Append", ` id="a b"`, agreementP+source(simpleSource))), "may not stand in an id"},
		"empty request":   {registering(`<r:RegistrationRequest action="Append"/>`), "and this one has none"},
		"two in one":      {strings.Replace(registering(registrationRequest("Append", ` id="A"`, agreementP)), `</r:RegistrationRequest>`, `<r:Registration id="B">`+agreementP+`</r:Registration></r:RegistrationRequest>`, 1), "which has one Registration"},
		"two actions":     {registering(registrationRequest("Append", ` id="A"`, agreementP), registrationRequest("Delete", ` id="A"`, agreementP)), "RegistrationRequest[2]: urn:sdmx:org.sdmx.infomodel.registry.Registration=X:A(1.0) is in the message twice, to Append and to Delete it"},
		"other element":   {registering(`<r:Registration/>`), "which has RegistrationRequest"},
		"in a structures": {head21 + `<s:Codelists><s:Registration id="A"/></s:Codelists>` + tail21, "is no structure of SDMX 2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := readAll(t, "f", []byte(c.in), ReadOptions{Requests: true}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, sum, err := readAll(t, "f", []byte(registering()), ReadOptions{Requests: true}); err != nil || sum.Empty("") == nil {
		t.Errorf("a request without registrations: %v, %+v", err, sum)
	}
}

// What is written of registrations is valid by the official schema.
func TestWrittenRegistrationsAreValid(t *testing.T) {
	shared(t)
	for seed := range 4 {
		var message bytes.Buffer
		w := NewWriter(&message, SDMXML21, header)
		m := sdmxtest.For(&sdmx.Registration{}, seed, SDMXML21.Name)
		if err := w.Write(m); err != nil {
			t.Fatal(err)
		}
		w.Note(Remarks{}, Remarks{First: []Remark{{Text: "lost"}}, Count: 1})
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		validate(t, message.Bytes())
	}
}
