package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
	"urncast/producer/control"
)

// A lease ends when it is released, when it expires, or when the database session that it is
// bound to ends, whichever comes first. The session also has an advisory lock: it ends at once
// with a process that is killed, and an older version of the program, which knows only the
// lock, waits for it.
const (
	// leaseLife is how long a lease is valid after its last renewal.
	leaseLife = 10 * time.Second
	// renewEvery is the time between two renewals; several attempts fit into leaseLife.
	renewEvery = 2 * time.Second
	// leaseMargin is how long before the end of the lease, by its own monotonic clock, a
	// holder stops that could not renew: time for the commit under way.
	leaseMargin = 3 * time.Second

	// tryEvery is how often a standby instance tries to take the lease.
	tryEvery = 200 * time.Millisecond
	// endEvery is how often a standby instance ends the session of a holder whose lease has
	// expired.
	endEvery = time.Second
	// answerWithin bounds the queries of instances that do not have the lease.
	answerWithin = 10 * time.Second
)

// Acquire implements producer.Store. It waits for the lease on a new connection, because a
// pooled one may be broken without its being known.
func (p *ProducerStore) Acquire(ctx context.Context, other func(holder string, term int64)) (producer.Hold, error) {
	conn, err := p.connectForLease(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database for the lease: %w", err)
	}
	h, err := p.take(ctx, conn, other)
	if err != nil {
		closeSession(conn)
		return nil, err
	}
	go h.renewUntilLost()
	if h.takeover != nil {
		go p.auditTakeover(h.takeover)
	}
	return h, nil
}

func (p *ProducerStore) connectForLease(ctx context.Context) (*pgx.Conn, error) {
	bound, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return pgx.ConnectConfig(bound, p.pool.Config().ConnConfig)
}

// closeSession ends a session, and with it its locks, even if the server does not answer.
func closeSession(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn.Close(ctx) // on an error the connection is broken, and the session ends by itself
}

