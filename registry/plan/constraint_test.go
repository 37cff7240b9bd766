package plan

import (
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
)

// A constraint refers to what it is attached to: that cannot be deleted, and a rename rewrites
// the reference.
func TestConstraintsReferToWhatTheyAreAttachedTo(t *testing.T) {
	k := named(&sdmx.DataConstraint{Role: sdmx.RoleAllowed}, "K", "1.0")
	k.Attachment.To = []sdmx.Ref{sdmx.RefTo(sdmx.URNOf(cube()))}
	s := holding(cube("X"), k)
	if got := s.try(t, registry.Submission{Mode: registry.ModeDelete}, cube()); !strings.Contains(got, "referenced") {
		t.Errorf("the structure was deleted under its constraint: %q", got)
	}
	n := &registry.Rename{Structure: sdmx.URNOf(cube()), NewID: "N"}
	n.Force = "wrong name"
	s.answer(t, newProposal(registry.Submission{Mode: registry.ModeReplace, Request: n.Request}, "rename", n))
	if to := s.now[sdmx.URNOf(k)].(*sdmx.DataConstraint).Attachment.To[0]; to.ID != "N" {
		t.Errorf("after the rename, the constraint is attached to %s", to)
	}
}

// Metadata sets are held elsewhere, so a constraint may be attached to one that is not here.
func TestMetadataSetsAreElsewhere(t *testing.T) {
	k := named(&sdmx.MetadataConstraint{}, "K", "1.0")
	k.Attachment.To = []sdmx.Ref{sdmx.RefTo(sdmx.URN{Class: sdmx.ClassMetadataSet, Agency: "A", ID: "S", Version: "1.0"})}
	if got := holding(agencyScheme("A")).try(t, registry.Submission{Mode: registry.ModeReplace}, k); !strings.HasPrefix(got, "created") {
		t.Errorf("the constraint was not taken: %q", got)
	}
}
