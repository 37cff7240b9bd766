package plan

import (
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
)

// VTL schemes are held by what they refer to, and a rename rewrites their references: to
// schemes, and to what a mapping maps.
func TestVTLReferences(t *testing.T) {
	mappings := named(&sdmx.VtlMappingScheme{}, "MAP", "1.0")
	mappings.Items = []sdmx.VtlMapping{{Nameable: sdmx.Nameable{ID: "M"}, Alias: "areas", Mapped: sdmx.RefTo(sdmx.URNOf(list("L", "1.0")))}}
	steps := named(&sdmx.TransformationScheme{VTLVersion: "2.0", Mappings: sdmx.RefTo(sdmx.URNOf(mappings))}, "STEPS", "1.0")
	if got := newShelf().try(t, registry.Submission{Mode: registry.ModeReplace}, steps); !strings.Contains(got, "A:MAP(1.0)") {
		t.Errorf("a scheme that refers to nothing that is there: %q", got)
	}
	s := holding(list("L", "1.0", "a"), mappings, steps, to("X", "1.0", "VtlCodelistMapping=A:MAP(1.0).M"))
	if got := s.try(t, registry.Submission{Mode: registry.ModeDelete}, mappings); !strings.Contains(got, "A:STEPS(1.0)") {
		t.Errorf("what a scheme needs is deleted: %q", got)
	}
	for _, old := range []sdmx.URN{sdmx.URNOf(list("L", "1.0")), sdmx.URNOf(mappings)} {
		n := registry.Rename{Structure: old, NewID: old.ID + "2"}
		n.Force = "wrong name"
		s.answer(t, newProposal(registry.Submission{Mode: registry.ModeReplace}, "rename", &n))
	}
	for _, m := range s.now {
		switch m := m.(type) {
		case *sdmx.VtlMappingScheme:
			if got := m.ID + " " + m.Items[0].Mapped.ID; got != "MAP2 L2" {
				t.Errorf("the mappings are %s", got)
			}
		case *sdmx.TransformationScheme:
			if m.Mappings.ID != "MAP2" {
				t.Errorf("the transformations refer to %s", m.Mappings)
			}
		case *sdmx.Categorisation:
			if m.Source.ID != "MAP2" {
				t.Errorf("the categorisation is of %s", m.Source)
			}
		}
	}
}
