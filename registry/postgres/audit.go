package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
	"urncast/registry/access"
)

// insertAudit records an act. A trigger sets its id and its time from the audit's counter row,
// which stays locked until the transaction ends. So ids have no gaps and rise in commit order,
// a reader that continues after an id misses nothing, and times never decrease.
const insertAudit = `INSERT INTO audit (user_name, remote, action, subject, detail) VALUES ($1, $2, $3, $4, $5)`

// audit records an act in the database transaction of the change. It has to be the last
// statement that takes a lock, because all other acts wait for the commit.
func audit(ctx context.Context, t pgx.Tx, a registry.Act) error {
	if _, err := t.Exec(ctx, insertAudit, a.User, a.Remote, a.Action, a.Subject, a.Detail); err != nil {
		return fmt.Errorf("recording the change in the audit: %w", err)
	}
	return nil
}

// queueAudit queues the recording of an act at the end of a batch.
func queueAudit(b *pgx.Batch, a registry.Act) {
	b.Queue(insertAudit, a.User, a.Remote, a.Action, a.Subject, a.Detail)
}

// RecordAct implements connection.Store.
func (s *ConnectionStore) RecordAct(ctx context.Context, a registry.Act) error {
	return pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error { return audit(ctx, t, a) })
}

// LastTests implements connection.Store. The condition is that of the index audit_tests, so
// that a connection costs one look-up, whatever the length of the audit.
func (s *ConnectionStore) LastTests(ctx context.Context, names []string) ([]registry.Act, error) {
	return queryAll(ctx, s.pool, scanAct, `
		SELECT last.* FROM unnest($1::text[]) AS name CROSS JOIN LATERAL (
			SELECT id, at, user_name, remote, action, subject, detail FROM audit
			WHERE subject = name AND action = 'connection tested' AND detail->'edited' = 'false' ORDER BY id DESC LIMIT 1) AS last`, names)
}

func scanAct(row pgx.CollectableRow) (registry.Act, error) {
	a, err := pgx.RowToStructByPos[registry.Act](row)
	a.At = a.At.UTC()
	return a, err
}

// Record implements access.Store.
func (s *AccessStore) Record(ctx context.Context, a registry.Act) error {
	_, err := s.pool.Exec(ctx, insertAudit, a.User, a.Remote, a.Action, a.Subject, a.Detail)
	return err
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
	return queryAll(ctx, s.pool, scanAct, `SELECT id, at, user_name, remote, action, subject, detail FROM audit`+tail, w.args...)
}

// Actions implements access.Store. It costs one index look-up per action, whatever the length
// of the audit.
func (s *AccessStore) Actions(ctx context.Context) ([]string, error) {
	return queryAll(ctx, s.pool, pgx.RowTo[string], `
		WITH RECURSIVE each AS (
			SELECT min(action) AS action FROM audit
			UNION ALL
			SELECT (SELECT min(action) FROM audit WHERE action > each.action) FROM each WHERE each.action IS NOT NULL)
		SELECT action FROM each WHERE action IS NOT NULL`)
}
