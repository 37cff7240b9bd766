package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
)

// auditTakeover records a takeover in the audit. It runs beside publishing, which does not wait
// for the audit; in table takeovers it was recorded by the statement that took the lease.
func (p *ProducerStore) auditTakeover(t *producer.Takeover) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*answerWithin)
	defer cancel()
	detail, err := json.Marshal(t)
	if err != nil {
		return
	}
	_ = pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		var name string
		if err := tx.QueryRow(ctx, `SELECT name FROM producers WHERE id = $1`, p.id).Scan(&name); err != nil {
			return err
		}
		return audit(ctx, tx, registry.Act{User: "urncast", Action: producer.ActTakenOver, Subject: name, Detail: detail})
	})
}

// takeovers sets in a status the number of takeovers of the producer, and the last one.
func (p *ProducerStore) takeovers(ctx context.Context, s *control.Status) error {
	var t producer.Takeover
	err := p.pool.QueryRow(ctx, `
		SELECT count(*) OVER (), term, at, instance, former, ending FROM takeovers WHERE producer = $1 ORDER BY term DESC LIMIT 1`,
		p.id).Scan(&s.Takeovers, &t.Term, &t.At, &t.Instance, &t.Former, &t.Ending)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the takeovers: %w", err)
	}
	s.LastTakeover = &t
	return nil
}
