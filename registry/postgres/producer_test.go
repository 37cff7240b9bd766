package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/postgres"
)

// producerOf opens the producer that is configured for a process.
func producerOf(ctx context.Context, s *postgres.Store, c producer.Config, bootstrap string) (*postgres.ProducerStore, error) {
	d, err := s.Directory(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.Fix(ctx, &c, bootstrap); err != nil {
		return nil, err
	}
	all, err := d.Producers(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		if n.Name == c.Name {
			return d.Open(ctx, n.ID).(*postgres.ProducerStore), nil
		}
	}
	return nil, registry.ErrNotFound
}

func idOf(t testing.TB, p *postgres.ProducerStore) string {
	t.Helper()
	s, err := p.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.ID
}

// Producers are created, changed and deleted, each together with its act. A stale change, and
// one that takes another producer's topic, are refused. A configured producer cannot be
// changed otherwise.
func TestProducersAreKept(t *testing.T) {
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "producers"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	d, err := store.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ps := &control.Producers{Directory: d}
	by := registry.Actor{User: "anna", Remote: "here"}
	one := producer.Config{Name: "one", Routes: []producer.Route{{Topic: "a", Format: "fusion-json"}, {Topic: "b", Format: "sdmx-ml-2.1", Filter: producer.Filter{Agencies: []string{"SDMX"}}}}}
	admin, err := ps.Create(t.Context(), one, by)
	if err != nil {
		t.Fatal(err)
	}
	s, err := admin.Status(t.Context())
	if err != nil || s.State != producer.Stopped || s.Settings.Prefix != "tx" || len(s.Settings.Routes) != 2 || s.Settings.Routes[1].Filter.Agencies[0] != "SDMX" {
		t.Fatalf("%+v, %v", s, err)
	}
	refused := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = ps.Create(t.Context(), one, by)
	refused("a name twice", err, "producer one already")
	_, err = ps.Create(t.Context(), producer.Config{Name: "two", Routes: one.Routes[:1]}, by)
	refused("a topic twice", err, "Topic a belongs to producer one")
	_, err = ps.Create(t.Context(), producer.Config{Name: "two", Routes: []producer.Route{one.Routes[0], one.Routes[0]}}, by)
	refused("two routes to a topic", err, "topic a has two routes")
	_, err = ps.Create(t.Context(), producer.Config{Name: "t o", Routes: one.Routes}, by)
	refused("a name that is none", err, "name")
	_, err = ps.Create(t.Context(), producer.Config{Name: "two"}, by)
	refused("no route", err, "from 1 to 50 routes")

	next := s.Settings
	next.Routes = next.Routes[:1]
	if _, err := ps.Change(t.Context(), "one", next, "", by); err != nil {
		t.Fatal(err)
	}
	_, err = ps.Change(t.Context(), "one", next, "", by)
	refused("a stale change", err, "anna saved it at")
	next.Revision++
	renamed := next
	renamed.Name = "other"
	_, err = ps.Change(t.Context(), "one", renamed, "", by)
	refused("another name", err, "keeps its name")
	_, err = ps.Change(t.Context(), "one", next, producer.StartBaseline, by)
	refused("what follows before the first start", err, "never started")

	if err := d.Fix(t.Context(), &producer.Config{Name: "flags", Routes: []producer.Route{{Topic: "f", Format: "fusion-json"}}, Prefix: "tx", Sender: "S"}, "b:1"); err != nil {
		t.Fatal(err)
	}
	refused("deleting what flags say", ps.Delete(t.Context(), "flags", by), "--topic")
	if err := d.Fix(t.Context(), nil, ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"flags", "one"} {
		if err := ps.Delete(t.Context(), name, by); err != nil {
			t.Errorf("deleting %s: %v", name, err)
		}
	}
	if _, err := ps.Find(t.Context(), "one"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("after the end: %v", err)
	}
	checkDeleted(t, store, d.Open(t.Context(), s.ID), s.ID)
}

// The default connection is one, whether a producer names it or none: a topic is not taken twice.
func TestTheDefaultConnectionByNameAndWithout(t *testing.T) {
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "defaultconnection"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	d, err := store.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, connection := range map[string]string{"one": "", "two": producer.NameDefault} {
		other := producer.Config{Name: name + "-first", Connection: producer.NameDefault, Routes: []producer.Route{{Topic: name}}}.WithDefaults()
		second := producer.Config{Name: name, Connection: connection, Routes: other.Routes}.WithDefaults()
		if connection != "" {
			other.Connection = ""
		}
		act := registry.Act{User: "anna", Action: control.ActProducerCreated, Subject: name, Detail: []byte("{}")}
		if err := d.CreateProducer(t.Context(), &other, act); err != nil {
			t.Fatal(err)
		}
		if err := d.CreateProducer(t.Context(), &second, act); err == nil || !strings.Contains(err.Error(), "belongs to producer "+name+"-first") {
			t.Errorf("over the connection %q: %v", connection, err)
		}
	}
}

// checkDeleted checks what is kept of deleted producers, and the audit.
func checkDeleted(t *testing.T, store *postgres.Store, p producer.Store, id string) {
	t.Helper()
	if former, err := p.Former(t.Context(), id); err != nil || former != (producer.Former{Prefix: "tx", Lanes: 2}) {
		t.Errorf("of the deleted one is known %+v, %v", former, err)
	}
	acts, err := store.Access().Acts(t.Context(), access.Query{Ascending: true, Limit: 100})
	var seen []string
	for _, a := range acts {
		seen = append(seen, a.Action+" "+a.Subject)
	}
	want := "producer created one, producer changed one, producer deleted flags, producer deleted one"
	if got := strings.Join(seen, ", "); err != nil || got != want {
		t.Errorf("the audit says %s, %v; want %s", got, err, want)
	}
}

// Jobs wait in line, begin as of the cursor that they write, and can be cancelled until then.
func TestJobsWaitInLine(t *testing.T) {
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "jobs"))
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
	if err := hold.Adopt(t.Context(), producer.Published{Routes: []producer.PublishedRoute{{Route: producer.Route{Topic: "t", Format: "fusion-json"}, TopicID: "id"}}},
		"system", producer.Cursor{Number: 0, Offsets: map[string]int64{"t": 3}}, 0); err != nil {
		t.Fatal(err)
	}
	admin, by := control.New(p), registry.Actor{User: "anna"}
	var ids []string
	for _, agency := range []string{"A", "B", "C"} {
		j, err := admin.Publish(t.Context(), producer.Scope{Filter: producer.Filter{Agencies: []string{agency}}}, by)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, j.ID)
	}
	if j, err := admin.CancelJob(t.Context(), ids[1], by); err != nil || j.Phase != "cancelled" {
		t.Errorf("%+v, %v", j, err)
	}
	if row, err := hold.Load(t.Context()); err != nil || row.Waiting != 2 || row.Job != nil || row.Cursor.Offsets["t"] != 3 || row.Sent.Routes[0].TopicID != "id" {
		t.Errorf("%+v, %v", row, err)
	}
	j, err := hold.TakeJob(t.Context(), producer.Cursor{Number: 0, Offsets: map[string]int64{"t": 9}})
	if err != nil || j.ID != ids[0] || j.Scope.Filter.Agencies[0] != "A" {
		t.Fatalf("%+v, %v", j, err)
	}
	row, err := hold.Load(t.Context())
	if err != nil || row.Waiting != 1 || row.Job == nil || row.Job.ID != ids[0] || row.Cursor.Offsets["t"] != 9 {
		t.Errorf("%+v, %v", row, err)
	}
	if err := hold.EndJob(t.Context(), j.ID, row.Cursor); err != nil {
		t.Error(err)
	}
	if j, err := hold.TakeJob(t.Context(), row.Cursor); err != nil || j == nil || j.ID != ids[2] {
		t.Errorf("%+v, %v", j, err)
	}
	if err := hold.EndJob(t.Context(), ids[2], row.Cursor); err != nil {
		t.Error(err)
	}
	if j, err := hold.TakeJob(t.Context(), row.Cursor); err != nil || j != nil {
		t.Errorf("%+v, %v", j, err)
	}
	if _, err := admin.CancelJob(t.Context(), ids[2], by); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("cancelling what is done: %v", err)
	}
	jobs, err := admin.Jobs(t.Context(), 10)
	if err != nil || len(jobs) != 3 || jobs[0].ID != ids[2] || jobs[1].Phase != "cancelled" || jobs[2].Phase != "done" {
		t.Errorf("%+v, %v", jobs, err)
	}
}
