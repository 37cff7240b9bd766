package sdmx

import (
	"cmp"
	"slices"
	"strings"
	"testing"
)

func TestParseRefRoundTrip(t *testing.T) {
	for _, s := range []string{
		"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=SDMX:CL_FREQ(2.0)",
		"urn:sdmx:org.sdmx.infomodel.codelist.Code=SDMX:CL_FREQ(2.0).A",
		"urn:sdmx:org.sdmx.infomodel.base.Agency=SDMX:AGENCIES(1.0).BIS",
		"urn:sdmx:org.sdmx.infomodel.categoryscheme.Category=SDMX:S(1.0).ECO_STAT.SECTORAL_STAT.ENERGY",
		"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept=BIS.CBS:CS(1.2.0-draft).FREQ",
		"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:CL(1.2+.0)",
		"urn:sdmx:org.sdmx.infomodel.structuremapping.StructureMap=A:SM(1.0.0)",
	} {
		r, err := ParseRef(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		} else if r.String() != s {
			t.Errorf("%s came back as %s", s, r)
		}
	}
}

func TestParseRefRefusals(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "expected it to begin with"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Codelist", "no '='"},
		{"urn:sdmx:org.sdmx.infomodel.code.Codelist=A:B(1.0)", "expected codelist.Codelist"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.CodeList=A:B(1.0)", "no class of the SDMX"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A(1.0)", "no ':'"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:B[1.0]", "no '('"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:B(1.0", "no ')'"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:B()", "version is empty"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:B(1.x)", `part 2 is "x"`},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:B C(1.0)", "character 2"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A..B:C(1.0)", "id is empty"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:C(1.0).X", "nothing may follow"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Code=A:C(1.0)", "needs an item"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:C(1+.0+.0)", "one '+'"},
		{"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:" + strings.Repeat("C", 5000) + "(1.0)", "limit of 4096"},
	} {
		_, err := ParseRef(c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80s: %v, expected an error with %q", c.in, err, c.want)
		}
	}
}

func TestAgencyShortForm(t *testing.T) {
	r, err := ParseRef("urn:sdmx:org.sdmx.infomodel.base.Agency=BIS.CBS")
	if err != nil || r.String() != "urn:sdmx:org.sdmx.infomodel.base.Agency=BIS:AGENCIES(1.0).CBS" {
		t.Errorf("%s %v", r, err)
	}
}

func FuzzParseRef(f *testing.F) {
	f.Add("urn:sdmx:org.sdmx.infomodel.codelist.Code=SDMX:CL_FREQ(2.0).A")
	f.Add("urn:sdmx:org.sdmx.infomodel.base.Agency=BIS.CBS")
	f.Add("urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:CL(1.2.0-draft.1)")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRef(s)
		if err != nil {
			return
		}
		again, err := ParseRef(r.String())
		if err != nil || again != r {
			t.Fatalf("%q: %v, %v", s, again, err)
		}
	})
}

func TestVersionOrder(t *testing.T) {
	order := []Version{"0.9.0", "1", "1.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-draft", "1.0.0", "1.0.1", "1.1.0", "2.0.0", "10.0.0"}
	for i, v := range order {
		for j, w := range order {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			// legacy and semantic versions mix: 1 < 1.0 only by number of parts
			if got := v.Compare(w); got != want {
				t.Errorf("%s against %s: %d, expected %d", v, w, got, want)
			}
		}
	}
}

func TestVersionRules(t *testing.T) {
	for _, c := range []struct {
		v                Version
		semantic, stable bool
	}{{"1.0", false, false}, {"1.0.0", true, true}, {"0.1.0", true, false}, {"1.0.0-draft", true, false}, {"01.0.0", false, false}, {"2.1", false, false}} {
		if c.v.Semantic() != c.semantic || c.v.Stable() != c.stable {
			t.Errorf("%s: semantic %v, stable %v", c.v, c.v.Semantic(), c.v.Stable())
		}
	}
	for _, c := range []struct {
		ref, v Version
		ok     bool
	}{
		{"1.0", "1.0", true}, {"1.0", "1.0.0", false},
		{"1+.0.0", "2.3.4", true}, {"1+.2.0", "1.1.9", false}, {"1.2+.3", "1.2.3", true}, {"1.2+.3", "1.3.0", true},
		{"1.2+.3", "1.2.2", false}, {"1.2+.3", "2.0.0", false}, {"1.2.3+", "1.2.9", true}, {"1.2.3+", "1.3.0", false},
		{"1+.0.0", "2.0.0-draft", true}, {"1+.0.0", "1.0.0-draft", false}, {"1+.0.0", "3.0", false}, {"1.2+.0", "2.2.0-rc.1", false},
	} {
		if c.ref.Matches(c.v) != c.ok {
			t.Errorf("%s matches %s: %v", c.ref, c.v, !c.ok)
		}
	}
}

