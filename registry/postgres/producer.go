package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
	"urncast/registry"
)

// A ProducerStore is a producer's side of the database: producer.Store for the
// instance that publishes, producer.Records for every instance.
type ProducerStore struct {
	*Store
	id   string
	lock int64     // the advisory lock's key
	born time.Time // by the database's clock

	work, wishes chan struct{}
}

// The channels of LISTEN and NOTIFY.
const (
	channelTransaction = "urncast_transaction"
	channelProducer    = "urncast_producer"
)

// pollEvery stands behind LISTEN, which poolers and replicas drop.
const pollEvery = 2 * time.Second

// Producer finds or makes the producer of a name, saves its configuration, and
// listens for work until ctx ends.
func (s *Store) Producer(ctx context.Context, c producer.Config) (*ProducerStore, error) {
	p := &ProducerStore{Store: s, work: make(chan struct{}, 1), wishes: make(chan struct{}, 1)}
	err := s.pool.QueryRow(ctx, `
		INSERT INTO producers (name, topic, format, prefix, sender, bootstrap, connection, filter) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (name) DO UPDATE SET topic = $2, format = $3, prefix = $4, sender = $5, bootstrap = $6, connection = $7, filter = $8
		RETURNING id::text, hashtextextended('urncast producer ' || id::text || current_schema(), 0), clock_timestamp()`,
		c.Name, c.Topic, c.Format, c.Prefix, c.Sender, c.Bootstrap, c.Connection, c.Filter.String()).Scan(&p.id, &p.lock, &p.born)
	if err != nil {
		return nil, fmt.Errorf("saving the producer's configuration: %w", err)
	}
	go p.listen(ctx)
	return p, nil
}

// ID is the producer's immutable id.
func (p *ProducerStore) ID() string { return p.id }

// Now is the database's clock.
func (s *Store) Now(ctx context.Context) (t time.Time, err error) {
	err = s.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&t)
	return t, err
}

// Work implements producer.Store.
func (p *ProducerStore) Work() <-chan struct{} { return p.work }

// Wishes implements producer.Store.
func (p *ProducerStore) Wishes() <-chan struct{} { return p.wishes }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// listen signals work and wishes: when the database notifies, and now and then.
func (p *ProducerStore) listen(ctx context.Context) {
	for ctx.Err() == nil {
		p.listenOnce(ctx) // its end is no news: it is begun again
		signal(p.work)
		signal(p.wishes)
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
		}
	}
}

func (p *ProducerStore) listenOnce(ctx context.Context) error {
	pooled, err := p.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	conn := pooled.Hijack()
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+channelTransaction+"; LISTEN "+channelProducer); err != nil {
		return err
	}
	signal(p.work)
	signal(p.wishes)
	for {
		bound, cancel := context.WithTimeout(ctx, pollEvery)
		n, err := conn.WaitForNotification(bound)
		idle := bound.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err != nil && !idle:
			return err
		case err == nil && n.Channel == channelTransaction:
			signal(p.work)
			continue
		}
		if idle {
			signal(p.work)
		}
		signal(p.wishes)
	}
}

// Wish implements producer.Records.
func (p *ProducerStore) Wish(ctx context.Context, run producer.State, how string, keep bool, user string) error {
	_, err := p.pool.Exec(ctx, `
		WITH w AS (
			UPDATE producers SET wish = wish + 1, wish_run = $2, wish_how = $3, wish_keep = $4, wish_user = $5, wish_at = now(), wish_skip = 0, wish_reason = '' WHERE id = $1)
		SELECT pg_notify('`+channelProducer+`', $1::text)`, p.id, string(run), how, keep, user)
	return err
}

// WishSkip implements producer.Records.
func (p *ProducerStore) WishSkip(ctx context.Context, s producer.Skip, a producer.Act) error {
	return pgx.BeginFunc(ctx, p.pool, func(t pgx.Tx) error {
		_, err := t.Exec(ctx, `
			UPDATE producers SET wish = wish + 1, wish_run = $2, wish_how = 'skip', wish_keep = false, wish_user = $3, wish_at = now(), wish_skip = $4, wish_reason = $5
			WHERE id = $1`, p.id, string(producer.Idle), a.User, s.Transaction, s.Reason)
		if err != nil {
			return err
		}
		if _, err := t.Exec(ctx, `SELECT pg_notify('`+channelProducer+`', $1::text)`, p.id); err != nil {
			return err
		}
		return audit(ctx, t, a)
	})
}

