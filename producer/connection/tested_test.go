package connection_test

import (
	"slices"
	"testing"

	"urncast/producer/connection"
	"urncast/registry"
)

// The list and the connection say how the last test of what is saved went: tests of edits
// and of others do not count, and after a change the test is outdated.
func TestTheLastTestIsShown(t *testing.T) {
	k := newKit(t)
	saved := k.save(edit(0, "bootstrap.servers=good:1"))
	if last := saved.Shown.LastTest; last != nil {
		t.Fatalf("tested before it was: %+v", last)
	}
	record := func(name, user string, r connection.TestRecord) {
		t.Helper()
		if err := k.store.RecordAct(t.Context(), registry.Actor{User: user}.Did(connection.ActTested, name, r)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(outcome connection.Outcome, by string, outdated bool, failed ...string) {
		t.Helper()
		one, err := k.Get(t.Context(), "c")
		if err != nil {
			t.Fatal(err)
		}
		all, err := k.List(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		for _, last := range []*connection.Tested{one.LastTest, all[0].LastTest} {
			if last == nil || last.Outcome != outcome || last.By != by || last.Outdated != outdated || !slices.Equal(last.Failed, failed) || last.At.IsZero() {
				t.Errorf("%+v, want %s by %s, outdated %t, failed %q", last, outcome, by, outdated, failed)
			}
		}
	}
	record("c", "ada", connection.TestRecord{Failed: []string{"reach"}, Ended: true})
	check(connection.TestFailed, "ada", false, "reach")
	record("c", "bob", connection.TestRecord{Ended: true})
	record("c", "eve", connection.TestRecord{Edited: true, Failed: []string{"reach"}, Ended: true})
	record("d", "eve", connection.TestRecord{Failed: []string{"reach"}, Ended: true})
	check(connection.TestPassed, "bob", false)
	record("c", "bob", connection.TestRecord{})
	check(connection.TestInterrupted, "bob", false)
	k.save(edit(saved.Shown.Revision, "bootstrap.servers=good:2"))
	check(connection.TestInterrupted, "bob", true)
}
