package formats

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"urncast/sdmx"
	"urncast/sdmx/rules"
	"urncast/sdmx/sdmxtest"
)

// The maps of our samples keep the rules and are read without remarks; those of SDMX 3.0 are the
// same in both formats that have them.
func TestMapsInEveryFormat(t *testing.T) {
	kept := map[string]string{}
	for _, name := range []string{"maps-2.1.xml", "maps-fusion.json", "maps-json-2.0.json"} {
		ms, sum, err := readAll(t, name, sample(t, name), ReadOptions{})
		if err != nil || sum.Warnings.Count > 0 {
			t.Fatalf("%s: %v, %v", name, err, sum.Warnings)
		}
		for _, m := range ms {
			if faults := rules.Check(m); len(faults) > 0 {
				t.Errorf("%s of %s: %v", sdmx.URNOf(m), name, faults)
			}
			for _, f := range All() {
				if Expressible(f, m) == nil && len(Losses(f, m)) > 0 {
					t.Errorf("%s of %s loses something as %s: %v", sdmx.URNOf(m), name, f.Name, Losses(f, m))
				}
				roundTrip(t, f, m)
			}
			urn := sdmx.URNOf(m).String()
			content := asKept([]sdmx.Maintainable{m})
			if before, is := kept[urn]; is && before != content {
				t.Errorf("%s of %s is another one than in the format before:\n%q\n%q", urn, name, content, before)
			}
			kept[urn] = content
		}
	}
	if len(kept) != 7 {
		t.Errorf("there are %d maps, not one of each of the 7 classes", len(kept))
	}
}

// A structure set keeps the order of its maps and what its references state.
func TestStructureSetStaysAsItCame(t *testing.T) {
	ms, _, err := readAll(t, "", sample(t, "maps-2.1.xml"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	sdmx.EachItem(ms[0], func(it sdmx.Item) { paths = append(paths, it.Class.String()+" "+it.Path) })
	want := "CodelistMap AREAS, StructureMap COMPONENTS, HybridCodelistMap HYBRID, ConceptSchemeMap CONCEPTS, CategorySchemeMap CATEGORIES, OrganisationSchemeMap ORGANISATIONS, ReportingTaxonomyMap TAXONOMIES"
	if got := strings.Join(paths, ", "); got != want {
		t.Errorf("the maps are %s", got)
	}
	set := ms[0].(*sdmx.StructureSet)
	for _, x := range []struct{ got, want sdmx.MappedID }{
		{set.Maps[0].Items[0].Target, sdmx.MappedID{ID: "FRA"}},
		{set.Maps[0].Items[1].Target, sdmx.MappedID{ID: "DEU", Class: "Code"}},
		{set.Maps[1].Items[1].Source, sdmx.MappedID{ID: "STATUS", Class: "Attribute", List: "AttributeDescriptor"}},
		{set.Maps[2].Items[0].Source, sdmx.MappedID{ID: "X.Y", Class: "HierarchicalCode", List: "H1"}},
	} {
		if x.got != x.want {
			t.Errorf("got %+v, not %+v", x.got, x.want)
		}
	}
	if pairs := set.Maps[1].Items[2].Values.Pairs; len(pairs) != 2 || pairs[1] != (sdmx.ValuePair{Target: "_Z"}) {
		t.Errorf("the values are %+v", pairs)
	}
}

// What a map says and nobody can keep is refused or told of, with its place.
func TestMapsThatCannotBeKept(t *testing.T) {
	set, json, fusion := string(sample(t, "maps-2.1.xml")), string(sample(t, "maps-json-2.0.json")), string(sample(t, "maps-fusion.json"))
	for name, x := range map[string]struct{ in, from, to, says string }{
		"fixed twice":      {json, `"source": "CONF_STATUS"`, `"source": "CONF_STATUS", "target": "X"`, "that of one component"},
		"fixed nothing":    {json, `"source": "CONF_STATUS", `, ``, "that of one component"},
		"list":             {fusion, `"String"`, `"urn:sdmx:nonsense"`, "is no SDMX URN"},
		"other package":    {set, `class="Dimension" package="datastructure"`, `class="Dimension" package="codelist"`, `package says "codelist"`},
		"other structure":  {set, `<Ref id="FR"/>`, `<Ref id="FR" agencyID="X" maintainableParentID="L"/>`, "follows from the map"},
		"URN":              {set, `<Ref id="FR"/>`, `<URN>urn:sdmx:org.sdmx.infomodel.codelist.Code=TEST:CL_2(1.0).FR</URN>`, "the id counts alone"},
		"URN of another":   {set, `<Ref id="FR"/>`, `<Ref id="FR"/><URN>urn:sdmx:org.sdmx.infomodel.codelist.Code=TEST:CL_2(1.0).DE</URN>`, "does not name what is meant"},
		"other map's name": {set, `<str:CodelistMap><Ref id="AREAS"/>`, `<str:CodelistMap><Ref id="AREAS" maintainableParentID="OTHER"/>`, "another structure"},
	} {
		if !strings.Contains(x.in, x.from) {
			t.Fatalf("%s: the sample has no %s", name, x.from)
		}
		_, said := refusedOrRemarked(t, []byte(strings.Replace(x.in, x.from, x.to, 1)))
		if !strings.Contains(said, x.says) {
			t.Errorf("%s: said is %q", name, said)
		}
	}
}

// Structure sets with every field filled are valid by the schema of SDMX-ML 2.1.
func TestFilledStructureSetsAreValid(t *testing.T) {
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (Debian: libxml2-utils)")
	}
	schema, dir := filepath.Join(shared(t), "sdmx-ml-2.1", "SDMXMessage.xsd"), t.TempDir()
	var written []string
	for seed := range 4 {
		b, err := AppendMessage(nil, SDMXML21, header, sdmxtest.For(&sdmx.StructureSet{}, seed, SDMXML21.Name))
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, filepath.Join(dir, fmt.Sprintf("%d.xml", seed)))
		if err := os.WriteFile(written[seed], b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if message, err := exec.Command(lint, append([]string{"--noout", "--nonet", "--schema", schema}, written...)...).CombinedOutput(); err != nil {
		t.Errorf("%s", clip(string(message), 3000))
	}
}
