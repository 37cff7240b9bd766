package postgres_test

import (
	"testing"
	"time"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/postgres"
)

// Transactions from before an idle first start are reported as never sent, until a baseline of
// everything is done; and IDLE begins when the last transaction was handled.
func TestNeverSentIsSaid(t *testing.T) {
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "neversent"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	p, err := producerOf(t.Context(), store, producer.Config{}.WithDefaults(), "")
	if err != nil {
		t.Fatal(err)
	}
	hold, err := p.Acquire(t.Context(), nobody)
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Release()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	admin := control.New(p)
	status := func() control.Status {
		t.Helper()
		s, err := admin.Status(t.Context())
		ok(err)
		return s
	}
	if s := status(); s.BeforeStart != 0 || !s.HandledAt.IsZero() {
		t.Errorf("before the start: %+v", s)
	}
	ok(hold.Adopt(t.Context(), producer.Published{}, "system", producer.Cursor{Number: 7}, 0))
	ok(hold.Show(t.Context(), producer.Idle, "", nil))
	if s := status(); s.BeforeStart != 7 {
		t.Errorf("after an idle start at 7: %d", s.BeforeStart)
	}
	time.Sleep(10 * time.Millisecond)
	was := status().Since
	ok(hold.Move(t.Context(), producer.Cursor{Number: 9}, nil))
	if s := status(); s.State != producer.Idle || !s.Since.After(was) || !s.Since.Equal(s.HandledAt) {
		t.Errorf("after a transaction it is %s since %s, and was since %s", s.State, s.Since, was)
	}
	for _, scope := range []producer.Scope{{Filter: producer.Filter{Agencies: []string{"A"}}}, {Topics: []string{"structures"}}, {}} {
		if s := status(); s.BeforeStart != 7 {
			t.Errorf("before a job of everything: %d", s.BeforeStart)
		}
		kind := "republish"
		if scope.Filter.IsZero() {
			kind = "baseline"
		}
		j, err := hold.BeginJob(t.Context(), producer.Job{Kind: kind, Scope: scope, AsOf: registry.Number(9)}, 0)
		ok(err)
		ok(hold.EndJob(t.Context(), j.ID, producer.Cursor{Number: 9, Offsets: map[string]int64{}}))
	}
	if s := status(); s.BeforeStart != 0 {
		t.Errorf("after a baseline: %d", s.BeforeStart)
	}
}
