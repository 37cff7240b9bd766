package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"urncast/migrations"
)

const (
	// migrationLock is the key of the advisory lock for migrations: "urncast" in ASCII.
	migrationLock = 0x75726e63617374
	// migrationLockMax is how long a migration waits for a table lock, while all other users
	// of the table queue behind it. migrationRest is the pause before the next attempt, in
	// which they proceed.
	migrationLockMax = 2 * time.Second
	migrationRest    = time.Second
	// migrationPatience is how long a migration that finds a table locked is tried again.
	migrationPatience = time.Minute
	// blockerEvery is the time between two polls, for a lock or for the session that has it.
	blockerEvery = 300 * time.Millisecond
)

// migrate applies the missing migrations. After a crash between two of them, the next start
// applies the rest.
func migrate(ctx context.Context, pool *pgxpool.Pool, patience time.Duration) error {
	unlock, err := lockMigrations(ctx, pool)
	if err != nil {
		return err
	}
	defer unlock()
	name := application + " migration " + uuid.NewString()[:8]
	db := migrationDB(pool, name)
	defer db.Close()
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
	blocker := watchBlocker(ctx, pool, name)
	for deadline := time.Now().Add(patience); ; {
		_, err := provider.Up(ctx)
		switch {
		case err == nil:
			blocker.stop()
			return nil
		case !isLockTimeout(err) || ctx.Err() != nil || time.Now().After(deadline):
			return fmt.Errorf("migrating the database: %w%s", err, blocker.stop())
		}
		select { // sessions that queued behind the migration proceed
		case <-time.After(migrationRest):
		case <-ctx.Done():
		}
	}
}

// lockMigrations waits until no other instance migrates, and takes the lock. It polls, because
// a statement that waits in the database has a snapshot, for whose end CREATE INDEX
// CONCURRENTLY of the other instance would wait. The lock is a transaction's, so that the
// server ends the session of an instance that is stopped meanwhile (idleMax).
func lockMigrations(ctx context.Context, pool *pgxpool.Pool) (unlock func(), err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	tx := newTxConn(conn)
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	if err = tx.send(ctx, b); err == nil {
		err = pollUntil(ctx, func() (got bool, err error) {
			err = tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, migrationLock).Scan(&got)
			return got, err
		})
	}
	if err != nil {
		tx.release()
		return nil, fmt.Errorf("waiting for another instance that migrates the database: %w", err)
	}
	return tx.release, nil // release ends the session, and with it the lock
}

// pollUntil calls ask every blockerEvery until it returns true or an error.
func pollUntil(ctx context.Context, ask func() (bool, error)) error {
	for {
		if yes, err := ask(); yes || err != nil {
			return err
		}
		select {
		case <-time.After(blockerEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// migrationDB opens sessions with a lock_timeout of migrationLockMax and the given
// application_name.
func migrationDB(pool *pgxpool.Pool, name string) *sql.DB {
	config := pool.Config().ConnConfig.Copy()
	config.RuntimeParams["application_name"] = name
	set := config.AfterConnect
	config.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		return errors.Join(set(ctx, conn), conn.Exec(ctx, setConfig("lock_timeout", inMilliseconds(migrationLockMax))).Close())
	}
	return stdlib.OpenDB(*config)
}

// A blockerWatch remembers the last session that a migration waited for.
type blockerWatch struct {
	cancel context.CancelFunc
	last   chan string
}

// watchBlocker begins to watch for sessions that block those with an application_name.
func watchBlocker(ctx context.Context, pool *pgxpool.Pool, name string) *blockerWatch {
	ctx, cancel := context.WithCancel(ctx)
	w := &blockerWatch{cancel, make(chan string, 1)}
	go func() {
		var last string
		_ = pollUntil(ctx, func() (bool, error) { // until ctx is cancelled
			if found := blockerOf(ctx, pool, name); found != "" {
				last = found
			}
			return false, nil
		})
		w.last <- last
	}()
	return w
}

// stop ends the watch. It returns a sentence about the last blocking session, to be appended
// to an error; empty if there was none.
func (w *blockerWatch) stop() string {
	w.cancel()
	return <-w.last
}

// blockerOf describes, of the sessions that block those with an application_name, the one with
// the oldest transaction; empty if there is none.
func blockerOf(ctx context.Context, pool *pgxpool.Pool, name string) string {
	var pid int32
	var user, program, from, state string
	var age time.Duration
	err := pool.QueryRow(ctx, `
		SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'the database''s machine'), coalesce(a.state, ''),
			date_trunc('second', clock_timestamp() - coalesce(a.xact_start, clock_timestamp()))
		FROM pg_stat_activity w CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) b (pid) JOIN pg_stat_activity a ON a.pid = b.pid
		WHERE w.application_name = $1 AND w.datname = current_database() ORDER BY a.xact_start LIMIT 1`, name).Scan(&pid, &user, &program, &from, &state, &age)
	if err != nil { // no blocking session; other errors matter less than that of the migration
		return ""
	}
	return fmt.Sprintf(". It waits for database session %d of user %q (program %q, from %s, %s for %s). "+
		"Wait until that has ended, or end it with SELECT pg_terminate_backend(%d), and start again; nothing is lost", pid, user, program, from, state, age, pid)
}
