package formats

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urncast/sdmx"
)

const interface21 = `<m:RegistryInterface xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common" xmlns:r="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/registry">` +
	`<m:Header><m:ID>a</m:ID><m:Test>false</m:Test><m:Prepared>2026-01-31T10:00:00Z</m:Prepared><m:Sender id="S"/><m:Receiver id="R"/></m:Header>`

// asking returns a RegistryInterface message with the codelists X:A(1.0) and X:B(1.0).
func asking(attributes, after string) string {
	return interface21 + `<m:SubmitStructureRequest` + attributes + `><s:Structures><s:Codelists>` +
		`<s:Codelist id="A" agencyID="X"><c:Name>a</c:Name></s:Codelist><s:Codelist id="B" agencyID="X"><c:Name>b</c:Name></s:Codelist>` +
		`</s:Codelists></s:Structures>` + after + `</m:SubmitStructureRequest></m:RegistryInterface>`
}

func submittedAs(attributes, object string) string {
	return `<r:SubmittedStructure` + attributes + `><r:MaintainableObject>` + object + `</r:MaintainableObject></r:SubmittedStructure>`
}

const refToB = `<Ref id="B" agencyID="X" version="1.0" class="Codelist" package="codelist"/>`

// A SubmitStructureRequest says what to do with each of its structures: what SubmittedStructure
// says of one comes before what the request says of all.
func TestSubmitStructureRequest(t *testing.T) {
	for name, c := range map[string]struct {
		in      string
		a, b    Action
		warning string
	}{
		"nothing said": {asking("", ""), "", "", ""},
		"of all":       {asking(` action="Replace"`, ""), ActionReplace, ActionReplace, ""},
		"of one":       {asking(` action=" Append "`, submittedAs(` action="Delete"`, refToB)), ActionAppend, ActionDelete, ""},
		"of one only":  {asking("", submittedAs(` action="Information"`, refToB)), "", ActionInformation, ""},
		"by URN":       {asking("", submittedAs(` action="Replace"`, `<URN>urn:sdmx:org.sdmx.infomodel.codelist.Codelist=X:B(1.0)</URN>`)), "", ActionReplace, ""},
		"no action":    {asking(` action="Delete"`, submittedAs(``, refToB)), ActionDelete, ActionDelete, ""},
		"twice alike":  {asking("", submittedAs(` action="Delete"`, refToB)+submittedAs(` action="Delete"`, refToB)), "", ActionDelete, ""},
		"dependencies": {asking(` externalDependencies="true"`, ""), "", "", "/RegistryInterface/SubmitStructureRequest: externalDependencies asks"},
		"of one's":     {asking("", submittedAs(` externalDependencies="1"`, refToB)), "", "", "SubmittedStructure[1]: externalDependencies asks"},
		"attribute":    {asking(` colour="red"`, ""), "", "", `SubmitStructureRequest/@colour: attribute "colour"`},
	} {
		t.Run(name, func(t *testing.T) {
			ms, sum, err := readAll(t, "f", []byte(c.in), ReadOptions{Requests: true})
			if err != nil || len(ms) != 2 || sum.Request == nil || len(sum.Request.Actions) != 2 {
				t.Fatalf("%d structures, %+v, %v", len(ms), sum.Request, err)
			}
			if a, b := sum.Request.Actions[sdmx.URNOf(ms[0])], sum.Request.Actions[sdmx.URNOf(ms[1])]; a != c.a || b != c.b {
				t.Errorf("the actions are %q and %q, want %q and %q", a, b, c.a, c.b)
			}
			said := ""
			for _, w := range sum.Warnings.First {
				said += w.String()
			}
			if !strings.Contains(said, c.warning) || (c.warning == "") != (said == "") {
				t.Errorf("said was %q, want %q", said, c.warning)
			}
		})
	}
	if _, sum, err := readAll(t, "f", []byte(head21+listA+tail21), ReadOptions{Requests: true}); err != nil || sum.Request != nil {
		t.Errorf("a Structure message asks for %+v, %v", sum.Request, err)
	}
}

