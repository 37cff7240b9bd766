package producer

import (
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
)

func TestFilterPasses(t *testing.T) {
	urn := func(class, rest string) string { return "urn:sdmx:org.sdmx.infomodel." + class + "=" + rest }
	freq, below := urn("codelist.Codelist", "SDMX:CL_FREQ(2.1)"), urn("conceptscheme.ConceptScheme", "SDMX.SUB:CS(1.0)")
	alike := urn("codelist.Codelist", "SDMXX:CL_FREQ(2.1)")
	for name, c := range map[string]struct {
		filter Filter
		passes []string
	}{
		"none":                  {Filter{}, []string{freq, below, alike}},
		"class":                 {Filter{Classes: []string{"ConceptScheme"}}, []string{below}},
		"agency":                {Filter{Agencies: []string{"SDMX"}}, []string{freq}},
		"agency with those":     {Filter{Agencies: []string{"SDMX.*"}}, []string{freq, below}},
		"whole URN":             {Filter{URNs: []string{freq}}, []string{freq}},
		"beginning of a URN":    {Filter{URNs: []string{freq[:len(freq)-1]}}, nil},
		"pattern":               {Filter{URNs: []string{"*:CL_*(2.*)"}}, []string{freq, alike}},
		"one of two patterns":   {Filter{URNs: []string{"*=SDMX:*", "*.SUB:*"}}, []string{freq, below}},
		"all lists must let by": {Filter{Classes: []string{"Codelist"}, Agencies: []string{"SDMX.*"}, URNs: []string{"*"}}, []string{freq}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.filter.Check(); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{freq, below, alike} {
				u, err := sdmx.ParseURN(key)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := c.filter.Passes(u), slices.Contains(c.passes, key); got != want {
					t.Errorf("passing %s is %v, want %v", key, got, want)
				}
			}
		})
	}
}

func TestFilterCheck(t *testing.T) {
	for _, f := range []Filter{
		{Classes: []string{"Code"}}, {Classes: []string{"codelist"}}, {Agencies: []string{""}}, {Agencies: []string{"*"}}, {Agencies: []string{"A*"}},
		{URNs: []string{"SDMX:CL_FREQ"}}, {URNs: []string{"*" + strings.Repeat("x", filterBytesMax)}},
	} {
		if f.Check() == nil {
			t.Errorf("%.80v is taken", f)
		}
	}
}

// The stored form does not depend on order, and is read back as it was.
func TestFilterStored(t *testing.T) {
	a := Filter{Classes: []string{"Codelist", "Dataflow"}, URNs: []string{"*"}}
	b := Filter{Classes: []string{"Dataflow", "Codelist", "Codelist"}, URNs: []string{"*"}}
	if a.String() != b.String() {
		t.Errorf("%s and %s differ", a, b)
	}
	for _, f := range []Filter{a, {}} {
		if got, err := ParseFilter(f.String()); err != nil || got.String() != f.String() {
			t.Errorf("%s is read as %s, %v", f, got, err)
		}
	}
}

// A filter takes a structure by the name that its class has in any version of SDMX, whether it
// is held against the structure or against its key on a topic.
func TestFilterKnowsBothSpellings(t *testing.T) {
	u := sdmx.URN{Class: sdmx.ClassDataConstraint, Agency: "A", ID: "C", Version: "1.0"}
	for _, f := range []Filter{{Classes: []string{"ContentConstraint"}}, {Classes: []string{"DataConstraint"}},
		{URNs: []string{"*.ContentConstraint=A:*"}}, {URNs: []string{"*.DataConstraint=A:*"}}} {
		if err := f.Check(); err != nil {
			t.Errorf("%v: %v", f, err)
		}
		for _, key := range u.Spellings() {
			if !f.Passes(u) || !f.PassesKey(key) {
				t.Errorf("%v does not take %s", f, key)
			}
		}
		if f.Passes(sdmx.URN{Class: sdmx.ClassAttachmentConstraint, Agency: "A", ID: "C", Version: "1.0"}) {
			t.Errorf("%v takes an attachment constraint", f)
		}
	}
	if got := (Filter{Classes: []string{"ContentConstraint", "HierarchicalCodelist"}}).StoredClasses(); !slices.Equal(got, []string{"HierarchicalCodelist", "Hierarchy", "DataConstraint"}) {
		t.Errorf("stored as %v", got)
	}
}