// What each reference of 2.1 and 3.0 leads to, and how the two versions spell it.
func TestReferencesOfBothVersions(t *testing.T) {
	const u = "urn:sdmx:org.sdmx.infomodel."
	for _, c := range []struct {
		in       string
		owner    Class
		of       Class // of the item
		item     string
		v2       string // in 2.x and 3.x, if it is another
		v3, same string
	}{
		{in: "codelist.HierarchicalCode=A:H(1.0).HIER1.N1", owner: ClassHierarchy, of: ClassHierarchicalCode, item: "HIER1.N1"},
		{in: "codelist.Level=A:H(1.0).HIER1.L1", owner: ClassHierarchy, of: ClassLevel, item: "HIER1.L1"},
		{in: "codelist.Hierarchy=A:H(1.0).HIER1", owner: ClassHierarchicalCodelist, of: ClassHierarchy, item: "HIER1", v2: "codelist.Hierarchy=A:H(1.0).HIER1"},
		{in: "codelist.Hierarchy=A:H(1.0)", owner: ClassHierarchy, v2: "codelist.HierarchicalCodelist=A:H(1.0)"},
		{in: "codelist.HierarchicalCodelist=A:H(1.0)", owner: ClassHierarchicalCodelist, v3: "codelist.Hierarchy=A:H(1.0)"},
		{in: "mapping.StructureMap=A:SS(1.0).SM", owner: ClassStructureSet, of: ClassMappingStructureMap, item: "SM"},
		{in: "structuremapping.StructureMap=A:SM(1.0.0)", owner: ClassStructureMap},
		{in: "mapping.CodelistMap=A:SS(1.0).CLM", owner: ClassStructureSet, of: ClassMappingCodelistMap, item: "CLM"},
		{in: "structuremapping.EpochMap=A:SM(1.0.0).E1", owner: ClassStructureMap, of: ClassEpochMap, item: "E1"},
		{in: "datastructure.Dataflow=*:*(*)", owner: ClassDataflow},
		{in: "datastructure.Dataflow=A:*(1.0+.0)", owner: ClassDataflow},
		{in: "codelist.Code=A:CL(*).*", owner: ClassCodelist, of: ClassCode, item: "*"},
		{in: "codelist.Codelist=A:CL(2+.0.0)", owner: ClassCodelist},
		{in: "codelist.Code=A:GEO(1.0).X", owner: ClassCodelist, of: ClassCode, item: "X"},
		{in: "codelist.GeoGridCode=A:GEO(1.0).X", owner: ClassGeoGridCodelist, of: ClassGeoGridCode, item: "X"},
		{in: "codelist.GeoCodelist=A:GEO(1.0)", owner: ClassGeographicCodelist, same: "codelist.GeographicCodelist=A:GEO(1.0)"},
		{in: "registry.DataConstraint=A:C(1.0)", owner: ClassDataConstraint, v2: "registry.ContentConstraint=A:C(1.0)"},
		{in: "registry.ContentConstraint=A:C(1.0)", owner: ClassDataConstraint, same: "registry.DataConstraint=A:C(1.0)", v2: "registry.ContentConstraint=A:C(1.0)"},
		{in: "process.ProcessStep=A:P(1.0).S1.S1a", owner: ClassProcess, of: ClassProcessStep, item: "S1.S1a"},
		{in: "process.Transition=A:P(1.0).S1.T1", owner: ClassProcess, of: ClassTransition, item: "S1.T1"},
		{in: "categoryscheme.ReportingCategory=A:RT(1.0).A.B", owner: ClassReportingTaxonomy, of: ClassReportingCategory, item: "A.B"},
		{in: "metadatastructure.IdentifiableObjectTarget=A:M(1.0).T.ID", owner: ClassMetadataStructure, of: ClassIdentifiableObjectTarget, item: "T.ID"},
		{in: "codelist.ValueItem=A:VL(1.0).€ 1.5", owner: ClassValueList, of: ClassValueItem, item: "€ 1.5"},
		{in: "metadatastructure.MetadataSet=A:S(1.0)", owner: ClassMetadataSet},
	} {
		r, err := ParseRef(u + c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if r.Class != c.owner || r.ItemClass != c.of || r.Item != c.item {
			t.Errorf("%s is %s %q in %s, want %s %q in %s", c.in, r.ItemClass, r.Item, r.Class, c.of, c.item, c.owner)
		}
		same := cmp.Or(c.same, c.in)
		for what, got := range map[string][2]string{"own": {r.String(), same}, "V2": {r.Spell(V2), cmp.Or(c.v2, same)}, "V3": {r.Spell(V3), cmp.Or(c.v3, same)}} {
			if got[0] != u+got[1] {
				t.Errorf("%s, %s spelling: %s, want %s", c.in, what, got[0], got[1])
			}
		}
		if again, err := ParseRef(r.String()); err != nil || again != r {
			t.Errorf("%s: read again it is %v, %v", c.in, again, err)
		}
		if want := strings.Contains(c.in, "*"); r.Loose() != want {
			t.Errorf("%s is loose: %t", c.in, r.Loose())
		}
		if _, err := ParseURN(u + c.in); (err == nil) != (c.item == "" && !strings.ContainsAny(c.in, "*+")) {
			t.Errorf("%s as the URN of a structure: %v", c.in, err)
		}
	}
}

// What stands in the table of classes must agree with itself.
func TestClassTable(t *testing.T) {
	for c := ClassUnknown + 1; c < classEnd; c++ {
		info := &classes[c]
		switch {
		case info.name == "" || info.pkg == "":
			t.Errorf("class %d has no row", c)
		case !c.Maintainable() && len(info.owners) == 0 && c != ClassMetadataSet && c != ClassAvailabilityConstraint:
			t.Errorf("%s: where it stands is not said", c)
		case c.Maintainable() && c.Modelled() && info.construct().Class() != c:
			t.Errorf("%s: its constructor makes a %s", c, info.construct().Class())
		}
		if found, _ := ClassByPackage(c.Package(), c.String()); found != c {
			t.Errorf("%s.%s is found as %s.%s", c.Package(), c, found.Package(), found)
		}
		for _, owner := range c.Owners() {
			if !owner.Maintainable() || !slices.Contains(owner.Items(), c) {
				t.Errorf("%s stands in %s, which is no structure, or does not know it", c, owner)
			}
			if found, _ := owner.ItemClass(c.String()); found != c {
				t.Errorf("in a %s, the name %s is that of %s.%s", owner, c, found.Package(), found)
			}
		}
		if !slices.Contains(c.Relatives(), c) || c.Family().Family() != c.Family() || c.Relatives()[0] != c.Family() {
			t.Errorf("%s: relatives %v, family %s", c, c.Relatives(), c.Family())
		}
		if c.Maintainable() {
			if found, ok := ClassByREST(c.REST()); !ok || found != c || !slices.Contains(ClassesByREST(c.REST()), c) {
				t.Errorf("%s: %q finds %s", c, c.REST(), found)
			}
		}
	}
	for name, want := range map[string]string{"hierarchy": "Hierarchy HierarchicalCodelist", "hierarchicalcodelist": "HierarchicalCodelist Hierarchy",
		"contentconstraint": "DataConstraint", "organisationscheme": "AgencyScheme DataProviderScheme DataConsumerScheme OrganisationUnitScheme", "codelist": "Codelist", "xyz": ""} {
		var got []string
		for _, c := range ClassesByREST(name) {
			got = append(got, c.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("REST %s: %q, want %s", name, got, want)
		}
	}
	for c, want := range map[Class][2]string{ClassAgency: {"agency", "agencies"}, ClassProcess: {"process", "processes"}, ClassVtlMappingScheme: {"VTL mapping scheme", "VTL mapping schemes"},
		ClassHierarchy: {"hierarchy", "hierarchies"}, ClassReportingYearStartDay: {"attribute", "attributes"}, ClassDataStructure: {"data structure", "data structures"}} {
		if c.Word() != want[0] || c.Words() != want[1] {
			t.Errorf("%s is called %q, %q", c, c.Word(), c.Words())
		}
	}
}
