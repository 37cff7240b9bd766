package main

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
	"urncast/web/rest"
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

// What the command prints is a sentence for each outcome.
func TestPrintRemoval(t *testing.T) {
	for name, c := range map[string]struct {
		done rest.Removal
		want string
	}{
		"dry": {rest.Removal{DryRun: true, After: 2, Horizon: 9, Transactions: 7, Documents: 8, Bytes: 9, Limit: "Why."},
			"would remove content of 7 transactions: 8 documents, 9 bytes\nwhat was current after transaction 9, and after each since, would be readable; all records stay\nWhy.\n"},
		"nothing, dry": {rest.Removal{DryRun: true, Limit: "Why."}, "nothing would be removed\neverything is readable\nWhy.\n"},
		"done": {rest.Removal{After: 2, Horizon: 9, Documents: 8, Bytes: 9, Limit: "Why."},
			"removed 8 documents, 9 bytes\nwhat was current after transaction 9, and after each since, is readable; all records stay\nWhy.\n"},
		"nothing": {rest.Removal{After: 9, Horizon: 9, Limit: "Why."},
			"nothing was removed\nwhat was current after transaction 9, and after each since, is readable; all records stay\nWhy.\n"},
	} {
		var out strings.Builder
		printRemoval(&out, &c.done)
		if got := out.String(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
