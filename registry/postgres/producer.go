package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
)

// A ProducerStore is the part of the database that belongs to one producer. It implements
// producer.Store, for the instance that publishes, and control.Records, for every instance.
type ProducerStore struct {
	*Store
	id   string
	born time.Time // start of this process, by the database's clock

	work, wishes chan struct{}
}

// The channels of LISTEN and NOTIFY.
const (
	channelTransaction = "urncast_transaction"
	channelProducer    = "urncast_producer"
)

// pollEvery is how often to look for work and wishes without a notification, which may get lost.
const pollEvery = 2 * time.Second

// Now returns the time of the database's clock.
func (s *Store) Now(ctx context.Context) (t time.Time, err error) {
	err = s.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&t)
	return t, err
}

// Work implements producer.Store.
func (p *ProducerStore) Work() <-chan struct{} { return p.work }

// Wishes implements producer.Store.
func (p *ProducerStore) Wishes() <-chan struct{} { return p.wishes }

// signal sends to a channel with a buffer of one, unless a signal is waiting in it already.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Wish implements control.Records.
func (p *ProducerStore) Wish(ctx context.Context, w producer.Wish, a registry.Act) error {
	return pgx.BeginFunc(ctx, p.pool, func(t pgx.Tx) error {
		if err := wish(ctx, t, p.id, &w); err != nil {
			return err
		}
		if _, err := t.Exec(ctx, notifyProducer, p.id); err != nil {
			return err
		}
		return audit(ctx, t, a)
	})
}

// wish stores what an administrator wants a producer to do next.
func wish(ctx context.Context, t pgx.Tx, id string, w *producer.Wish) error {
	_, err := t.Exec(ctx, `
		UPDATE producers SET wish = wish + 1, wish_run = $2, wish_how = $3, wish_keep = $4, wish_user = $5, wish_at = now(), wish_skip = $6, wish_reason = $7
		WHERE id = $1`, id, string(w.Run), w.How, w.Keep, w.User, w.Skip, w.Reason)
	return err
}

// Routes implements control.Records.
func (p *ProducerStore) Routes(ctx context.Context) ([]control.LimitedRoute, error) {
	rows, err := p.pool.Query(ctx, `
		SELECT r, p.sender, coalesce(l.request, 0), coalesce(l.message, 0), coalesce(l.socket, 0), l.seen_at
		FROM producers p CROSS JOIN jsonb_array_elements(p.routes) r LEFT JOIN topic_limits l ON l.producer = p.id AND l.topic = r->>'topic' WHERE p.id = $1`, p.id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r control.LimitedRoute, err error) {
		var seen *time.Time
		if err = row.Scan(&r.Route, &r.Sender, &r.Request, &r.Message, &r.Socket, &seen); seen != nil {
			r.SeenAt = *seen
		}
		return r, err
	})
}

// connectionNow is the name of the connection that producer p uses.
const connectionNow = `coalesce(nullif(p.connection, ''), 'default')`

// bootstrapNow are the bootstrap servers of producer p's connection, as it is defined now.
const bootstrapNow = `CASE WHEN p.bootstrap <> '' THEN p.bootstrap ELSE coalesce((
	SELECT coalesce(k.properties->>'bootstrap.servers', k.properties->>'metadata.broker.list') FROM connections k WHERE k.name = ` + connectionNow + `), '') END`

// neverSent is the reason of the mark that the first start of a producer sets if it skips the
// transactions before. beforeStart, with that reason as $3, is the last transaction of that
// mark, which is always the lowest one; 0 once a baseline of everything was sent.
const (
	neverSent   = "Recorded before the first start of the producer, which was idle."
	beforeStart = `coalesce((SELECT m.last FROM (SELECT * FROM marks WHERE producer = p.id ORDER BY last LIMIT 1) m WHERE m.reason = $3 AND NOT EXISTS (
		SELECT FROM jobs j WHERE j.producer = p.id AND j.kind = 'baseline' AND j.phase = 'done' AND NOT j.scope ? 'topics' AND j.as_of >= m.last)), 0)`
)

// Status implements control.Records.
func (p *ProducerStore) Status(ctx context.Context) (control.Status, error) {
	s := control.Status{ID: p.id}
	var oldest, handled *time.Time
	c := &s.Settings
	err := p.pool.QueryRow(ctx, `
		SELECT p.name, p.state, p.reason, p.since, p.ask, p.routes, p.sent_routes, p.prefix, p.sender, p.connection, p.revision, p.fixed, p.baseline_at_start, p.baseline_on_connection, `+bootstrapNow+`, p.started,
			coalesce(c.number, 0), coalesce(c.offsets, '{}'), r.last_number,
			(SELECT recorded_at FROM transactions t WHERE t.number > coalesce(c.number, 0) AND p.started ORDER BY number LIMIT 1),
			coalesce((SELECT min(m.first) FROM marks m WHERE m.producer = p.id AND m.status = 'FAILED'), 0),
			(SELECT count(*) FROM (SELECT FROM left_out l WHERE l.producer = p.id LIMIT $2) l),
			(SELECT count(*) FROM jobs j WHERE j.producer = p.id AND j.ended_at IS NULL AND j.phase = 'waiting'),
			c.moved_at, `+beforeStart+`,
			coalesce((SELECT cure FROM incidents i WHERE i.producer = p.id AND i.ended_at IS NULL AND i.reason = p.reason ORDER BY i.seen_at DESC LIMIT 1), '')
		FROM registry r, producers p LEFT JOIN cursors c ON c.producer = p.id WHERE p.id = $1`, p.id, control.LeftOutMax, neverSent).Scan(
		&s.Name, &s.State, &s.Reason, &s.Since, &s.Ask, &c.Routes, &s.Along, &c.Prefix, &c.Sender, &c.Connection, &c.Revision, &c.Fixed, &c.BaselineAtEveryStart, &c.BaselineWhenConnectionChanges, &s.Bootstrap, &s.Started,
		&s.Sent, &s.Reached, &s.Last, &oldest, &s.Failed, &s.LeftOut, &s.JobsWaiting, &handled, &s.BeforeStart, &s.Cure)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, registry.ErrNotFound
	}
	if err != nil {
		return s, fmt.Errorf("reading the producer's status: %w", err)
	}
	c.Name = s.Name
	if handled != nil {
		s.HandledAt = *handled
	}
	if oldest != nil {
		s.OldestPending = *oldest
		s.Pending = int64(s.Last - s.Sent)
	}
	if err := p.readHolder(ctx, &s); err != nil {
		return s, fmt.Errorf("reading who publishes: %w", err)
	}
	if err := p.takeovers(ctx, &s); err != nil {
		return s, err
	}
	jobs, err := p.jobs(ctx, `producer = $1 AND ended_at IS NULL AND phase <> 'waiting' LIMIT 1`, p.id)
	if len(jobs) > 0 {
		s.Job = &jobs[0]
	}
	return s, err
}
