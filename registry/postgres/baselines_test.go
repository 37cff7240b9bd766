package postgres_test

import (
	"strings"
	"testing"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/postgres"
)

// Baseline settings reach the publisher, whether an administrator or the flags of a process
// made them, and a baseline that a setting begins is in the audit.
func TestBaselineSettings(t *testing.T) {
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "baselines"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	config := producer.Config{BaselineWhenConnectionChanges: true}.WithDefaults()
	p, err := producerOf(t.Context(), store, config, "")
	if err != nil {
		t.Fatal(err)
	}
	hold, err := p.Acquire(t.Context(), nobody)
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Release()
	row, err := hold.Load(t.Context())
	if err != nil || row.Config.BaselineAtEveryStart || !row.Config.BaselineWhenConnectionChanges {
		t.Errorf("%+v, %v", row.Config, err)
	}
	config.BaselineAtEveryStart = true
	if _, err := producerOf(t.Context(), store, config, ""); err != nil {
		t.Fatal(err)
	}
	now, err := hold.Load(t.Context())
	if err != nil || !now.Config.BaselineAtEveryStart || now.Config.Revision == row.Config.Revision {
		t.Errorf("after a start with other flags: %+v, %v", now.Config, err)
	}
	d, err := store.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Fix(t.Context(), nil, ""); err != nil { // the flags are gone: what is saved counts
		t.Fatal(err)
	}
	next := now.Config
	next.BaselineWhenConnectionChanges = false
	admin, err := (&control.Producers{Directory: d}).Change(t.Context(), next.Name, next, "", registry.Actor{User: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := admin.Status(t.Context()); err != nil || !s.Settings.BaselineAtEveryStart || s.Settings.BaselineWhenConnectionChanges {
		t.Errorf("after a change: %+v, %v", s.Settings, err)
	}
	j, err := hold.BeginJob(t.Context(), producer.Job{Kind: "baseline", AsOf: 7, Why: "baseline at every start"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	acts, err := store.Access().Acts(t.Context(), access.Query{Action: producer.ActBaselineBySetting, Limit: 10})
	if err != nil || len(acts) != 1 || acts[0].User != producer.UserOfSettings || acts[0].Subject != config.Name ||
		!strings.Contains(string(acts[0].Detail), j.ID) || !strings.Contains(string(acts[0].Detail), "baseline at every start") {
		t.Errorf("the audit says %+v, %v", acts, err)
	}
}
