package plan

import (
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
)

// What may change in a final structure may change wherever it stands, also if an older version of
// the program took it for structure and its digest is stored (R7).
func TestAnnotationsOfAFinalStructureMayChange(t *testing.T) {
	held, sent := cube("X"), cube("X")
	held.Final, sent.Final = true, true
	sent.ListAnnotations = []sdmx.ListAnnotations{{List: "DimensionDescriptor", Annotations: []sdmx.Annotation{{ID: "a"}}}}
	replace := registry.Submission{Mode: registry.ModeReplace}
	if got := holding(held).try(t, replace, sent); got != "updated" {
		t.Errorf("an annotation: %q", got)
	}
	s := holding(held)
	for i := range s.stored {
		s.stored[i].Structural[5]++
	}
	if got := s.try(t, replace, sent); got != "updated" {
		t.Errorf("after another digest: %q", got)
	}
}

// What was withdrawn by a version of the program with other digests may be the same or not: it
// comes back by force alone, and the refusal does not say that it is another.
func TestWithdrawnByAnotherVersion(t *testing.T) {
	held := list("L", "1.0.0", "a")
	s := holding(held)
	if got := s.try(t, registry.Submission{Mode: registry.ModeDelete, Request: registry.Request{Force: "test"}}, held); !strings.HasPrefix(got, "deleted") {
		t.Fatal(got)
	}
	w := s.withdrawn[sdmx.URNOf(held)]
	w.Structural[0] = 99
	s.withdrawn[sdmx.URNOf(held)] = w
	if got := s.try(t, registry.Submission{Mode: registry.ModeReplace}, held); !strings.HasPrefix(got, "immutable") || !strings.Contains(got, "cannot be told") {
		t.Errorf("it says %q", got)
	}
}

// No structure whose id the standard fixes can get another one.
func TestFixedIDsStay(t *testing.T) {
	for _, c := range sdmx.Modelled() {
		if c.FixedID() == "" {
			continue
		}
		u := sdmx.URN{Class: c, Agency: "A", ID: c.FixedID(), Version: sdmx.VersionDefault}
		_, err := New(nil).Rename(t.Context(), registry.Rename{Structure: u, NewID: "OTHER"})
		if _, ok := err.(*registry.InvalidError); !ok || !strings.Contains(err.Error(), "fixed by the standard") {
			t.Errorf("%s: %v", u, err)
		}
	}
}
