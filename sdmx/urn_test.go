package sdmx

import (
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
