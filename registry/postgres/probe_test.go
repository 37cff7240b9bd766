package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"urncast/integration/rig/pg"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/registry/postgres"
)

// load runs short transactions of other clients through a pooler until the test ends.
func load(t *testing.T, url string, clients int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			conn, err := pgx.Connect(ctx, url)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close(context.Background())
			for ctx.Err() == nil {
				_, _ = conn.PgConn().Exec(ctx, `SELECT pg_sleep(random() * 0.01)`).ReadAll() // its end is the test's
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		group.Wait()
	})
}

// A pooler that does not keep sessions is refused at the start, with and without other clients
// and with any number of server sessions; one in session mode is accepted.
func TestPoolers(t *testing.T) {
	server := pg.Start(t)
	for i, tt := range []struct {
		mode              string
		sessions, clients int
		want              error
	}{
		{"transaction", 20, 0, postgres.ErrPooler},
		{"transaction", 5, 12, postgres.ErrPooler},
		{"transaction", 2, 1, postgres.ErrPooler},
		{"statement", 5, 4, postgres.ErrPooler},
		{"session", 60, 10, nil},
	} {
		t.Run(fmt.Sprint(tt.mode, tt.sessions, "with", tt.clients), func(t *testing.T) {
			name := fmt.Sprint("pooled", i)
			server.Database(t, name)
			url := server.Pooler(t, name, tt.mode, tt.sessions)
			load(t, url, tt.clients)
			s, err := postgres.Open(t.Context(), url)
			if !errors.Is(err, tt.want) {
				t.Fatalf("opening: %v, want %v", err, tt.want)
			}
			if err != nil {
				return
			}
			defer s.Close()
			want(t, submit(t, plan.New(s), registry.ModeReplace, codelist("CL", "1.0", "a")), "1 created")
		})
	}
}

// A replica is refused with a sentence that says what to do.
func TestReplica(t *testing.T) {
	primary := pg.Start(t)
	url := primary.Database(t, "a")
	openOn(t, url)
	standby := primary.Standby(t)
	if s, err := postgres.Open(t.Context(), standby.URL("a")); !errors.Is(err, postgres.ErrReplica) {
		if err == nil {
			s.Close()
		}
		t.Errorf("opening a replica: %v", err)
	}
}