// What a RegistryInterface message cannot ask for is refused, with the place.
func TestWrongRequests(t *testing.T) {
	end := `</m:RegistryInterface>`
	for name, c := range map[string]struct{ in, want string }{
		"location":        {interface21 + `<m:SubmitStructureRequest><r:StructureLocation>http://x.example.org/a.xml</r:StructureLocation></m:SubmitStructureRequest>` + end, "/SubmitStructureRequest/StructureLocation: the request names the address of its structures (StructureLocation), and this registry fetches nothing"},
		"action":          {asking(` action="Merge"`, ""), `/RegistryInterface/SubmitStructureRequest: the action "Merge" is none of SDMX 2.1`},
		"own action":      {asking("", submittedAs(` action="append"`, refToB)), `SubmittedStructure[1]: the action "append" is none`},
		"not there":       {asking("", submittedAs(` action="Delete"`, strings.Replace(refToB, `"B"`, `"C"`, 1))), "SubmittedStructure[1]: urn:sdmx:org.sdmx.infomodel.codelist.Codelist=X:C(1.0) is not among the structures"},
		"other version":   {asking("", submittedAs(` action="Delete"`, strings.Replace(refToB, `"1.0"`, `"2.0"`, 1))), "is not among the structures"},
		"an item":         {asking("", submittedAs(` action="Delete"`, `<URN>urn:sdmx:org.sdmx.infomodel.codelist.Code=X:B(1.0).a</URN>`)), "is not among the structures"},
		"two actions":     {asking("", submittedAs(` action="Delete"`, refToB)+submittedAs(` action="Append"`, refToB)), "SubmittedStructure[2]: urn:sdmx:org.sdmx.infomodel.codelist.Codelist=X:B(1.0) has a second action"},
		"no object":       {asking("", `<r:SubmittedStructure action="Delete"/>`), "must name its structure, in MaintainableObject"},
		"empty object":    {asking("", submittedAs(``, "")), "needs a Ref or a URN"},
		"wrong namespace": {strings.ReplaceAll(asking("", ""), "s:Structures>", "m:Structures>"), `element "Structures" in namespace`},
		"two requests":    {strings.Replace(asking("", ""), end, `<m:SubmitStructureRequest/>`+end, 1), "and this is a second"},
		"a response":      {interface21 + `<m:SubmitStructureResponse/>` + end, `element "SubmitStructureResponse"`},
		"nothing":         {interface21 + end, "asks for nothing"},
		"version 3.0":     {strings.ReplaceAll(asking("", ""), "/v2_1/", "/v3_0/"), "SubmitStructureRequest: this is a SubmitStructureRequest of SDMX-ML 3.0, whose structures this version does not read yet; send SDMX-ML 2.1, SDMX-JSON 2.0 or Fusion-JSON"},
		"version 2.0":     {interface20(asking("", "")), "SubmitStructureRequest: this is a SubmitStructureRequest of SDMX-ML 2.0, whose structures this version does not read yet; send SDMX-ML 2.1, SDMX-JSON 2.0 or Fusion-JSON"},
		"error in footer": {strings.Replace(asking("", ""), end, `<f:Footer `+footerSpace+`><f:Message code="1" severity="Error"><c:Text>no</c:Text></f:Message></f:Footer>`+end, 1), "the message says that it is an error"},
		"not closed":      {strings.TrimSuffix(asking("", ""), end), "ends"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := readAll(t, "f", []byte(c.in), ReadOptions{Requests: true}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	_, sum, err := readAll(t, "f", []byte(asking("", "")), ReadOptions{})
	if err == nil || !strings.Contains(err.Error(), "POST it to /sdmx/v2/structure") || sum.Structures != 0 {
		t.Errorf("where its actions cannot be kept, a request is taken: %v", err)
	}
}

// Real requests are read, and what is no request is refused for a reason.
func TestRealRequests(t *testing.T) {
	dir := filepath.Join(shared(t), "samples", "sdmx-ml-2.1-registry-and-error")
	for name, want := range map[string]sdmx.Class{
		"sdmxsource__Registration.xml": sdmx.ClassRegistration, "sdmxsource__Constraint_Sample1.xml": sdmx.ClassDataConstraint,
		"sdmxsource__Constraint_Sample2.xml": sdmx.ClassDataConstraint, "pysdmx__submission_append.xml": sdmx.ClassUnknown,
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		ms, sum, err := readAll(t, name, data, ReadOptions{Requests: true})
		if want == sdmx.ClassUnknown {
			if !refusedForAReason(err) || len(ms) > 0 {
				t.Errorf("%s, which asks for nothing, is read as %v, %v", name, ms, err)
			}
			continue
		}
		if err != nil || len(ms) != 1 || ms[0].Class() != want || sum.Request.Actions[sdmx.URNOf(ms[0])] != ActionAppend {
			t.Errorf("%s is read as %v, %+v, %v", name, ms, sum.Request, err)
		}
	}
}

// Anything unknown, anywhere in a request, is an error or a remark that names it.
func TestNothingUnknownInRequestsIsDropped(t *testing.T) {
	registration := registrationRequest("Append", ` id="R"`, agreementP+source(simpleSource+`<r:QueryableDataSource isRESTDatasource="true" isWebServiceDatasource="false"><c:DataURL>https://x.example.org/rest</c:DataURL></r:QueryableDataSource>`))
	for name, in := range map[string]string{"structures": asking(` action="Append"`, submittedAs(` action="Delete"`, refToB)), "registrations": registering(registration, strings.Replace(registration, `"R"`, `"S"`, 1)), "registrations of 2.0": registering20(registration20)} {
		was, sum, err := readAll(t, "f", []byte(in), ReadOptions{Requests: true, Agreements: agreementsOf("P")})
		if err != nil || sum.Warnings.Count > 0 {
			t.Fatalf("%s: the message itself is not understood: %v, %v", name, sum.Warnings.First, err)
		}
		all := unknownXML(t, []byte(in))
		for _, c := range all {
			ms, sum, err := readAll(t, "f", c.data, ReadOptions{Requests: true, Agreements: agreementsOf("P")})
			said := ""
			if err != nil {
				said = err.Error()
			}
			for _, w := range sum.Warnings.First {
				said += w.String()
			}
			if !strings.Contains(said, "unheard") && !strings.Contains(said, "text is not expected") || err == nil && asKept(ms) != asKept(was) {
				t.Errorf("%s: %s was dropped: %q", name, c.what, said)
			}
		}
		if len(all) < 60 {
			t.Errorf("%s: only %d changes were made", name, len(all))
		}
	}
}
