package formats

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// metadataStructures reads the metadata structure of each sample.
func metadataStructures(t *testing.T) map[string]*sdmx.MetadataStructure {
	t.Helper()
	out := map[string]*sdmx.MetadataStructure{}
	for _, name := range []string{"metadata-2.1.xml", "metadata-fusion.json", "metadata-json-2.0.json"} {
		ms, sum, err := readAll(t, name, sample(t, name), ReadOptions{})
		if err != nil || sum.Warnings.Count > 0 {
			t.Fatalf("%s: %v, %v", name, err, sum.Warnings)
		}
		for _, m := range ms {
			if faults := rules.Check(m); len(faults) > 0 {
				t.Errorf("%s: %v", name, faults)
			}
			for _, f := range All() {
				roundTrip(t, f, m)
			}
			if x, ok := m.(*sdmx.MetadataStructure); ok {
				out[name] = x
			}
		}
	}
	return out
}

// What 3.0 and 2.1 have in common of a metadata structure is the same, whatever format it came in,
// and so are the paths of its attributes.
func TestMetadataStructureInEveryFormat(t *testing.T) {
	var want []string
	first := ""
	for name, m := range metadataStructures(t) {
		var paths []string
		sdmx.EachItem(m, func(it sdmx.Item) {
			if it.Class == sdmx.ClassMetadataAttribute {
				paths = append(paths, it.Path)
			}
		})
		m.Final, m.Targets = true, nil
		l := &m.Lists[0]
		l.ID, l.URI, l.Targets, l.Annotations = "", "", nil, nil
		kept := asKept([]sdmx.Maintainable{m})
		if first == "" {
			first, want = kept, paths
		}
		if kept != first || !slices.Equal(paths, want) || !slices.Equal(paths, []string{"CONTACT", "CONTACT.NAME", "FREQ"}) {
			t.Errorf("%s is another metadata structure than the first sample, with %v:\n%q\n%q", name, paths, kept, first)
		}
	}
}

// What a file of 2.1 says of targets is there when it is written again; other formats say that they
// lose it, and a metadata structure without targets gets a target of any object in 2.1.
func TestTargetsOfMetadataStructures(t *testing.T) {
	all := metadataStructures(t)
	b, err := AppendMessage(nil, SDMXML21, header, all["metadata-2.1.xml"])
	if err != nil || len(Losses(SDMXML21, all["metadata-2.1.xml"])) > 0 {
		t.Fatal(err, Losses(SDMXML21, all["metadata-2.1.xml"]))
	}
	for _, part := range []string{`<str:ReportPeriodTarget id="REPORT_PERIOD_TARGET"`, `textType="GregorianYear" startTime="2001"`, `objectType="Code"`,
		`<str:TextFormat textType="KeyValues"/>`, `<str:ConstraintContentTarget`, `MetadataAttribute=TEST:M(1.0).R.CONTACT.NAME"`, `<str:MetadataTarget><Ref id="F"/>`} {
		if !strings.Contains(string(b), part) {
			t.Errorf("%s is not in\n%s", part, b)
		}
	}
	for _, f := range []*Format{FusionJSON, SDMXJSON20} {
		if r, fatal := LossRemarks(f, all["metadata-2.1.xml"]); fatal || !strings.Contains(r.First[0].Text+r.First[r.Count-1].Text, "report structures") {
			t.Errorf("%s: %v", f.Name, r)
		}
	}
	b, err = AppendMessage(nil, SDMXML21, header, all["metadata-json-2.0.json"])
	if err != nil || !strings.Contains(string(b), `objectType="Any"`) || len(Losses(SDMXML21, all["metadata-json-2.0.json"])) == 0 {
		t.Errorf("%v: %s", err, b)
	}
	two := all["metadata-2.1.xml"]
	two.Lists = append(two.Lists, two.Lists[0])
	two.Lists[1].ID = "R2"
	if _, fatal := LossRemarks(FusionJSON, two); !fatal {
		t.Error("Fusion-JSON would mix the attributes of two report structures")
	}
	if ids := sdmx.ItemIDs(two); !slices.Contains(ids, "R2.CONTACT.NAME") || len(rules.Check(two)) > 0 {
		t.Error(ids, rules.Check(two))
	}
	two.Lists[1].Targets = []string{"NONE"}
	two.Targets[0].Objects[0].ID = "OTHER"
	two.Lists[1].Attributes[0].MaxOccurs = "0"
	if faults := rules.Check(two); len(faults) != 4 { // both lists have the attribute
		t.Error(faults)
	}
}

