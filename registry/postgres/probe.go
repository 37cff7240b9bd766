package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// probeRounds is how often two sessions are compared behind a pooler. One round is enough
	// on an idle pooler; on a busy one, another client may interfere with a round.
	probeRounds = 8
	// probeWithin bounds the whole probe.
	probeWithin = 20 * time.Second
	// leasesAbout is about how many sessions an instance opens outside its pool.
	leasesAbout = 4
)

// The reasons for which Open refuses a database.
var (
	// ErrPooler is returned behind a pooler that runs the statements of one client session on
	// several server sessions.
	ErrPooler = errors.New("the database URL leads to a pooler in transaction or statement mode (as PgBouncer's pool_mode=transaction), " +
		"which hands the session to others between transactions: locks, LISTEN and settings of a session, which urncast needs, would be another client's. " +
		"Give the address of PostgreSQL itself, or a pool with pool_mode=session")
	// ErrReplica is returned for a server that is read-only.
	ErrReplica = errors.New("the database is a replica (pg_is_in_recovery() is true), and a replica is for reading: give the primary's address, " +
		"or name all servers and let the driver choose: postgres://host1,host2/name?target_session_attrs=read-write")
)

// probe refuses a database on which the promises cannot be kept: on a replica, or behind a
// pooler that does not keep a session on one server session. It connects without sessionSQL,
// because behind such a pooler the settings would apply to other clients.
func probe(ctx context.Context, config *pgxpool.Config) error {
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	bare := config.ConnConfig.Copy()
	bare.AfterConnect = nil
	a, err := pgx.ConnectConfig(ctx, bare)
	if err != nil {
		return fmt.Errorf("connecting to the database: %w", err)
	}
	defer closeSession(a)
	replica, err := queryText(ctx, a, `SELECT pg_is_in_recovery()`)
	if err != nil {
		return fmt.Errorf("asking whether the database is a replica: %w", err)
	}
	if replica == "t" {
		return ErrReplica
	}
	backend, err := queryText(ctx, a, ownBackend)
	if err != nil {
		return fmt.Errorf("asking for the session's process: %w", err)
	}
	if backend == strconv.FormatUint(uint64(a.PgConn().PID()), 10) {
		return nil // the pid of the handshake is the backend's own, so there is no pooler
	}
	b, err := pgx.ConnectConfig(ctx, bare)
	if err != nil {
		return fmt.Errorf("opening a second session through the pooler, whose pool must have %d for each instance: %w", poolMin+leasesAbout, err)
	}
	defer closeSession(b)
	for range probeRounds {
		shared, err := sharesBackend(ctx, a, b)
		if err != nil {
			return fmt.Errorf("comparing two sessions through the pooler, whose pool must have %d for each instance: %w", poolMin+leasesAbout, err)
		}
		if shared {
			return ErrPooler
		}
	}
	return nil
}

const ownBackend = `SELECT pg_backend_pid()`

// sharesBackend reports whether sessions a and b share a backend of the server, or a's backend
// changes while b is inside a transaction. In session mode neither happens. In transaction mode
// b gets the backend that a has just returned, and a gets another one, unless a third client
// interferes.
func sharesBackend(ctx context.Context, a, b *pgx.Conn) (bool, error) {
	first, err := queryText(ctx, a, ownBackend)
	if err != nil {
		return false, err
	}
	if _, err := b.PgConn().Exec(ctx, "BEGIN").ReadAll(); err != nil {
		if errors.As(err, new(*pgconn.PgError)) { // statement mode knows no transactions
			return true, nil
		}
		return false, err
	}
	other, err := queryText(ctx, b, ownBackend)
	if err != nil {
		return false, err
	}
	after := first
	if other != first {
		after, err = queryText(ctx, a, ownBackend)
	}
	if _, ended := b.PgConn().Exec(ctx, "ROLLBACK").ReadAll(); ended != nil {
		return false, errors.Join(err, ended)
	}
	return other == first || after != first, err
}

// queryText returns the single value of a query as text. It uses the simple protocol, because
// prepared statements may not work through a pooler.
func queryText(ctx context.Context, conn *pgx.Conn, sql string) (string, error) {
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 || len(results[0].Rows[0]) != 1 {
		return "", fmt.Errorf("%s gave no value", sql)
	}
	return string(results[0].Rows[0][0]), nil
}
