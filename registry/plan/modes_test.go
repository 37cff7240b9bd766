package plan

import (
	"testing"

	"urncast/registry"
	"urncast/sdmx"
)

// Structures of one submission may have modes of their own: each is decided by its own, and all in
// one plan, so that what one of them takes away another need not have any more (R3, R4).
func TestModesOfStructures(t *testing.T) {
	by := func(modes map[string]registry.Mode) registry.Submission {
		return registry.Submission{Mode: registry.ModeReplace, Modes: func(u sdmx.URN) registry.Mode { return modes[u.ID] }}
	}
	s := holding(list("APPENDED", "1.0", "a", "b"), list("REPLACED", "1.0", "a", "b"), list("DELETED", "1.0", "a"), list("SHOWN", "1.0", "a"), list("KEPT", "1.0", "a"))
	in := by(map[string]registry.Mode{"APPENDED": registry.ModeAppend, "DELETED": registry.ModeDelete, "SHOWN": registry.ModeInformation})
	got := s.try(t, in, list("APPENDED", "1.0", "c"), list("REPLACED", "1.0", "c"), list("DELETED", "1.0", "other"), list("SHOWN", "1.0", "c"), list("NEW", "1.0"))
	if want := "updated; updated; unchanged, urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:SHOWN(1.0) was sent for information (action Information): nothing is done with it.; created; deleted"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for id, want := range map[string]int{"APPENDED": 3, "REPLACED": 1, "DELETED": -1, "SHOWN": 1, "KEPT": 1, "NEW": 0} {
		n := -1
		if m := s.now[sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: id, Version: "1.0"}]; m != nil {
			n = sdmx.CountItems(m)
		}
		if n != want {
			t.Errorf("%s has %d codes, want %d (-1: it is gone)", id, n, want)
		}
	}
	base := list("BASE", "1.0", "a")
	extending := list("EXTENDING", "1.0", "b")
	extending.Extensions = []sdmx.CodelistExtension{{Codelist: sdmx.RefTo(sdmx.URNOf(base))}}
	s = holding(base, extending)
	if got := s.try(t, by(map[string]registry.Mode{"BASE": registry.ModeDelete, "EXTENDING": registry.ModeInformation}), base, list("EXTENDING", "1.0", "b")); got[:11] != "unchanged, " || s.now[sdmx.URNOf(base)] == nil {
		t.Errorf("what a structure refers to that is only shown is deleted: %s", got)
	}
	if got := s.try(t, by(map[string]registry.Mode{"BASE": registry.ModeDelete}), base, list("EXTENDING", "1.0", "b")); got != "updated; deleted" {
		t.Errorf("a structure and what it referred to before: %s", got)
	}
	p := newProposal(in, "", nil)
	for i, m := range []registry.Mode{registry.ModeDelete, registry.ModeAppend, registry.ModeInformation, registry.ModeAppend} {
		p.entries = append(p.entries, newEntry(sdmx.URN{ID: string(rune('a' + i))}, ""))
		p.entries[i].result.Mode = m
	}
	if got := p.modes(); got != "append, delete" {
		t.Errorf("the origin of a transaction by several modes is %q", got)
	}
}