// Availability constraints, which SDMX-JSON 2.1 has, are no structures that can be kept: they are
// refused with the reason, or left out.
func TestAvailabilityConstraintsAreNotKept(t *testing.T) {
	const of = `{"constraintAttachment": {"dataflow": "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=A:F(1.0)"}, "cubeRegion": {"keyValues": [{"id": "FREQ", "values": ["A"]}]}, "seriesCount": 7}`
	message := []byte(`{"meta": {}, "data": {"codelists": [{"id": "CL", "agencyID": "A", "name": "L"}], "availabilityConstraints": [` + of + `]}}`)
	_, _, err := readAll(t, "", message, ReadOptions{})
	if err == nil || !strings.Contains(err.Error(), "no agency, id or version") || !strings.Contains(err.Error(), "$.data.availabilityConstraints[0]") || !strings.Contains(err.Error(), "--skip-unsupported") {
		t.Error(err)
	}
	ms, sum, err := readAll(t, "", message, ReadOptions{SkipUnsupported: true})
	if err != nil || len(ms) != 1 || sum.Skipped.Count != 1 || !strings.Contains(sum.Skipped.First[0].Text, "which data it has") {
		t.Errorf("%v, %v, %v", ms, sum.Skipped, err)
	}
}

// A metadata set is the same in both formats that hold it, and Fusion-JSON has it where its registry
// has it.
func TestMetadataSetInBothFormats(t *testing.T) {
	var kept []string
	for _, name := range []string{"metadata-fusion.json", "metadata-json-2.0.json"} {
		ms, sum, err := readAll(t, name, sample(t, name), ReadOptions{})
		if err != nil || sum.Warnings.Count > 0 {
			t.Fatalf("%s: %v, %v", name, err, sum.Warnings)
		}
		m := ms[slices.IndexFunc(ms, func(m sdmx.Maintainable) bool { return m.Class() == sdmx.ClassMetadataSet })]
		kept = append(kept, asKept([]sdmx.Maintainable{m}))
		if _, fatal := LossRemarks(SDMXML21, m); !fatal || SDMXML21.Has(m.Class()) || len(Losses(FusionJSON, m))+len(Losses(SDMXJSON20, m)) > 0 {
			t.Errorf("%v, %v", Losses(FusionJSON, m), Losses(SDMXJSON20, m))
		}
		b, err := AppendMessage(nil, FusionJSON, header, m)
		if err != nil || !strings.Contains(string(b), `},"data":{"metadatasets":[{"id":"S",`) || !strings.HasSuffix(string(b), "]}}") {
			t.Errorf("%v: %s", err, b)
		}
		if b, err := AppendMessage(nil, SDMXJSON20, header, m); err != nil || !strings.Contains(string(b), "/metadata-message/tools/schemas/2.0.0/sdmx-json-metadata-schema.json") {
			t.Errorf("%v: %s", err, b)
		}
		if media := SDMXJSON20.Media(m.Class()); media != "application/vnd.sdmx.metadata+json;version=2.0.0" || FusionJSON.Media(m.Class()) != FusionJSON.MediaType {
			t.Errorf("the media type is %s", media)
		}
		var all strings.Builder
		w := NewWriter(&all, FusionJSON, header)
		if err := w.Write(ms[0]); err != nil {
			t.Fatal(err)
		}
		if err := w.Write(m); err == nil || !strings.Contains(err.Error(), "messages of its own") {
			t.Errorf("structures and metadata sets stand in one message: %v", err)
		}
	}
	for _, f := range []*Format{FusionJSON, SDMXJSON20} {
		c, err := Convert(io.Discard, f, bytes.NewReader(sample(t, "metadata-fusion.json")), header, ReadOptions{})
		if err != nil || c.Written != 2 || c.LeftOut.Count != 1 || !strings.Contains(c.LeftOut.First[0].Text, "message of another kind") {
			t.Errorf("%s: %d written, %v, %v", f.Name, c.Written, c.LeftOut, err)
		}
	}
	if kept[0] != kept[1] {
		t.Errorf("%q\n%q", kept[0], kept[1])
	}
	ofNumbers := []byte(`{"data":{"metadataSets":[{"id":"S","agencyID":"A","name":"S","metadataflow":"urn:sdmx:org.sdmx.infomodel.metadatastructure.Metadataflow=A:F(1.0)","attributes":[{"id":"N","value":[1.50,null,{"b":true,"a":"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:B(1.0)"}]}]}]}}`)
	ms, _, err := readAll(t, "", ofNumbers, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if x := ms[0].(*sdmx.MetadataSet).Attributes[0]; x.Content[0].Value != `[1.50,null,{"a":"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:B(1.0)","b":true}]` || len(sdmx.Refs(ms[0])) != 1 {
		t.Errorf("%+v, %v", x, sdmx.Refs(ms[0]))
	}
	if len(Losses(SDMXJSON20, ms[0])) != 2 || len(Losses(FusionJSON, ms[0])) != 0 {
		t.Errorf("%v", Losses(SDMXJSON20, ms[0]))
	}
	for message, why := range map[string]string{
		`{"data":{"metadataSets":[{"id":"S","agencyID":"A","action":"Delete"}]}}`:                               "does not delete",
		`{"data":{"metadatasets":[{"id":"S","agencyId":"A"}],"codelists":[]}}`:                                  "neither",
		`{"Codelist":[{"id":"L","agencyId":"A"}],"data":{"codelists":[]}}`:                                      "neither",
		`{"data":{"metadataSets":[{"id":"S","agencyID":"A","attributes":[{"id":"N","value":{"a":1,"a":2}}]}]}}`: "twice",
		`{"data":{"metadataSets":[{"id":"S","agencyID":"A","attributes":[{"id":"N","value":[nil]}]}]}}`:         "a JSON value is expected",
	} {
		if _, _, err := readAll(t, "", []byte(message), ReadOptions{}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", message, err)
		}
	}
}

// A type of Fusion Metadata Registry is kept whole, though nothing is known of its content: what
// comes back is the same JSON. URNs of known classes in it are references.
func TestFusionsOwnTypesAreKeptWhole(t *testing.T) {
	const table = `{"agencyId":"A","columns":[{"flow":"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=A:F(1.0)","label":"\\\"@"},null,1.50,["@"]],"id":"T",` +
		`"layout":"wide","names":[{"locale":"en","value":"T"}],"rowCount":7,"source":"urn:sdmx:org.sdmx.infomodel.vendor.Widget=A:W(1.0)",` +
		`"target":"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=*:*(*)","total":true,"urn":"urn:sdmx:org.sdmx.infomodel.publicationtable.PublicationTable=A:T(1.0)","version":"1.0"}`
	ms, sum, err := readAll(t, "", []byte(`{"PublicationTable":[`+table+`]}`), ReadOptions{})
	if err != nil || len(ms) != 1 || sum.Warnings.Count > 0 {
		t.Fatalf("%v, %v, %v", ms, err, sum.Warnings)
	}
	if faults := rules.Check(ms[0]); len(faults) > 0 {
		t.Error(faults)
	}
	var refs []string
	sdmx.EachRef(ms[0], func(path string, r *sdmx.Ref) { refs = append(refs, path+" "+r.String()) })
	if len(refs) != 2 || !strings.HasPrefix(refs[0], "References[0] ") || !strings.Contains(refs[0], "Dataflow=A:F(1.0)") || !strings.Contains(refs[1], "*:*(*)") {
		t.Errorf("%q", refs)
	}
	roundTrip(t, FusionJSON, ms[0])
	b, err := AppendMessage(nil, FusionJSON, header, ms[0])
	if err != nil {
		t.Fatal(err)
	}
	var sent, back any
	var message struct{ PublicationTable []any }
	if json.Unmarshal([]byte(table), &sent) != nil || json.Unmarshal(b, &message) != nil || len(message.PublicationTable) != 1 {
		t.Fatalf("%s", b)
	}
	if back = message.PublicationTable[0]; !reflect.DeepEqual(sent, back) || !strings.Contains(string(b), "1.50") {
		t.Errorf("%s\n%s", table, b)
	}
	deep := strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100)
	for message, why := range map[string]string{
		`{"PublicationTable":[{"id":"T","agencyId":"A","rows":` + deep + `}]}`:  "nested more than 64 deep",
		`{"PublicationTable":[{"id":"T","agencyId":"A","rows":[1,{"a":tru}]}]}`: "$.PublicationTable[0]",
		`{"PublicationTable":[{"id":"T","agencyId":"A","rows":[1`:               "the input ends",
		`{"PublicationTable":[{"rows":[],"agencyId":"A"}]}`:                     "id",
		`{"DashboardTable":[{"id":"T","agencyId":"A"}]}`:                        "--skip-unsupported",
	} {
		if _, _, err := readAll(t, "", []byte(message), ReadOptions{}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", message, err)
		}
	}
	for _, f := range []*Format{SDMXML21, SDMXJSON20} {
		if _, fatal := LossRemarks(f, ms[0]); !fatal {
			t.Errorf("%s would hold a publication table", f.Name)
		}
	}
	for _, urn := range []string{"publicationtable.PublicationTable", "fusion.PublicationTable"} {
		if r, err := sdmx.ParseRef("urn:sdmx:org.sdmx.infomodel." + urn + "=A:T(1.0)"); err != nil || r.URN != sdmx.URNOf(ms[0]) {
			t.Errorf("%s: %v, %v", urn, r, err)
		}
	}
}

// The targets of a metadataflow may be all dataflows, as registries have it: SDMX-JSON says so, and
// SDMX-ML 2.1 writes the metadataflow without them.
func TestLooseTargetsAreNoReasonToLeaveOut(t *testing.T) {
	ms, _, err := readAll(t, "", sample(t, "metadata-fusion.json"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m := ms[slices.IndexFunc(ms, func(m sdmx.Maintainable) bool { return m.Class() == sdmx.ClassMetadataflow })]
	for f, lost := range map[*Format]int{SDMXML21: 1, SDMXJSON20: 0, FusionJSON: 0} {
		if r, fatal := LossRemarks(f, m); fatal || r.Count != lost {
			t.Errorf("%s: %v", f.Name, r)
		}
	}
	m.Common().Links = []sdmx.Link{{Rel: "about", URN: "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=*:*(*)"}}
	if len(Losses(SDMXJSON20, m)) == 0 {
		t.Error("the schema of SDMX-JSON does not take this URN in a link")
	}
}
