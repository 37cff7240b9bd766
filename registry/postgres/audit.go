package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
	"urncast/registry/access"
)

const (
	lockAudit   = `LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE`
	insertAudit = `INSERT INTO audit (at, user_name, remote, action, subject, detail) VALUES (clock_timestamp(), $1, $2, $3, $4, $5)`
)

// audit records an act in the transaction of the change. The lock makes ids rise
// in the order of commits, so that a reader of what follows an id misses nothing;
// acts are rare enough for it. It is taken by itself: to parse the insert takes a weaker
// one, and two who had that would wait for each other.
func audit(ctx context.Context, t pgx.Tx, a registry.Act) error {
	if _, err := t.Exec(ctx, lockAudit); err != nil {
		return fmt.Errorf("locking the audit: %w", err)
	}
	if _, err := t.Exec(ctx, insertAudit, a.User, a.Remote, a.Action, a.Subject, a.Detail); err != nil {
		return fmt.Errorf("recording the change in the audit: %w", err)
	}
	return nil
}

// queueAudit is audit at the end of a batch, for those who come one at a time, by the
// registry's lock, or who begin in the batch, which is parsed before.
func queueAudit(b *pgx.Batch, a registry.Act) {
	b.Queue(lockAudit)
	b.Queue(insertAudit, a.User, a.Remote, a.Action, a.Subject, a.Detail)
}

// RecordAct implements producer.ConnectionStore.
func (s *ConnectionStore) RecordAct(ctx context.Context, a registry.Act) error {
	return pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error { return audit(ctx, t, a) })
}

// Record implements access.Store. It is one round trip; a connection that is given back
// inside a transaction is closed by the pool.
func (s *AccessStore) Record(ctx context.Context, a registry.Act) error {
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	queueAudit(b, a)
	b.Queue("COMMIT")
	return s.pool.SendBatch(ctx, b).Close()
}

// Acts implements access.Store.
func (s *AccessStore) Acts(ctx context.Context, q access.Query) ([]registry.Act, error) {
	var w conditions
	if q.User != "" {
		w.add("user_name = $#", q.User)
	}
	if q.Action != "" {
		w.add("action = $#", q.Action)
	}
	if q.Subject != "" {
		w.add("strpos(lower(subject), lower($#)) > 0", q.Subject)
	}
	if !q.From.IsZero() {
		w.add("at >= $#", q.From)
	}
	if !q.To.IsZero() {
		w.add("at < $#", q.To)
	}
	if q.Before > 0 {
		w.add("id < $#", q.Before)
	}
	order := "id DESC"
	if q.Ascending || q.After > 0 {
		w.add("id > $#", q.After)
		order = "id"
	}
	tail := w.limit(order, q.Limit)
	acts, err := all(ctx, s, pgx.RowToStructByPos[registry.Act], `
		SELECT id, at, user_name, remote, action, subject, detail FROM audit`+tail, w.args...)
	for i := range acts {
		acts[i].At = acts[i].At.UTC()
	}
	return acts, err
}

// Actions implements access.Store: a look-up by index for each, however long the audit is.
func (s *AccessStore) Actions(ctx context.Context) ([]string, error) {
	return all(ctx, s, pgx.RowTo[string], `
		WITH RECURSIVE each AS (
			SELECT min(action) AS action FROM audit
			UNION ALL
			SELECT (SELECT min(action) FROM audit WHERE action > each.action) FROM each WHERE each.action IS NOT NULL)
		SELECT action FROM each WHERE action IS NOT NULL`)
}
