package postgres_test

import (
	"context"
	"strings"
	"testing"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/registry/postgres"
)

// A copy of a database on the same server is distinguished from the original, though the
// server's system identifier is the same: its producer must not fence that of the original.
func TestCopyOnTheSameServer(t *testing.T) {
	server := pg.Shared(t)
	url := server.Database(t, "original")
	_, s := openOn(t, url)
	if row, system := adopted(t, s, true); row.System != system {
		t.Errorf("the original is taken for a copy: %q, %q", row.System, system)
	}
	s.Close()
	server.Restore(t, "original", server.Dump(t, "original")) // in place, as after a loss
	_, s = openOn(t, url)
	row, system := adopted(t, s, false)
	id, database, _ := strings.Cut(system, ", ")
	if was, wasDatabase, _ := strings.Cut(row.System, ", "); was != id || wasDatabase == database || !strings.HasPrefix(database, "database ") || !strings.HasPrefix(wasDatabase, "database ") {
		t.Errorf("the restored database is taken for the original: %q, %q", row.System, system)
	}
	if row, system := adopted(t, s, true); row.System != system {
		t.Errorf("after the answer it still is a copy: %q, %q", row.System, system)
	}
}

// adopted returns the producer's row, after a start of the producer if start is true.
func adopted(t *testing.T, s *postgres.Store, start bool) (producer.Row, string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p, err := producerOf(ctx, s, producer.Config{}.WithDefaults(), "")
	if err != nil {
		t.Fatal(err)
	}
	system, err := p.System(ctx)
	if err != nil {
		t.Fatal(err)
	}
	h, err := p.Acquire(ctx, nobody)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Release()
	if start {
		if err := h.Adopt(ctx, producer.Published{}, system, producer.Cursor{}, 0); err != nil {
			t.Fatal(err)
		}
	}
	row, err := h.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return row, system
}