// Routes implements producer.Records.
func (p *ProducerStore) Routes(ctx context.Context) ([]producer.LimitedRoute, error) {
	rows, err := p.pool.Query(ctx, `
		SELECT p.topic, p.format, p.sender, p.filter, l.request, l.message, l.socket, l.seen_at
		FROM producers p JOIN topic_limits l ON l.producer = p.id AND l.topic = p.topic WHERE p.id = $1`, p.id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r producer.LimitedRoute, err error) {
		var filter string
		if err := row.Scan(&r.Topic, &r.Format, &r.Sender, &filter, &r.Request, &r.Message, &r.Socket, &r.SeenAt); err != nil {
			return r, err
		}
		r.Filter, err = producer.ParseFilter(filter)
		return r, err
	})
}

// bootstrapNow are the servers of a producer's connection, as it is defined now.
const bootstrapNow = `CASE p.connection WHEN '' THEN p.bootstrap ELSE coalesce((
	SELECT coalesce(k.properties->>'bootstrap.servers', k.properties->>'metadata.broker.list') FROM connections k WHERE k.name = p.connection), '') END`

// Status implements producer.Records.
func (p *ProducerStore) Status(ctx context.Context) (producer.Status, error) {
	s := producer.Status{ID: p.id}
	var ask []byte
	var filter string
	var oldest *time.Time
	err := p.pool.QueryRow(ctx, `
		SELECT p.name, p.state, p.reason, p.since, p.ask, p.topic, p.format, p.filter, p.connection, `+bootstrapNow+`, p.started,
			coalesce(c.number, 0), r.last_number,
			(SELECT recorded_at FROM transactions t WHERE t.number > coalesce(c.number, 0) AND p.started ORDER BY number LIMIT 1),
			coalesce((SELECT min(m.first) FROM marks m WHERE m.producer = p.id AND m.status = 'FAILED'), 0),
			(SELECT count(*) FROM (SELECT FROM left_out l WHERE l.producer = p.id LIMIT $2) l)
		FROM registry r, producers p LEFT JOIN cursors c ON c.producer = p.id WHERE p.id = $1`, p.id, producer.LeftOutMax).Scan(
		&s.Name, &s.State, &s.Reason, &s.Since, &ask, &s.Topic, &s.Format, &filter, &s.Connection, &s.Bootstrap, &s.Started,
		&s.Sent, &s.Last, &oldest, &s.Failed, &s.LeftOut)
	if err != nil {
		return s, fmt.Errorf("reading the producer's status: %w", err)
	}
	if s.Filter, err = producer.ParseFilter(filter); err != nil {
		return s, err
	}
	if oldest != nil {
		s.OldestPending = *oldest
		s.Pending = int64(s.Last - s.Sent)
	}
	if err := json.Unmarshal(ask, &s.Ask); err != nil {
		return s, err
	}
	if err := p.holder(ctx, &s); err != nil {
		return s, fmt.Errorf("reading who publishes: %w", err)
	}
	s.Job, err = p.jobStatus(ctx)
	return s, err
}

func (p *ProducerStore) jobStatus(ctx context.Context) (*producer.JobStatus, error) {
	j := &producer.JobStatus{}
	err := p.pool.QueryRow(ctx, `
		SELECT id::text, kind, as_of, phase, structures, done, bytes, created_at FROM jobs WHERE producer = $1 AND ended_at IS NULL`, p.id).Scan(
		&j.ID, &j.Kind, &j.AsOf, &j.Phase, &j.Structures, &j.Done, &j.Bytes, &j.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return j, err
}

// Statuses implements producer.Records.
func (p *ProducerStore) Statuses(ctx context.Context, from, to registry.Number) (map[registry.Number]producer.Became, error) {
	var cursor registry.Number
	var started bool
	err := p.pool.QueryRow(ctx, `
		SELECT coalesce(c.number, 0), p.started FROM producers p LEFT JOIN cursors c ON c.producer = p.id WHERE p.id = $1`, p.id).Scan(&cursor, &started)
	if err != nil {
		return nil, err
	}
	out := make(map[registry.Number]producer.Became, to-from+1)
	for n := from; n <= to; n++ {
		out[n] = producer.Became{Status: producer.StatusPending}
		if started && n <= cursor {
			out[n] = producer.Became{Status: producer.StatusSent}
		}
	}
	rows, err := p.pool.Query(ctx, `SELECT first, last, status, reason, user_name FROM marks
		WHERE producer = $1 AND int8range(first, last, '[]') && int8range($2, $3, '[]') ORDER BY at`, p.id, from, to)
	if err != nil {
		return nil, err
	}
	var first, last registry.Number
	var b producer.Became
	_, err = pgx.ForEachRow(rows, []any{&first, &last, &b.Status, &b.Reason, &b.User}, func() error {
		for n := max(first, from); n <= min(last, to); n++ {
			out[n] = b
		}
		return nil
	})
	return out, err
}
