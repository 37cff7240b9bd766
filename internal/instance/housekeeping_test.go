package instance

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/registry"
	"urncast/registry/postgres"
)

// By itself, an instance removes what the setting lets go, says so in its log, and
// ends with its context.
func TestHousekeepingLoop(t *testing.T) {
	database := pg.Shared(t).Database(t, "loop")
	s := serveStored(t, database, nil)
	for i := range 4 {
		message := rig.Message(rig.Codelist{ID: "CL", Name: fmt.Sprint("name ", i), Codes: 1})
		s.call(http.MethodPost, "/sdmx/v2/structure", string(message))
	}
	s.stop()
	store, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r := registry.New(store)
	if _, err := r.SaveSettings(t.Context(), registry.Settings{Keep: registry.Keep{Days: 1}}, nil, registry.Actor{}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Pool().Exec(t.Context(), `UPDATE transactions SET recorded_at = now() - interval '3 days'`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	log, ended := &safeBuffer{}, make(chan struct{})
	go func() {
		defer close(ended)
		housekeeping(ctx, r, time.Millisecond, slog.New(slog.NewTextHandler(log, nil)))
	}()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(log.String(), "removed old content"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing was removed: %s", log)
		}
	}
	cancel()
	<-ended
	if h, err := r.Housekeeping(t.Context()); err != nil || h.Horizon != 4 || h.Last.Documents != 3 || h.Last.User != "urncast" {
		t.Errorf("afterwards: %+v, %v", h, err)
	}
}