// take tries until this process has the lease. It calls other once for each term of another
// holder that it sees meanwhile.
func (p *ProducerStore) take(ctx context.Context, conn *pgx.Conn, other func(holder string, term int64)) (*hold, error) {
	var waited, ended bool
	var looked time.Time
	var reported int64 // the term that other was called for last
	for {
		// If this process waited for a session that then ended by itself, the holder was
		// alive meanwhile. If the session had to be ended, its process may have died earlier.
		h, err := p.tryTake(ctx, conn, waited && !ended)
		switch {
		case err != nil:
			return nil, fmt.Errorf("taking the lease: %w", err)
		case h != nil:
			return h, nil
		}
		if waited = true; time.Since(looked) >= endEvery {
			looked = time.Now()
			l, err := p.readLease(ctx, conn)
			if err == nil && l.expired {
				ended, err = p.endSession(ctx, conn, l)
			}
			if err != nil {
				return nil, fmt.Errorf("looking at who holds the lease: %w", err)
			}
			if l.holder != "" && !l.expired && l.term != reported {
				reported = l.term
				other(l.holder, l.term)
			}
		}
		select {
		case <-time.After(tryEvery):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryTake takes the lock and the lease and records a takeover, in one statement, so that no
// process can stop in between. It returns nil if another session has the lock. saw means that
// this process has seen the former holder alive, so that the change of holder is a takeover and
// not a restart, whatever the recorded times are.
func (p *ProducerStore) tryTake(ctx context.Context, conn *pgx.Conn, saw bool) (*hold, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	h := &hold{p: p, conn: conn}
	asked := time.Now()
	var former *time.Time
	t := producer.Takeover{Instance: p.instance}
	var recorded bool
	err := conn.QueryRow(ctx, `
		WITH locked AS MATERIALIZED (SELECT FROM pg_try_advisory_lock(`+lockKeyOf+`$2::uuid)) AS got WHERE got),
		shown AS (UPDATE producers SET holder = $3 WHERE id = $1 AND EXISTS (SELECT FROM locked)),
		taken AS (
			INSERT INTO leases AS l (producer, term, holder, last_holder, last_term, since, renewed_at, valid_until, backend, backend_start)
			SELECT $1, 1, $3, $3, 1, clock_timestamp(), clock_timestamp(), clock_timestamp() + $4::interval, pid, backend_start
			FROM locked, pg_stat_activity WHERE pid = pg_backend_pid()
			ON CONFLICT (producer) DO UPDATE SET term = l.term + 1, holder = excluded.holder, since = excluded.since,
				last_holder = excluded.holder, last_term = l.term + 1,
				former = CASE WHEN l.holder <> '' THEN l.holder WHEN l.last_term = l.term THEN l.last_holder ELSE '' END,
				former_ending = CASE WHEN l.holder = '' THEN 'released' WHEN l.valid_until < clock_timestamp() THEN 'expired' ELSE 'lost' END,
				former_at = l.renewed_at, renewed_at = excluded.renewed_at, valid_until = excluded.valid_until,
				backend = excluded.backend, backend_start = excluded.backend_start
			RETURNING term, since, former_at, former, former_ending),
		told AS (
			INSERT INTO takeovers (producer, term, at, instance, former, ending)
			SELECT $1, term, since, $3, former, former_ending FROM taken
			WHERE former NOT IN ('', $3) AND ($5 OR former_at >= $6) RETURNING term)
		SELECT term, since, former_at, former, former_ending, EXISTS (SELECT FROM told) FROM taken`,
		p.id, p.id, p.instance, leaseLife, saw, p.born).Scan(&h.term, &t.At, &former, &t.Former, &t.Ending, &recorded)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h.takenOver = saw || former != nil && !former.Before(p.born)
	if t.Term = h.term; recorded {
		h.takeover = &t
	}
	h.start(asked)
	return h, nil
}

// A leaseRow is a lease as read by an instance that waits for it.
type leaseRow struct {
	holder  string // empty if it was released
	term    int64
	expired bool
	backend int32
	start   time.Time
}

// readLease reads the lease; the zero leaseRow if no instance has had it yet.
func (p *ProducerStore) readLease(ctx context.Context, conn *pgx.Conn) (l leaseRow, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err = conn.QueryRow(ctx, `SELECT holder, term, holder <> '' AND valid_until < clock_timestamp(), backend, backend_start FROM leases WHERE producer = $1`,
		p.id).Scan(&l.holder, &l.term, &l.expired, &l.backend, &l.start)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return l, err
}

// endSession ends the session of a holder whose lease has expired, because its process is
// stopped or cut off. Sessions that have the lock without a lease, of older versions of the
// program, are left alone.
func (p *ProducerStore) endSession(ctx context.Context, conn *pgx.Conn, l leaseRow) (ended bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err = conn.QueryRow(ctx, `
		SELECT coalesce(bool_or(pg_terminate_backend(a.pid)), false) FROM pg_stat_activity a
		WHERE a.pid = $1 AND a.backend_start = $2 AND `+lockOwnerSQL+` = a.pid`, l.backend, l.start, p.id).Scan(&ended)
	return ended, err
}

// lockKeyOf, followed by a producer's id and a closing parenthesis, is the key of the
// producer's advisory lock.
const lockKeyOf = `(SELECT hashtextextended('urncast producer ' || id::text || current_schema(), 0) FROM producers WHERE id = `

// lockOwnerSQL is the backend pid of the session that has the lock of producer $3.
const lockOwnerSQL = `(SELECT k.pid FROM pg_locks k WHERE k.locktype = 'advisory' AND k.granted AND k.objsubid = 1
	AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND (k.classid::bigint << 32) | k.objid::bigint = ` + lockKeyOf + `$3::uuid))`

// readHolder sets the holder in a status: the holder of a valid lease whose session still has
// the lock. If the lock's session has no lease, it is of an older version of the program, which
// has written its name into table producers.
func (p *ProducerStore) readHolder(ctx context.Context, s *control.Status) error {
	var leased, valid, locked bool
	var holder, old string
	var since *time.Time
	err := p.pool.QueryRow(ctx, `
		WITH lock AS (SELECT `+lockOwnerSQL+` AS pid)
		SELECT coalesce(l.holder, ''), coalesce(l.term, $2), l.since, coalesce(l.valid_until > clock_timestamp(), false),
			coalesce(l.backend = lock.pid AND l.holder <> '', false), lock.pid IS NOT NULL, p.holder, coalesce(i.page, '')
		FROM lock, producers p LEFT JOIN leases l ON l.producer = p.id LEFT JOIN instances i ON i.id = l.holder WHERE p.id = $1`,
		p.id, int64(0), p.id).Scan(&holder, &s.Term, &since, &valid, &leased, &locked, &old, &s.HolderPage)
	if err != nil {
		return err
	}
	switch {
	case leased && valid:
		s.Holder, s.HeldSince = holder, *since
	case locked && !leased:
		s.Holder, s.HolderPage, s.Term = old, "", 0
	default:
		s.HolderPage, s.Term = "", 0
	}
	s.Standby, err = p.standby(ctx, s.Holder)
	return err
}
