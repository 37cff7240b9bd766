package formats

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// xml21 returns a message with structures in a container; a %s in them stays as it is.
func xml21(container, structure string) string {
	return head21 + "<s:" + container + ">" + structure + "</s:" + container + "></m:Structures></m:Structure>"
}

func concept21(id string) string {
	return `<s:ConceptIdentity><Ref id="` + id + `" maintainableParentID="CS" agencyID="T" class="Concept" package="conceptscheme"/></s:ConceptIdentity>`
}

// dsd21 returns a data structure of one dimension with attributes.
func dsd21(attributes string) string {
	return xml21("DataStructures", `<s:DataStructure id="D" agencyID="T"><s:DataStructureComponents><s:DimensionList><s:Dimension id="FREQ">`+concept21("FREQ")+
		`</s:Dimension></s:DimensionList><s:AttributeList>`+attributes+`</s:AttributeList><s:MeasureList><s:PrimaryMeasure id="OBS_VALUE">`+concept21("OBS_VALUE")+
		`</s:PrimaryMeasure></s:MeasureList></s:DataStructureComponents></s:DataStructure>`)
}

func attribute21(status, relationship string) string {
	return `<s:Attribute id="UNIT" ` + status + `>` + concept21("UNIT") + relationship + `</s:Attribute>`
}

const mandatory = `assignmentStatus="Mandatory"`

func flow21(structure string) string {
	return xml21("Dataflows", `<s:Dataflow id="F" agencyID="T"><s:Structure>`+structure+`</s:Structure></s:Dataflow>`)
}

func codes21(parent string) string {
	return xml21("Codelists", `<s:Codelist id="L" agencyID="T"><s:Code id="A"/><s:Code id="B"><s:Parent>`+parent+`</s:Parent></s:Code></s:Codelist>`)
}

const codeURN = "urn:sdmx:org.sdmx.infomodel.codelist.Code="

