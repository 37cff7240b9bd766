package postgres_test

import (
	"encoding/json"
	"strings"
	"testing"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/sdmx"
)

// The structure of a deleted stable version is known for ever, even after housekeeping has
// removed its content, and a forced change is in the audit with its reason (R7).
func TestWithdrawnNumbersOutliveHousekeeping(t *testing.T) {
	r, store := open(t)
	ctx := t.Context()
	cl := codelist("CL", "1.0.0", "a")
	submit(t, r, registry.ModeReplace, cl)
	wantReason(t, submit(t, r, registry.ModeDelete, cl), registry.ReasonImmutable, "an administrator can force it")
	in := submission(registry.ModeDelete, cl)
	in.Force = "published by mistake"
	o, err := r.Submit(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	want(t, o, "2 deleted")
	if one, _, err := r.Transaction(ctx, 2); err != nil || one.Origin != "forced delete" {
		t.Errorf("the log tells %+v, %v", one, err)
	}
	submit(t, r, registry.ModeReplace, codelist("OTHER", "1.0", "a"))
	pass(t, store, 30)
	keep(t, r, 1, 0)
	if done := housekeep(t, r); done.Documents != 1 {
		t.Fatalf("housekeeping removed %+v", done)
	}
	wantReason(t, submit(t, r, registry.ModeReplace, codelist("CL", "1.0.0", "z")), registry.ReasonImmutable, "was withdrawn")
	if there, err := r.Versions(ctx, sdmx.URNOf(cl)); err != nil || len(there) != 0 {
		t.Errorf("what was withdrawn is listed: %v, %v", there, err)
	}
	want(t, submit(t, r, registry.ModeReplace, cl), "4 created")
	if there, err := r.Versions(ctx, sdmx.URNOf(cl)); err != nil || len(there) != 1 {
		t.Errorf("what came back is listed as %v, %v", there, err)
	}

	acts, err := store.Access().Acts(ctx, access.Query{Action: registry.ActStructuresForced, Limit: 10})
	if err != nil || len(acts) != 1 {
		t.Fatalf("the audit has %+v, %v", acts, err)
	}
	var detail struct {
		Reason string
		Forced []string
	}
	if err := json.Unmarshal(acts[0].Detail, &detail); err != nil || detail.Reason != in.Force || len(detail.Forced) != 1 || !strings.HasSuffix(detail.Forced[0], "A:CL(1.0.0)") {
		t.Errorf("the audit tells %s, %v", acts[0].Detail, err)
	}
}

// Versions that were deleted before the schema stored such deletions are known as far as their
// contents still exist, and so are those that an older version of the program deletes beside
// this one.
func TestWithdrawnOfOlderPrograms(t *testing.T) {
	url, db := olderSchema(t, 17)
	o := &older{t: t, db: db}
	before, beside := codelist("BEFORE", "1.0.0", "a"), codelist("BESIDE", "1.0.0", "a")
	o.record(before, beside)
	o.exec(`UPDATE documents SET immutable = true`)
	gone := `DELETE FROM current WHERE urn_id = (SELECT id FROM urns WHERE name = $1)`
	o.exec(gone, "BEFORE")
	r, _ := openOn(t, url)
	o.exec(gone, "BESIDE")
	for _, id := range []string{"BEFORE", "BESIDE"} {
		wantReason(t, submit(t, r, registry.ModeReplace, codelist(id, "1.0.0", "z")), registry.ReasonImmutable, "was withdrawn")
	}
	want(t, submit(t, r, registry.ModeReplace, before, beside), "2 created created")
}

// Tombstones are in the reverse order of the messages that they delete, even where neither
// class nor name determines it.
func TestTombstonesComeBeforeWhatTheyReferTo(t *testing.T) {
	r, _ := open(t)
	base, extended := codelist("Z", "1.0", "a"), codelist("A", "1.0", "b")
	extended.Extensions = []sdmx.CodelistExtension{{Codelist: sdmx.RefTo(sdmx.URNOf(base))}}
	submit(t, r, registry.ModeReplace, extended, base)
	want(t, submit(t, r, registry.ModeDelete, base, extended), "2 deleted deleted")
	for n, first := range map[registry.Number]string{1: "Z", 2: "A"} {
		_, changes, err := r.Transaction(t.Context(), n)
		if err != nil || changes[0].URN.ID != first {
			t.Errorf("transaction %d begins with %+v, %v", n, changes, err)
		}
	}
}
