// Package postgres stores the registry, its producers, connections, mail and access in
// PostgreSQL. SQL is next to the function that runs it. The schema is in package migrations, and
// is created in the first schema of the connection's search_path.
package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"urncast/registry"
)

// A Store is a registry's database. It implements registry.Store.
type Store struct {
	reader
	pool *pgxpool.Pool
	id   string
	// writers and dryRuns are the queues of Update.
	writers, dryRuns *queue
	// instance is the name of this process among those on the database.
	instance string
}

// Open connects to a database and applies the missing migrations. It refuses a schema that is
// newer than this program, a replica (ErrReplica), and a pooler that does not keep sessions
// (ErrPooler).
func Open(ctx context.Context, url string) (*Store, error) {
	config, err := configOf(url)
	if err != nil {
		return nil, err
	}
	if err := probe(ctx, config); err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, pool, migrationPatience); err != nil {
		pool.Close()
		return nil, err
	}
	s := &Store{reader: reader{pool}, pool: pool, writers: newQueue(1), dryRuns: newQueue(dryRunsMax), instance: newInstance()}
	if err := pool.QueryRow(ctx, `SELECT id::text FROM registry`).Scan(&s.id); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reading the registry's id: %w", err)
	}
	return s, nil
}

// Pool returns the pool of connections.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Close closes the pool.
func (s *Store) Close() { s.pool.Close() }

// RegistryID returns the registry's own id, which was created with its database.
func (s *Store) RegistryID() string { return s.id }

// SaveSettings implements registry.Store. It takes the lock of submissions, so that the settings
// before are those that are replaced.
func (s *Store) SaveSettings(ctx context.Context, v registry.Settings, actOf func(before registry.Settings) *registry.Act) error {
	return s.update(ctx, registry.Ahead{}, func(w *tx) error {
		before, err := w.reader.Settings(ctx)
		if err != nil {
			return err
		}
		a := actOf(before)
		if a == nil {
			return nil
		}
		w.ending.Queue(`UPDATE housekeeping SET keep_transactions = $1, keep_days = $2`, v.Keep.Transactions, v.Keep.Days)
		w.ending.Queue(`UPDATE registry SET allow_dangling = $1, require_agencies = $2`, v.AllowDangling, v.RequireAgencies)
		queueAudit(w.ending, *a)
		return nil
	})
}
