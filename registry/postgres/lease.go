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

// A lease ends when it is released, when its time is over, or when the database
// session that it is bound to has ended, whichever comes first. The session holds
// an advisory lock beside the lease: a process that is killed loses it at once,
// and a program of the version before, which knows the lock alone, waits for it.
const (
	// leaseLife is how long a lease is valid after its last renewal.
	leaseLife = 10 * time.Second
	// renewEvery leaves several tries within it.
	renewEvery = 2 * time.Second
	// leaseMargin before its end, by its own steady clock, a holder that could not
	// renew stops: time for the commit under way.
	leaseMargin = 3 * time.Second

	// tryEvery is how often an instance that stands by tries to take the lease.
	tryEvery = 200 * time.Millisecond
	// endEvery is how often it ends the session of a holder that let it run out.
	endEvery = time.Second
	// answerWithin bounds the questions of those that do not hold it.
	answerWithin = 10 * time.Second
)

// Acquire implements producer.Store: it waits for the lease on a connection of its
// own. A connection of the pool may be one that nobody answers on any more.
func (p *ProducerStore) Acquire(ctx context.Context, other func(holder string, term int64)) (producer.Hold, error) {
	conn, err := p.connectHold(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database for the lease: %w", err)
	}
	h, err := p.take(ctx, conn, other)
	if err != nil {
		closeHold(conn)
		return nil, err
	}
	go h.keep()
	if h.takeover != nil {
		go p.auditTakeover(h.takeover)
	}
	return h, nil
}

func (p *ProducerStore) connectHold(ctx context.Context) (*pgx.Conn, error) {
	bound, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return pgx.ConnectConfig(bound, p.pool.Config().ConnConfig)
}

// closeHold ends a session, and with it the lock, even if nobody answers.
func closeHold(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn.Close(ctx) // its error changes nothing: what is lost here, ends by itself
}

// take tries until the lease is ours. It tells other of whoever else holds it, once of
// each term.
func (p *ProducerStore) take(ctx context.Context, conn *pgx.Conn, other func(holder string, term int64)) (*hold, error) {
	var waited, ended bool
	var looked time.Time
	var told int64
	for {
		// Who waited for a session that ended by itself saw a holder live. The end of one
		// that had run out says nothing of when its process ended.
		h, err := p.try(ctx, conn, waited && !ended)
		switch {
		case err != nil:
			return nil, fmt.Errorf("taking the lease: %w", err)
		case h != nil:
			return h, nil
		}
		if waited = true; time.Since(looked) >= endEvery {
			looked = time.Now()
			l, err := p.leased(ctx, conn)
			if err == nil && l.expired {
				ended, err = p.endSession(ctx, conn, l)
			}
			if err != nil {
				return nil, fmt.Errorf("looking at who holds the lease: %w", err)
			}
			if l.holder != "" && !l.expired && l.term != told {
				told = l.term
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

// try takes the lock and the lease in one statement, so that no process can be
// stopped between the two, and records a takeover in it. It gives nil if the lock is
// another's. Who saw the holder before live did not restart, whatever the times say.
func (p *ProducerStore) try(ctx context.Context, conn *pgx.Conn, saw bool) (*hold, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	h := &hold{p: p, conn: conn}
	asked := time.Now()
	var former *time.Time
	t := producer.Takeover{Instance: p.instance}
	var recorded bool
	err := conn.QueryRow(ctx, `
		WITH locked AS MATERIALIZED (SELECT FROM pg_try_advisory_lock(`+lockOf+`$2::uuid)) AS got WHERE got),
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
	h.begin(asked)
	return h, nil
}

// A leased is a lease as whoever waits for it sees it.
type leased struct {
	holder  string // empty if nobody holds it
	term    int64
	expired bool
	backend int32
	start   time.Time
}

// leased reads the lease. There is none before anybody has held it.
func (p *ProducerStore) leased(ctx context.Context, conn *pgx.Conn) (l leased, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err = conn.QueryRow(ctx, `SELECT holder, term, holder <> '' AND valid_until < clock_timestamp(), backend, backend_start FROM leases WHERE producer = $1`,
		p.id).Scan(&l.holder, &l.term, &l.expired, &l.backend, &l.start)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return l, err
}

// endSession ends the session of a holder that let the lease run out: one that is
// stopped, or cut off. The lock's other owners, programs of the version before,
// have no lease and are left alone.
func (p *ProducerStore) endSession(ctx context.Context, conn *pgx.Conn, l leased) (ended bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err = conn.QueryRow(ctx, `
		SELECT coalesce(bool_or(pg_terminate_backend(a.pid)), false) FROM pg_stat_activity a
		WHERE a.pid = $1 AND a.backend_start = $2 AND `+lockedBy+` = a.pid`, l.backend, l.start, p.id).Scan(&ended)
	return ended, err
}

// lockOf and a producer's id, with a parenthesis after it, is the key of its lock.
const lockOf = `(SELECT hashtextextended('urncast producer ' || id::text || current_schema(), 0) FROM producers WHERE id = `

// lockedBy is the session that owns the lock of producer $3.
const lockedBy = `(SELECT k.pid FROM pg_locks k WHERE k.locktype = 'advisory' AND k.granted AND k.objsubid = 1
	AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND (k.classid::bigint << 32) | k.objid::bigint = ` + lockOf + `$3::uuid))`

// holder says who publishes: whoever has a lease that is valid, on a session that
// still owns the lock. Where the owner has no lease, it is a program of the version
// before, which has written its name beside the producer's.
func (p *ProducerStore) holder(ctx context.Context, s *control.Status) error {
	var leased, valid, locked bool
	var holder, old string
	var since *time.Time
	err := p.pool.QueryRow(ctx, `
		WITH lock AS (SELECT `+lockedBy+` AS pid)
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
