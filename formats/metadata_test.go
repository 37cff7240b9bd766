package formats

import (
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