// Contradictions, and required parts that are missing, are errors when a message is read,
// since the model could not represent them.
func TestContradictionsAreRefused(t *testing.T) {
	d := `<Ref id="D" agencyID="T" version="1.0" class="DataStructure"/>`
	urn := func(s string) string { return `<URN>urn:sdmx:org.sdmx.infomodel.` + s + `</URN>` }
	for name, c := range map[string]struct{ in, want string }{
		"Ref alone":                {flow21(d), ""},
		"Ref and URN":              {flow21(d + urn("datastructure.DataStructure=T:D(1.0)")), ""},
		"Ref without version":      {flow21(`<Ref id="D" agencyID="T"/>` + urn("datastructure.DataStructure=T:D(2.0)")), ""},
		"another id":               {flow21(d + urn("datastructure.DataStructure=T:E(1.0)")), "the Ref names urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=T:D(1.0), the URN urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=T:E(1.0)"},
		"another version":          {flow21(d + urn("datastructure.DataStructure=T:D(1.1)")), "contradict each other"},
		"another agency":           {flow21(d + urn("datastructure.DataStructure=U:D(1.0)")), "contradict each other"},
		"another class":            {flow21(d + urn("codelist.Codelist=T:D(1.0)")), "contradict each other"},
		"parent":                   {codes21(`<Ref id="A"/>`), ""},
		"parent by URN":            {codes21("<URN>" + codeURN + "T:L(1.0).A</URN>"), ""},
		"parent in another list":   {codes21("<URN>" + codeURN + "T:OTHER(1.0).A</URN>"), "is in another structure"},
		"parent in another by Ref": {codes21(`<Ref id="A" maintainableParentID="OTHER"/>`), "T:OTHER is another structure"},
		"parent said twice":        {codes21("<URN>" + codeURN + `T:L(1.0).A</URN><Ref id="C"/>`), "the Ref names C"},

		"attribute":             {dsd21(attribute21(mandatory, `<s:AttributeRelationship><s:None/></s:AttributeRelationship>`)), ""},
		"empty relationship":    {dsd21(attribute21(mandatory, `<s:AttributeRelationship></s:AttributeRelationship>`)), "is empty, and must say None"},
		"no relationship":       {dsd21(attribute21(mandatory, "")), "no AttributeRelationship"},
		"two relationships":     {dsd21(attribute21(mandatory, `<s:AttributeRelationship><s:None/><s:Dimension><Ref id="FREQ"/></s:Dimension></s:AttributeRelationship>`)), "says both None and Dimension"},
		"group alone":           {dsd21(attribute21(mandatory, `<s:AttributeRelationship><s:AttachmentGroup><Ref id="G"/></s:AttachmentGroup></s:AttributeRelationship>`)), ""},
		"status in lower case":  {dsd21(attribute21(`assignmentStatus="mandatory"`, `<s:AttributeRelationship><s:None/></s:AttributeRelationship>`)), `not "mandatory"`},
		"no status":             {dsd21(attribute21("", `<s:AttributeRelationship><s:None/></s:AttributeRelationship>`)), `Mandatory or Conditional`},
		"json: no level":        {`{"DataStructure":[{"id":"D","agencyId":"T","attributeList":{"attributes":[{"id":"A"}]}}]}`, `attachmentLevel ""`},
		"json: another version": {`{"DataStructure":[{"id":"D","agencyId":"T","attributeList":{"attributes":[{"id":"A","attachmentLevel":"series"}]}}]}`, `attachmentLevel "series"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readAll(t, "f", []byte(c.in), ReadOptions{})
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "line 1, column ")):
				t.Errorf("got %v, want something with %q", err, c.want)
			}
		})
	}
}

// Converting a structure that breaks rules writes nothing, and reports every fault.
func TestConvertRefusesWhatBreaksTheRules(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"codes": {xml21("Codelists", `<s:Codelist id="L" agencyID="T"><s:Code id="A"/><s:Code id="A"/><s:Code id="B"><s:Parent><Ref id="NOPE"/></s:Parent></s:Code></s:Codelist>`),
			[]string{"line 1, column ", "Codelist=T:L(1.0) breaks the rules", `Items[1].ID: Item "A" is there twice`, "Items[2].Parent: "}},
		"flow of a codelist": {flow21(`<Ref id="L" agencyID="T" class="Codelist"/>`), []string{"Structure: It refers to "}},
		"agencies":           {xml21("OrganisationSchemes", `<s:AgencyScheme id="MY" agencyID="T" version="2.0" isFinal="true"/>`), []string{"ID: ", "Version: ", "Final: "}},
		"no such dimension": {dsd21(attribute21(mandatory, `<s:AttributeRelationship><s:Dimension><Ref id="NOPE"/></s:Dimension></s:AttributeRelationship>`)),
			[]string{`Attributes[0].Relationship.Dimensions[0]: Attribute UNIT names the dimension "NOPE"`}},
		"Fusion-JSON": {`{"DataStructure":[{"id":"D","agencyId":"T","dimensionList":{"dimensions":[{"id":"F","concept":"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept=T:CS(1.0).F"}]},
			"attributeList":{"attributes":[{"id":"S","attachmentLevel":"DIMENSION_GROUP"},{"id":"G","attachmentLevel":"GROUP","attachmentGroup":"Nope"}]}}]}`,
			[]string{"Attributes[0].Relationship.Dimensions: ", "Attributes[0].Concept: ", `Attributes[1].Relationship.Groups[0]: Attribute G names the group "Nope"`}},
		"dates": {`{"Codelist":[{"id":"L","agencyId":"T","startDate":"yesterday","endDate":0}]}`, []string{`ValidFrom: "yesterday" is no date`}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			_, err := Convert(&out, SDMXML21, strings.NewReader(c.in), header, ReadOptions{})
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want something with %q", err, want)
				}
			}
			if out.Len() > 0 {
				t.Errorf("something was written: %s", out.String())
			}
		})
	}
}

// A data structure without components can be written in 2.1.
func TestBareDataStructureIsWritten(t *testing.T) {
	var out bytes.Buffer
	c, err := Convert(&out, SDMXML21, strings.NewReader(xml21("DataStructures", `<s:DataStructure id="D" agencyID="T"><c:Name>n</c:Name></s:DataStructure>`)), header, ReadOptions{})
	if err != nil || c.Written != 1 || c.LeftOut.Count > 0 || !strings.Contains(out.String(), `<str:DataStructure id="D"`) {
		t.Errorf("%+v, %v: %s", c, err, out.String())
	}
}

// randomFormat returns a text format with any of the facets, each of which Check accepts.
func randomFormat(g *rand.Rand, types []string) *sdmx.TextFormat {
	f := &sdmx.TextFormat{}
	for _, x := range []struct {
		p      *string
		values []string
	}{
		{&f.Type, types}, {&f.Interval, []string{"1", "0.5"}}, {&f.StartValue, []string{"1", "-2.5"}}, {&f.EndValue, []string{"+9", ".5"}},
		{&f.TimeInterval, []string{"P1Y", "PT1.5S"}}, {&f.StartTime, []string{"2020", "2020-01Z", "2020-01-31", "2020-01-31T24:00:00", "2020-W53", "2020-D366"}},
		{&f.EndTime, []string{"2021-A1", "2021-T3+01:00", "2021-01-01T00:00:00.5-14:00"}}, {&f.MinLength, []string{"0", "1"}}, {&f.MaxLength, []string{"00", "7", "+5"}},
		{&f.MinValue, []string{"0", "0.1"}}, {&f.MaxValue, []string{"10", "10.0"}}, {&f.Decimals, []string{"0", "2"}}, {&f.Pattern, []string{"[a-z]+"}},
	} {
		if g.IntN(4) == 0 {
			*x.p = x.values[g.IntN(len(x.values))]
		}
	}
	f.IsSequence, f.IsMultiLingual = sdmx.OptBool(g.IntN(3)), sdmx.OptBool(g.IntN(3))
	return f
}

var (
	timeTypes = strings.Fields("ObservationalTimePeriod StandardTimePeriod GregorianDay ReportingWeek DateTime TimeRange")
	anyTypes  = append(strings.Fields("String Alpha Double Decimal Float Integer Boolean URI XHTML Time Duration Month GeospatialInformation KeyValues DataSetReference Count"), timeTypes...)
)

func randomRepresentation(g *rand.Rand, enumerable sdmx.Class, types []string) *sdmx.Representation {
	r := &sdmx.Representation{}
	switch g.IntN(4) {
	case 0:
		return nil
	case 1:
		if enumerable != sdmx.ClassUnknown {
			r.Enumeration = sdmx.RefTo(sdmx.URN{Class: enumerable, Agency: "T", ID: "L", Version: "1.0"})
		}
	}
	if g.IntN(3) > 0 {
		r.Format = randomFormat(g, types)
	}
	if r.Format == nil && r.Enumeration.IsZero() {
		return nil
	}
	return r
}

// randomStructures returns a data structure and a concept scheme without faults, with any
// representations and dates that the model has.
func randomStructures(g *rand.Rand) []sdmx.Maintainable {
	concept := sdmx.RefToItem(sdmx.ClassConcept, "T", "CS", "1.0", "X")
	part := func(id string, enumerable sdmx.Class, types []string) sdmx.Component {
		return sdmx.Component{ID: id, Concept: concept, Representation: randomRepresentation(g, enumerable, types)}
	}
	dates := []string{"", "2020", "2020-02", "2020-02-29", "2020-02-29+01:00", "2020-02-29T12:00:00.123Z", "2020-Q1", "2020-02-29T12:00:00"}
	d, cs := &sdmx.DataStructure{}, &sdmx.ConceptScheme{}
	for _, a := range []*sdmx.Artefact{&d.Artefact, &cs.Artefact} {
		a.ID, a.Agency, a.Version, a.Names = "CS", "T", "1.0", sdmx.Texts{{Lang: "en", Value: "n"}}
		a.ValidFrom, a.ValidTo = dates[g.IntN(len(dates))], dates[g.IntN(len(dates))]
	}
	cs.Items = []sdmx.Concept{{Nameable: sdmx.Nameable{ID: "X", Names: cs.Names}, Representation: randomRepresentation(g, sdmx.ClassCodelist, anyTypes)}}
	d.Dimensions = []sdmx.Dimension{
		{Component: part("A", sdmx.ClassCodelist, anyTypes)},
		{Component: part("M", sdmx.ClassConceptScheme, anyTypes), Kind: sdmx.DimensionMeasure},
		{Component: part("TIME_PERIOD", sdmx.ClassUnknown, timeTypes), Kind: sdmx.DimensionTime},
	}
	d.Dimensions[1].Representation = &sdmx.Representation{Enumeration: sdmx.RefTo(sdmx.URNOf(cs))}
	if g.IntN(2) == 0 {
		d.Dimensions[1].Representation.Format = randomFormat(g, anyTypes)
	}
	d.Measures = []sdmx.Measure{{Component: part(sdmx.MeasureIDPrimary, sdmx.ClassCodelist, anyTypes)}}
	d.Attributes = []sdmx.Attribute{{Component: part("B", sdmx.ClassCodelist, anyTypes)}}
	if g.IntN(2) == 0 {
		d.Attributes = append(d.Attributes, sdmx.Attribute{Component: part(sdmx.YearStartDayID, sdmx.ClassCodelist, anyTypes), YearStartDay: true})
	}
	return []sdmx.Maintainable{cs, d}
}

// Whatever representations and dates keep the rules, a message of 2.1 is valid by the schema
// and, if no loss is declared, has all of them.
func TestRandomStructuresAreWrittenValid(t *testing.T) {
	g := rand.New(rand.NewPCG(5, 6))
	out := t.TempDir()
	var written []string
	kept := 0
	for i := range 2000 {
		for _, m := range randomStructures(g) {
			if faults := rules.Check(m); len(faults) > 0 {
				t.Fatal(faults)
			}
			b, err := AppendMessage(nil, SDMXML21, header, m)
			if err != nil {
				t.Fatal(err)
			}
			back, sum, err := readAll(t, "", b, ReadOptions{})
			if err != nil || sum.Warnings.Count > 0 {
				t.Fatalf("%v, %+v: %s", err, sum, b)
			}
			same := bytes.Equal(sdmx.AppendCanonical(nil, m), sdmx.AppendCanonical(nil, back[0]))
			if declared := len(Losses(SDMXML21, m)) > 0; same == declared && !declared {
				t.Fatalf("no loss is declared, and something is lost: %s", b)
			} else if declared && same {
				t.Fatalf("a loss is declared, and nothing is lost: %v", Losses(SDMXML21, m))
			}
			if same {
				kept++
			}
			if i < 300 {
				path := filepath.Join(out, fmt.Sprintf("%d.xml", len(written)))
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
				written = append(written, path)
			}
		}
	}
	if kept < 10 {
		t.Errorf("only %d structures have no loss", kept)
	}
	validate21(t, written)
}

// validate21 validates files with xmllint against the schema of SDMX-ML 2.1, if both are
// available.
func validate21(t *testing.T, files []string) {
	t.Helper()
	schema := filepath.Join(shared(t), "sdmx-ml-2.1", "SDMXMessage.xsd")
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (Debian: libxml2-utils)")
	}
	said, err := exec.Command(lint, append([]string{"--noout", "--nonet", "--schema", schema}, files...)...).CombinedOutput()
	if err == nil {
		return
	}
	var bad []string
	for _, line := range strings.Split(string(said), "\n") {
		if !strings.HasSuffix(line, " validates") {
			bad = append(bad, clip(line, 300))
		}
	}
	t.Errorf("%d files written, some invalid:\n%s", len(files), strings.Join(bad[:min(len(bad), 20)], "\n"))
}

// A structure that is in a message twice is written once, or refused if the two differ: the schemas
// permit it once.
func TestConvertTakesAStructureOnce(t *testing.T) {
	list := func(name string) string {
		return `<s:Codelist id="L" agencyID="T"><c:Name>` + name + `</c:Name></s:Codelist>`
	}
	for second, want := range map[string]string{"a": "", "b": "with different content"} {
		var out strings.Builder
		c, err := Convert(&out, SDMXML21, strings.NewReader(xml21("Codelists", list("a")+list(second))), header, ReadOptions{Name: "f"})
		switch {
		case want == "" && (err != nil || c.Written != 1 || c.Warnings.Count != 1 || strings.Count(out.String(), "<str:Codelist ") != 1):
			t.Errorf("%v, %d written, %v: %s", err, c.Written, c.Warnings.First, out.String())
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
