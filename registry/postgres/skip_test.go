package postgres_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
)

// The limits of a topic are the newest that were seen, and belong to the topic that the
// producer is configured for.
func TestLimitsAreKept(t *testing.T) {
	c := newCluster(t, pg.Shared(t), "limits")
	h := c.acquire(c.a)
	topic := producer.TopicDefault
	routes := func() []control.LimitedRoute {
		t.Helper()
		all, err := c.b.Routes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if all := routes(); len(all) != 1 || all[0].Topic != topic || all[0].Limits != (producer.Limits{}) || !all[0].SeenAt.IsZero() {
		t.Errorf("before anybody looked: %+v, want the route without limits", all)
	}
	for _, seen := range []producer.Limits{{Request: 1, Message: 2}, {Request: 3, Message: 4, Socket: 5}} {
		for name, l := range map[string]producer.Limits{topic: seen, "another": {Request: 9}} {
			if err := h.Limit(t.Context(), name, l); err != nil {
				t.Fatal(err)
			}
		}
		if all := routes(); len(all) != 1 || all[0].Topic != topic || all[0].Limits != seen || all[0].Format == "" || all[0].SeenAt.IsZero() {
			t.Errorf("the routes are %+v, want one with %+v", all, seen)
		}
	}
}

// The wish to skip has everything that the publisher needs, is audited, and its result is
// stored with the transactions. A later wish does not skip again.
func TestSkipIsKept(t *testing.T) {
	c := newCluster(t, pg.Shared(t), "skip")
	h := c.acquire(c.a)
	done := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	done(h.Adopt(t.Context(), producer.Published{}, "s", producer.Cursor{Number: 3}, 0))
	done(h.Fail(t.Context(), 4, "too large"))
	if s := c.status(c.b); s.Failed != 4 {
		t.Errorf("it failed at 4, the status says %d", s.Failed)
	}
	ask := control.Skip{Transaction: 4, Reason: "it is too large"}
	done(c.b.Wish(t.Context(), producer.Wish{Run: producer.Idle, How: "skip", Skip: ask.Transaction, Reason: ask.Reason, User: "ann"}, registry.Act{User: "ann", Remote: "r", Action: control.ActSkipAsked, Subject: "p", Detail: json.RawMessage(`{"transaction": 4}`)}))
	w := c.load(h).Wish
	if w.Run != producer.Idle || w.How != "skip" || w.Skip != 4 || w.Reason != ask.Reason || w.User != "ann" {
		t.Errorf("the wish is %+v", w)
	}
	var action, user string
	done(c.a.Pool().QueryRow(t.Context(), `SELECT action, user_name FROM audit ORDER BY id DESC LIMIT 1`).Scan(&action, &user))
	if action != control.ActSkipAsked || user != "ann" {
		t.Errorf("the audit says %q by %q", action, user)
	}
	done(h.SkipAsked(t.Context(), 4, 5, w.Reason, &w))
	if r := c.load(h); r.Taken != w.Sequence || r.Cursor.Number != 5 {
		t.Errorf("wish %d, taken %d, cursor %d", w.Sequence, r.Taken, r.Cursor.Number)
	}
	if s := c.status(c.b); s.Failed != 0 {
		t.Errorf("after the skip it still failed at %d", s.Failed)
	}
	became, err := c.b.Statuses(t.Context(), 3, 6)
	done(err)
	for n, want := range map[registry.Number]control.Became{
		3: {Status: producer.StatusSkipped, Reason: became[3].Reason}, // before the first start
		4: {Status: producer.StatusSkipped, Reason: ask.Reason, User: "ann"},
		5: {Status: producer.StatusSkipped, Reason: ask.Reason, User: "ann"},
		6: {Status: producer.StatusPending},
	} {
		if !reflect.DeepEqual(became[n], want) {
			t.Errorf("transaction %d is %+v, want %+v", n, became[n], want)
		}
	}
	skips, err := c.b.Skips(t.Context(), 6)
	done(err)
	if want := (registry.Range{First: 4, Last: 5}); skips != want {
		t.Errorf("directly below 6 %v are skipped, want %v", skips, want)
	}
	done(c.b.Wish(t.Context(), producer.Wish{Run: producer.Idle, User: "ann"}, registry.Act{Detail: json.RawMessage("{}")}))
	if w := c.load(h).Wish; w.Skip != 0 || w.Reason != "" || w.How != "" {
		t.Errorf("a start after the skip is %+v", w)
	}
}
