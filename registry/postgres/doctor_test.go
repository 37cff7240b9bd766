package postgres_test

import (
	"slices"
	"testing"

	"urncast/producer/diagnosis"
	"urncast/registry"
	"urncast/registry/access"
)

// Largest finds the largest current structure, not one that was replaced, and acts outside of
// the database are audited.
func TestDoctor(t *testing.T) {
	r, s := open(t)
	if l, err := s.Largest(t.Context()); err != nil || l != (diagnosis.Largest{}) {
		t.Errorf("in an empty registry: %+v, %v", l, err)
	}
	submit(t, r, registry.ModeAppend, codelist("SMALL", "1.0", "a"), codelist("LARGE", "1.0", "a", "b", "c", "d"))
	submit(t, r, registry.ModeReplace, codelist("LARGE", "1.0", "a", "b", "c"))
	l, err := s.Largest(t.Context())
	if err != nil || l.URN != "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:LARGE(1.0)" {
		t.Errorf("%+v, %v", l, err)
	}
	submit(t, r, registry.ModeReplace, codelist("LARGE", "1.0", "a", "b"))
	if now, err := s.Largest(t.Context()); err != nil || now.Bytes >= l.Bytes || now.URN != l.URN {
		t.Errorf("shortened: %+v, %v; before it had %d bytes", now, err, l.Bytes)
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
