package postgres_test

import (
	"slices"
	"testing"

	"urncast/producer/diagnosis"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/sdmx"
)

// Largest finds the largest current structure, not one that was replaced, and acts outside of
// the database are audited.
func TestDoctor(t *testing.T) {
	r, s := open(t)
	if l, err := s.Largest(t.Context(), 3); err != nil || len(l) != 0 {
		t.Errorf("in an empty registry: %+v, %v", l, err)
	}
	submit(t, r, registry.ModeAppend, codelist("SMALL", "1.0", "a"), codelist("LARGE", "1.0", "a", "b", "c", "d"))
	submit(t, r, registry.ModeReplace, codelist("LARGE", "1.0", "a", "b", "c"))
	largest := func() (id string, bytes int) {
		t.Helper()
		l, err := s.Largest(t.Context(), 1)
		if err != nil || len(l) != 1 {
			t.Fatalf("%+v, %v", l, err)
		}
		if _, err := sdmx.ParseCanonical(l[0].URN.Class, l[0].Body); err != nil {
			t.Error(err)
		}
		return l[0].URN.ID, len(l[0].Body)
	}
	id, before := largest()
	submit(t, r, registry.ModeReplace, codelist("LARGE", "1.0", "a", "b"))
	if now, bytes := largest(); id != "LARGE" || now != id || bytes >= before {
		t.Errorf("shortened: %s, %d bytes; before it was %s with %d", now, bytes, id, before)
	}
	if all, err := s.Largest(t.Context(), 3); err != nil || len(all) != 2 || all[0].URN.ID != "LARGE" {
		t.Errorf("%+v, %v", all, err)
	}
	connections := s.Connections(nil)
	act := registry.Act{User: "alice", Remote: "127.0.0.1:1", Action: diagnosis.ActTopicCreated, Subject: "structures", Detail: []byte(`{"settings": {}}`)}
	if err := connections.RecordAct(t.Context(), act); err != nil {
		t.Fatal(err)
	}
	acts, err := s.Access().Acts(t.Context(), access.Query{Ascending: true, Limit: 10})
	acts = slices.DeleteFunc(acts, func(a registry.Act) bool { return a.Action == registry.ActStructuresChanged })
	if err != nil || len(acts) != 1 || acts[0].Action != act.Action || acts[0].User != act.User || acts[0].Subject != act.Subject || string(acts[0].Detail) != string(act.Detail) {
		t.Errorf("the audit has %+v, %v", acts, err)
	}
}
