package postgres_test

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"urncast/integration/rig/pg"
	"urncast/migrations"
	"urncast/registry/postgres"
)

// olderSchema creates a database with the schema of an older version.
func olderSchema(t *testing.T, version int64) (url string, db *sql.DB) {
	t.Helper()
	url = pg.Shared(t).Database(t, "older")
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	return url, db
}

// lockOwnerSQL locks tables in a session of a name, as a backup or an open transaction of
// the program of the version before does.
func lockOwnerSQL(t *testing.T, db *sql.DB, name string) (release func()) {
	t.Helper()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`SELECT set_config('application_name', $1, false)`, name); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`SELECT count(*) FROM audit, changes, refs, transactions`); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { tx.Rollback() })
	t.Cleanup(release)
	return release
}

// A migration that finds a table locked does not block others for long, is tried again, and in
// the end reports the session that has the lock.
func TestMigrationsWaitForNoLockForLong(t *testing.T) {
	t.Parallel()
	url, db := olderSchema(t, 17)
	release := lockOwnerSQL(t, db, "night backup")
	ended := make(chan error, 1)
	go func() { ended <- postgres.Migrate(context.Background(), url, 5*time.Second) }()
	var longest time.Duration
	for over := false; !over; {
		began := time.Now()
		if _, err := db.Exec(`SELECT FROM audit LIMIT 1`); err != nil { // as an older version of the program does
			t.Fatal(err)
		}
		longest = max(longest, time.Since(began))
		select {
		case err := <-ended:
			over = true
			for _, part := range []string{"night backup", "pg_terminate_backend(", "idle in transaction"} {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not say %q: %v", part, err)
				}
			}
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Logf("a read beside it took %s at most", longest)
	if longest > 6*time.Second {
		t.Errorf("a read beside the migration waited %s", longest)
	}
	time.AfterFunc(4*time.Second, release)
	if err := postgres.Migrate(t.Context(), url, time.Minute); err != nil {
		t.Errorf("after the lock was gone: %v", err)
	}
}

// Instances that start together migrate once, and wait for each other.
func TestInstancesMigrateOneAtATime(t *testing.T) {
	url, _ := olderSchema(t, 17)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := postgres.Migrate(t.Context(), url, time.Minute); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}
