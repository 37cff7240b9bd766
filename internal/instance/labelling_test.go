package instance

import (
	"net/http"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/registry/postgres"
)

// By itself, an instance makes what was submitted known to the search, before anybody
// searches, at its start too.
func TestLabellingLoop(t *testing.T) {
	database := pg.Shared(t).Database(t, "labels")
	store, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	labels := func(want int) {
		t.Helper()
		n := -1
		for deadline := time.Now().Add(20 * time.Second); n != want; time.Sleep(20 * time.Millisecond) {
			if err := store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM labels`).Scan(&n); err != nil || time.Now().After(deadline) {
				t.Fatalf("%d labels, want %d, %v", n, want, err)
			}
		}
	}
	s := serveStored(t, database, nil)
	s.call(http.MethodPost, "/sdmx/v2/structure", string(rig.Message(rig.Codelist{ID: "ONE", Name: "One", Codes: 1}, rig.Codelist{ID: "TWO", Name: "Two", Codes: 1})))
	labels(2)
	s.stop()
	if _, err := store.Pool().Exec(t.Context(), `WITH gone AS (DELETE FROM labels) UPDATE labelled SET number = 0, position = 0`); err != nil {
		t.Fatal(err)
	}
	serveStored(t, database, nil)
	labels(2)
}
