package rig

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// LockRegistry takes the registry's lock, as another long submission does, until release is
// called or the test ends.
func LockRegistry(t *testing.T, pool *pgxpool.Pool) (release func()) {
	t.Helper()
	return lock(t, pool, `SELECT FROM registry FOR UPDATE`)
}

// LockDocuments blocks all reading of structures, so that a check lasts until release is
// called or the test ends.
func LockDocuments(t *testing.T, pool *pgxpool.Pool) (release func()) {
	t.Helper()
	return lock(t, pool, `LOCK TABLE documents IN ACCESS EXCLUSIVE MODE`)
}

func lock(t *testing.T, pool *pgxpool.Pool, sql string) (release func()) {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	over := false
	release = func() {
		if !over {
			over = true
			if err := tx.Rollback(context.Background()); err != nil && err != pgx.ErrTxClosed {
				t.Error(err)
			}
		}
	}
	t.Cleanup(release)
	return release
}
