package formats

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// What each format says of VTL is the same: the samples of the family have the same content,
// but for what only one format has.
func TestVTLInEveryFormat(t *testing.T) {
	var mappings []sdmx.VtlMapping
	for _, name := range []string{"vtl-2.1.xml", "vtl-fusion.json", "vtl-json-2.0.json"} {
		ms, sum, err := readAll(t, name, sample(t, name), ReadOptions{})
		if err != nil || sum.Warnings.Count > 0 {
			t.Fatalf("%s: %v, %v", name, err, sum.Warnings)
		}
		classes := map[sdmx.Class]bool{}
		for _, m := range ms {
			classes[m.Class()] = true
			if faults := rules.Check(m); len(faults) > 0 {
				t.Errorf("%s of %s: %v", sdmx.URNOf(m), name, faults)
			}
			for _, f := range All() {
				roundTrip(t, f, m)
			}
			if s, ok := m.(*sdmx.VtlMappingScheme); ok && s.ID == "MAP" {
				if mappings == nil {
					mappings = s.Items
				}
				if !slices.EqualFunc(mappings, s.Items, func(a, b sdmx.VtlMapping) bool {
					return a.Class() == b.Class() && a.Mapped == b.Mapped && a.Generic == b.Generic && a.ToMethod == b.ToMethod && slices.Equal(a.ToSpace, b.ToSpace) && slices.Equal(a.FromSpace, b.FromSpace)
				}) {
					t.Errorf("%s has other mappings: %v", name, s.Items)
				}
			}
		}
		if len(classes) != 6 {
			t.Errorf("%s has %d of the 6 schemes", name, len(classes))
		}
	}
	var of []sdmx.Class
	for i := range mappings {
		of = append(of, mappings[i].Class())
	}
	if want := []sdmx.Class{sdmx.ClassVtlDataflowMapping, sdmx.ClassVtlDataflowMapping, sdmx.ClassVtlCodelistMapping, sdmx.ClassVtlConceptMapping}; !slices.Equal(of, want) {
		t.Errorf("the mappings are %v, not %v", of, want)
	}
}

// Our samples, written as SDMX-ML 2.1, are valid, and so are stubs of the classes of VTL.
func TestSamplesAreValidXML(t *testing.T) {
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (Debian: libxml2-utils)")
	}
	schema := filepath.Join(shared(t), "sdmx-ml-2.1", "SDMXMessage.xsd")
	dir := t.TempDir()
	var written []string
	write := func(name string, b []byte) {
		path := filepath.Join(dir, name+".xml")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		written = append(written, path)
	}
	for _, name := range samples() {
		if strings.HasPrefix(name, "everything") {
			continue // it has what breaks rules, too
		}
		var b bytes.Buffer
		done, err := Convert(&b, SDMXML21, bytes.NewReader(sample(t, name)), header, ReadOptions{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if done.Written > 0 { // 2.1 has none of the maps of 3.0
			write(name, b.Bytes())
		}
	}
	for c := sdmx.ClassCustomTypeScheme; c <= sdmx.ClassTransformationScheme; c++ {
		m, err := sdmx.New(c)
		if err != nil {
			t.Fatal(err)
		}
		a := m.Common()
		a.Agency, a.ID, a.Version, a.External = "TEST", "STUB", "1.0", true
		if faults := rules.Check(m); len(faults) > 0 {
			t.Errorf("%s: %v", c, faults)
		}
		b, err := AppendMessage(nil, SDMXML21, header, m)
		if err != nil {
			t.Fatal(err)
		}
		write(c.String(), b)
	}
	if message, err := exec.Command(lint, append([]string{"--noout", "--nonet", "--schema", schema}, written...)...).CombinedOutput(); err != nil {
		t.Errorf("%d files written, some invalid:\n%s", len(written), clip(string(message), 3000))
	}
}

// Of two things that a mapping maps, none is dropped.
func TestVTLMappingMapsOneThing(t *testing.T) {
	in := string(sample(t, "vtl-json-2.0.json"))
	both := strings.Replace(in, `"alias": "AREA",`, `"alias": "AREA", "dataflow": "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=TEST:F(1.0)",`, 1)
	if _, _, err := readAll(t, "", []byte(both), ReadOptions{}); err == nil || !strings.Contains(err.Error(), "maps one thing") {
		t.Errorf("got %v", err)
	}
}

// A reference to a mapping says its class, which a Ref of 2.1 cannot.
func TestVTLMappingIsReferredTo(t *testing.T) {
	x := &sdmx.Categorisation{Source: sdmx.RefToItem(sdmx.ClassVtlCodelistMapping, "TEST", "MAP", "1.0", "M3"), Target: sdmx.RefToItem(sdmx.ClassCategory, "TEST", "CS", "1.0", "A")}
	x.Agency, x.ID, x.Version, x.Names = "TEST", "X", "1.0", sdmx.Texts{{Lang: "en", Value: "x"}}
	for _, f := range All() {
		roundTrip(t, f, x)
	}
	in := head21 + `<s:Categorisations><s:Categorisation id="X" agencyID="TEST"><s:Source><Ref maintainableParentID="MAP" id="M3" agencyID="TEST" package="transformation" class="VtlMapping"/></s:Source></s:Categorisation></s:Categorisations></m:Structures></m:Structure>`
	ms, _, err := readAll(t, "", []byte(in), ReadOptions{})
	if err != nil || ms[0].(*sdmx.Categorisation).Source.Target().Kind() != x.Source.Target().Kind() {
		t.Errorf("got %v, %v", ms, err)
	}
}
