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
	// migrationLock keeps instances that start together from migrating at once.
	migrationLock = 0x75726e63617374
	// migrationLockMax is how long a migration waits for one lock: whoever uses the table
	// queues behind it. migrationRest is what they have in between.
	migrationLockMax = 2 * time.Second
	migrationRest    = time.Second
	// migrationPatience is how long migrations that find a table locked are tried again.
	migrationPatience = time.Minute
	// blockerEvery is how often it is looked who holds the lock.
	blockerEvery = 300 * time.Millisecond
)

// migrate applies the migrations that are missing. A crash between two leaves a schema
// that the next start goes on with.
func migrate(ctx context.Context, pool *pgxpool.Pool, patience time.Duration) error {
	free, err := migrating(ctx, pool)
	if err != nil {
		return err
	}
	defer free()
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
		case !lockTimeout(err) || ctx.Err() != nil || time.Now().After(deadline):
			return fmt.Errorf("migrating the database: %w%s", err, blocker.stop())
		}
		select { // whoever queued behind the migration has its turn
		case <-time.After(migrationRest):
		case <-ctx.Done():
		}
	}
}

// migrating waits until no other instance migrates. It asks, and does not wait in the
// database: that would be a transaction with a snapshot, for whose end an index that is
// made concurrently waits. The lock is of a transaction, for the session of an instance
// that is stopped meanwhile is ended then.
func migrating(ctx context.Context, pool *pgxpool.Pool) (free func(), err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	held := holdConn(conn)
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	if err = held.send(ctx, b); err == nil {
		err = polled(ctx, func() (got bool, err error) {
			err = held.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, migrationLock).Scan(&got)
			return got, err
		})
	}
	if err != nil {
		held.release()
		return nil, fmt.Errorf("waiting for another instance that migrates the database: %w", err)
	}
	return held.release, nil // which ends the session, and so the lock
}

// polled asks until the answer is yes.
func polled(ctx context.Context, ask func() (bool, error)) error {
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

// migrationDB opens sessions that wait for no lock for long, under a name of their own.
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

func watchBlocker(ctx context.Context, pool *pgxpool.Pool, name string) *blockerWatch {
	ctx, cancel := context.WithCancel(ctx)
	w := &blockerWatch{cancel, make(chan string, 1)}
	go func() {
		var last string
		_ = polled(ctx, func() (bool, error) { // until it is stopped
			if found := blockerOf(ctx, pool, name); found != "" {
				last = found
			}
			return false, nil
		})
		w.last <- last
	}()
	return w
}

// stop ends the watch and says in a sentence, to follow an error, who was waited for; it
// is empty if nobody was.
func (w *blockerWatch) stop() string {
	w.cancel()
	return <-w.last
}

// blockerOf describes the session that the sessions of a name wait for longest.
func blockerOf(ctx context.Context, pool *pgxpool.Pool, name string) string {
	var pid int32
	var user, program, from, state string
	var age time.Duration
	err := pool.QueryRow(ctx, `
		SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'the database''s machine'), coalesce(a.state, ''),
			date_trunc('second', clock_timestamp() - coalesce(a.xact_start, clock_timestamp()))
		FROM pg_stat_activity w CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) b (pid) JOIN pg_stat_activity a ON a.pid = b.pid
		WHERE w.application_name = $1 AND w.datname = current_database() ORDER BY a.xact_start LIMIT 1`, name).Scan(&pid, &user, &program, &from, &state, &age)
	if err != nil { // nobody, or no answer: the migration's own error counts
		return ""
	}
	return fmt.Sprintf(". It waits for database session %d of user %q (program %q, from %s, %s for %s). "+
		"Wait until that has ended, or end it with SELECT pg_terminate_backend(%d), and start again; nothing is lost", pid, user, program, from, state, age, pid)
}
