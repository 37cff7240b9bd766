package rig

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// LockRegistry takes the registry's lock, as a long submission of somebody else does,
// until the function that it gives is called, or the test ends.
func LockRegistry(t *testing.T, pool *pgxpool.Pool) (release func()) {
	t.Helper()
	return lock(t, pool, `SELECT FROM registry FOR UPDATE`)
}

// LockDocuments keeps everybody from reading structures, so that a check takes as long
// as the test wants.
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
