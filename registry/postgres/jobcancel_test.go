package postgres_test

import (
	"strings"
	"testing"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/access"
)

// An administrator asks to cancel a job under way and the holder of the lease does it,
// reporting what it leaves. The transactions that the job stood for are skipped, by the user
// who asked.
func TestJobUnderWayIsCancelled(t *testing.T) {
	r, store := openOn(t, pg.Shared(t).Database(t, "cancelled"))
	for _, id := range []string{"L1", "L2", "L3"} {
		submit(t, r, registry.ModeAppend, codelist(id, "1.0"))
	}
	p, err := producerOf(t.Context(), store, producer.Config{}.WithDefaults(), "")
	if err != nil {
		t.Fatal(err)
	}
	hold, err := p.Acquire(t.Context(), nobody)
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Release()
	done := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	done(hold.Adopt(t.Context(), producer.Published{Routes: []producer.PublishedRoute{{Route: producer.Route{Topic: "t", Format: "fusion-json"}, TopicID: "id"}}},
		"system", producer.Cursor{Number: 1, Offsets: map[string]int64{"t": 3}}, 0))
	j, err := hold.BeginJob(t.Context(), producer.Job{Kind: "baseline", AsOf: 2, First: true}, 0)
	done(err)
	done(hold.RenewJob(t.Context(), j.ID, 3))
	done(hold.Progress(t.Context(), j.ID, "publish", 3, 2, 100))
	done(hold.Report(t.Context(), producer.Incident{State: producer.Failed, Reason: "Too large.", Cause: "c"}))
	row, err := hold.Load(t.Context())
	if err != nil || row.Job == nil || row.Job.Cancel || !row.Job.First || row.Job.Done != 2 || row.Job.AsOf != 3 {
		t.Fatalf("%+v, %v", row.Job, err)
	}
	admin, by := control.New(p), registry.Actor{User: "anna"}
	before, err := admin.Jobs(t.Context(), 10)
	if err != nil || len(before) != 1 || !strings.Contains(before[0].Leaves, "2 of its 3 structures are on the topics, as of transaction 3.") {
		t.Errorf("%+v, %v", before, err)
	}
	asked, err := admin.CancelJob(t.Context(), j.ID, by)
	if err != nil || !asked.Cancelling || asked.Leaves != before[0].Leaves {
		t.Errorf("%+v, %v", asked, err)
	}
	row, err = hold.Load(t.Context())
	if err != nil || !row.Job.Cancel || row.Wish.Sequence != 1 || row.Wish.Run != producer.Idle || row.Wish.How != producer.WishCancel {
		t.Errorf("%+v, %+v, %v", row.Job, row.Wish, err)
	}
	done(hold.CancelJob(t.Context(), j.ID, producer.Cursor{Number: 3, Offsets: map[string]int64{"t": 9}}, "Chunk 1 is there."))
	row, err = hold.Load(t.Context())
	if err != nil || row.Job != nil || row.Cursor.Number != 3 || row.Cursor.Offsets["t"] != 9 {
		t.Errorf("%+v, %v", row, err)
	}
	became, err := admin.TransactionStatus(t.Context(), 1, 3)
	if err != nil || became[1].User != "" || became[2].Status != producer.StatusSkipped || became[3].User != "anna" ||
		!strings.Contains(became[3].Reason, j.ID) || !strings.Contains(became[3].Reason, "Chunk 1 is there.") {
		t.Errorf("%+v, %v", became, err)
	}
	after, err := admin.Jobs(t.Context(), 10)
	if err != nil || after[0].Phase != "cancelled" || after[0].Cancelling || after[0].Leaves != "Chunk 1 is there." {
		t.Errorf("%+v, %v", after, err)
	}
	acts, err := store.Access().Acts(t.Context(), access.Query{User: "anna", Ascending: true, Limit: 10})
	if err != nil || len(acts) != 2 || acts[0].Action != control.ActJobCancelAsked || acts[1].Action != control.ActJobCancelled || acts[1].User != "anna" {
		t.Errorf("%+v, %v", acts, err)
	}
}

// A job that is created while transactions are pending waits until they are sent, and so does
// one that is put back.
func TestJobWaitsForWhatIsPending(t *testing.T) {
	r, store := openOn(t, pg.Shared(t).Database(t, "later"))
	p, err := producerOf(t.Context(), store, producer.Config{}.WithDefaults(), "")
	if err != nil {
		t.Fatal(err)
	}
	hold, err := p.Acquire(t.Context(), nobody)
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Release()
	cursor := producer.Cursor{Number: 0, Offsets: map[string]int64{"t": 0}}
	if err := hold.Adopt(t.Context(), producer.Published{}, "system", cursor, 0); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"L1", "L2"} {
		submit(t, r, registry.ModeAppend, codelist(id, "1.0"))
	}
	asked, err := control.New(p).Publish(t.Context(), producer.Scope{}, registry.Actor{User: "anna"})
	if err != nil || asked.After != 2 {
		t.Fatalf("%+v, %v", asked, err)
	}
	if j, err := hold.TakeJob(t.Context(), cursor); err != nil || j != nil {
		t.Errorf("begun before its time: %+v, %v", j, err)
	}
	row, err := hold.Load(t.Context())
	if err != nil || row.Waiting != 1 || row.NextJobAfter != 2 {
		t.Errorf("%+v, %v", row, err)
	}
	cursor.Number = 2
	j, err := hold.TakeJob(t.Context(), cursor)
	if err != nil || j == nil || j.AsOf != 2 {
		t.Fatalf("%+v, %v", j, err)
	}
	if err := hold.PutBackJob(t.Context(), j.ID, 5); err != nil {
		t.Fatal(err)
	}
	row, err = hold.Load(t.Context())
	if err != nil || row.Job != nil || row.Waiting != 1 || row.NextJobAfter != 5 {
		t.Errorf("%+v, %v", row, err)
	}
}
