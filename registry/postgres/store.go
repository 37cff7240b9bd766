// Package postgres is the store of the registry and of its producers. SQL stands
// beside the function that runs it; the schema is in package migrations and lives
// in the first schema of the connection's search_path.
package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"urncast/migrations"
	"urncast/registry"
)

// A Store is a registry's database. It implements registry.Store.
type Store struct {
	reader
	pool *pgxpool.Pool
	id   string
	// writers and lookers queue for Update.
	writers, lookers *queue
	// instance names this process among those on the database.
	instance string
}

// Open connects, applies the migrations that are missing, and refuses a schema
// that is newer than this program.
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
	if err := migrate(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	s := &Store{reader: reader{pool}, pool: pool, writers: newQueue(1), lookers: newQueue(looksMax), instance: newInstance()}
	if err := pool.QueryRow(ctx, `SELECT id::text FROM registry`).Scan(&s.id); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reading the registry's id: %w", err)
	}
	return s, nil
}

// migrationLock keeps instances that start together from migrating at once.
const migrationLock = 0x75726e63617374

func migrate(ctx context.Context, pool *pgxpool.Pool) (err error) {
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting to the database: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return fmt.Errorf("waiting for the migration lock: %w", err)
	}
	defer unlock(ctx, conn)
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files)
	if err != nil {
		return err
	}
	known := provider.ListSources()
	newest := known[len(known)-1].Version
	have, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if have > newest {
		return fmt.Errorf("the database has schema version %d, and this program knows versions up to %d: start the newer program, or restore a dump made before the upgrade", have, newest)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}

func unlock(ctx context.Context, conn *sql.Conn) {
	conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, migrationLock) // the connection's end unlocks too
}

// Pool gives the connections.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Close closes the connections.
func (s *Store) Close() { s.pool.Close() }

// RegistryID is the registry's own id, made with its database.
func (s *Store) RegistryID() string { return s.id }

// SaveSettings implements registry.Store. The lock of submissions makes what was before
// be what is changed.
func (s *Store) SaveSettings(ctx context.Context, v registry.Settings, was func(registry.Settings) *registry.Act) error {
	leave, err := s.writers.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM registry FOR UPDATE`); err != nil {
			return err
		}
		before, err := reader{tx}.Settings(ctx)
		if err != nil {
			return err
		}
		a := was(before)
		if a == nil {
			return nil
		}
		b := &pgx.Batch{}
		b.Queue(`UPDATE housekeeping SET keep_transactions = $1, keep_days = $2`, v.Keep.Transactions, v.Keep.Days)
		b.Queue(`UPDATE registry SET allow_dangling = $1, require_agencies = $2`, v.AllowDangling, v.RequireAgencies)
		queueAudit(b, *a)
		return tx.SendBatch(ctx, b).Close()
	})
}
