package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
)

// A Directory is the table of producers. It implements control.Directory, for every instance,
// and producer.Stock, for instances that publish.
type Directory struct {
	*Store
	born    time.Time // start of this process, by the database's clock
	changed chan struct{}
	// bootstrap are the servers of the connection in this process's configuration.
	bootstrap string

	mu   sync.Mutex
	open map[string]*ProducerStore // producers that this process publishes, by id
}

// Directory returns the table of producers, and listens for changes of it until ctx ends.
func (s *Store) Directory(ctx context.Context) (*Directory, error) {
	d := &Directory{Store: s, changed: make(chan struct{}, 1), open: map[string]*ProducerStore{}}
	var err error
	if d.born, err = s.Now(ctx); err != nil {
		return nil, err
	}
	go d.listen(ctx)
	return d, nil
}

// Born returns when this process started, by the database's clock.
func (d *Directory) Born() time.Time { return d.born }

// Producers implements control.Directory and producer.Stock.
func (d *Directory) Producers(ctx context.Context) ([]producer.Named, error) {
	found, err := queryAll(ctx, d.pool, pgx.RowToStructByPos[producer.Named], `SELECT id::text, name FROM producers ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("reading the producers: %w", err)
	}
	return found, nil
}

// Changed implements producer.Stock.
func (d *Directory) Changed() <-chan struct{} { return d.changed }

// Records implements control.Directory.
func (d *Directory) Records(id string) control.Records {
	return &ProducerStore{Store: d.Store, id: id}
}

// Open implements producer.Stock.
func (d *Directory) Open(ctx context.Context, id string) producer.Store {
	p := &ProducerStore{Store: d.Store, id: id, born: d.born, work: make(chan struct{}, 1), wishes: make(chan struct{}, 1)}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[id] = p
	context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.open[id] == p {
			delete(d.open, id)
		}
	})
	return p
}

// lockProducers serializes changes of producers, so that two producers cannot take one topic.
const lockProducers = `SELECT pg_advisory_xact_lock(hashtextextended('urncast producers ' || current_schema(), 0))`

// notifyProducer notifies all instances that producer $1 was changed.
const notifyProducer = `SELECT pg_notify('` + channelProducer + `', $1::text)`

// CreateProducer implements control.Directory.
func (d *Directory) CreateProducer(ctx context.Context, c *producer.Config, a registry.Act) error {
	return d.change(ctx, func(t pgx.Tx) error {
		if err := checkTopicsFree(ctx, t, "", c); err != nil {
			return err
		}
		var id string
		err := t.QueryRow(ctx, `INSERT INTO producers (name, routes, prefix, sender, connection, changed_by, bootstrap, baseline_at_start, baseline_on_connection)
			VALUES ($1, $2, $3, $4, $5, $6, CASE $5 WHEN '' THEN $7 ELSE '' END, $8, $9) RETURNING id::text`,
			c.Name, c.Routes, c.Prefix, c.Sender, c.Connection, a.User, d.bootstrap, c.BaselineAtEveryStart, c.BaselineWhenConnectionChanges).Scan(&id)
		if err != nil {
			return takenError(err, c)
		}
		if err := audit(ctx, t, a); err != nil {
			return err
		}
		_, err = t.Exec(ctx, notifyProducer, id)
		return err
	})
}

// ChangeProducer implements control.Directory.
func (d *Directory) ChangeProducer(ctx context.Context, id string, c *producer.Config, w *producer.Wish, a registry.Act) error {
	return d.change(ctx, func(t pgx.Tx) error {
		conflict := &control.ConflictError{Name: a.Subject, Base: c.Revision}
		err := t.QueryRow(ctx, `SELECT revision, changed_by, changed_at FROM producers WHERE id = $1 FOR UPDATE`, id).Scan(&conflict.Now, &conflict.By, &conflict.At)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return registry.ErrNotFound
		case err != nil:
			return err
		case conflict.Now != c.Revision:
			return conflict
		}
		if err := checkTopicsFree(ctx, t, id, c); err != nil {
			return err
		}
		_, err = t.Exec(ctx, `UPDATE producers SET routes = $2, prefix = $3, sender = $4, connection = $5, revision = revision + 1, changed_at = now(), changed_by = $6,
			bootstrap = CASE $5 WHEN '' THEN $7 ELSE '' END, baseline_at_start = $8, baseline_on_connection = $9 WHERE id = $1`,
			id, c.Routes, c.Prefix, c.Sender, c.Connection, a.User, d.bootstrap, c.BaselineAtEveryStart, c.BaselineWhenConnectionChanges)
		if err != nil {
			return err
		}
		if w != nil {
			if err := wish(ctx, t, id, w); err != nil {
				return err
			}
		}
		if err := audit(ctx, t, a); err != nil {
			return err
		}
		_, err = t.Exec(ctx, notifyProducer, id)
		return err
	})
}

// DeleteProducer implements control.Directory. The lease is deleted too, so that its holder
// can write nothing more. A Kafka transaction that the holder has in flight is fenced by the
// next producer of the topic.
func (d *Directory) DeleteProducer(ctx context.Context, id string, a registry.Act) error {
	return d.change(ctx, func(t pgx.Tx) error {
		kept, err := t.Exec(ctx, `INSERT INTO former_producers (id, name, prefix, lanes, deleted_by)
			SELECT id, name, coalesce(nullif(sent_prefix, ''), prefix), sent_lanes, $2 FROM producers WHERE id = $1 FOR UPDATE`, id, a.User)
		if err != nil {
			return err
		}
		if kept.RowsAffected() == 0 {
			return registry.ErrNotFound
		}
		for _, table := range []string{"leases", "cursors", "marks", "left_out", "jobs", "sent_transactions"} {
			if _, err := t.Exec(ctx, `DELETE FROM `+table+` WHERE producer = $1`, id); err != nil {
				return err
			}
		}
		if _, err := t.Exec(ctx, `DELETE FROM producers WHERE id = $1`, id); err != nil {
			return err
		}
		if err := audit(ctx, t, a); err != nil {
			return err
		}
		_, err = t.Exec(ctx, notifyProducer, id)
		return err
	})
}

// change runs fn in a database transaction that has locked the table of producers.
func (d *Directory) change(ctx context.Context, fn func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, d.pool, func(t pgx.Tx) error {
		if _, err := t.Exec(ctx, lockProducers); err != nil {
			return err
		}
		return fn(t)
	})
}

// checkTopicsFree returns a *control.TakenError if one of the topics belongs to another
// producer on the same connection, of which no name and the default's name are the same one. On
// another connection it may be a topic of another cluster; if it is not, the start of the
// producer finds that out.
func checkTopicsFree(ctx context.Context, t pgx.Tx, id string, c *producer.Config) error {
	var other, topic string
	err := t.QueryRow(ctx, `SELECT p.name, r->>'topic' FROM producers p, jsonb_array_elements(p.routes) r
		WHERE p.id::text <> $1 AND p.name <> $2 AND coalesce(nullif(p.connection, ''), $5) = $3 AND r->>'topic' = ANY($4) LIMIT 1`,
		id, c.Name, cmp.Or(c.Connection, producer.NameDefault), c.Topics(), producer.NameDefault).Scan(&other, &topic)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return &control.TakenError{Text: fmt.Sprintf("Topic %s belongs to producer %s already: a topic is written by one route of one producer", topic, other)}
}

// takenError returns a *control.TakenError for a name that exists already, and err otherwise.
func takenError(err error, c *producer.Config) error {
	if isUniqueViolation(err) {
		return &control.TakenError{Text: fmt.Sprintf("There is a producer %s already", c.Name)}
	}
	return err
}

// Fix saves the producer that the configuration of this process defines, nil for none, and
// marks it as fixed: the console and the API cannot change it. A producer that was fixed before
// can be changed again. bootstrap are the servers of the configured connection.
func (d *Directory) Fix(ctx context.Context, c *producer.Config, bootstrap string) error {
	d.bootstrap = bootstrap
	return d.change(ctx, func(t pgx.Tx) error {
		name := ""
		if c != nil {
			name = c.Name
			if err := checkTopicsFree(ctx, t, "", c); err != nil {
				return err
			}
			_, err := t.Exec(ctx, `
				INSERT INTO producers AS p (name, routes, prefix, sender, connection, fixed, baseline_at_start, baseline_on_connection) VALUES ($1, $2, $3, $4, $5, true, $6, $7)
				ON CONFLICT (name) DO UPDATE SET routes = $2, prefix = $3, sender = $4, connection = $5, fixed = true, baseline_at_start = $6, baseline_on_connection = $7,
					revision = p.revision + CASE WHEN (p.routes, p.prefix, p.sender, p.connection, p.baseline_at_start, p.baseline_on_connection)
						IS DISTINCT FROM ($2::jsonb, $3, $4, $5, $6::boolean, $7::boolean) THEN 1 ELSE 0 END`,
				c.Name, c.Routes, c.Prefix, c.Sender, c.Connection, c.BaselineAtEveryStart, c.BaselineWhenConnectionChanges)
			if err != nil {
				return fmt.Errorf("saving the producer's settings: %w", err)
			}
		}
		_, err := t.Exec(ctx, `UPDATE producers SET fixed = fixed AND name = $1, bootstrap = CASE connection WHEN '' THEN $2 ELSE '' END`, name, bootstrap)
		return err
	})
}

// Reprefix sets the prefix of the transactional ids of all producers.
func (d *Directory) Reprefix(ctx context.Context, prefix string) error {
	_, err := d.pool.Exec(ctx, `UPDATE producers SET prefix = $1`, prefix)
	return err
}
