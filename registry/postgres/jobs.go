package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
	"urncast/registry"
)

// jobs lists those that a condition lets through.
func (p *ProducerStore) jobs(ctx context.Context, where string, args ...any) ([]producer.JobStatus, error) {
	rows, err := p.pool.Query(ctx, `SELECT id::text, kind, scope, as_of, phase, structures, done, bytes, created_at, ended_at FROM jobs WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (j producer.JobStatus, err error) {
		var ended *time.Time
		if err := row.Scan(&j.ID, &j.Kind, &j.Scope, &j.AsOf, &j.Phase, &j.Structures, &j.Done, &j.Bytes, &j.CreatedAt, &ended); err != nil {
			return j, err
		}
		if ended != nil {
			j.EndedAt = *ended
		}
		return j, nil
	})
}

// Jobs implements producer.Records.
func (p *ProducerStore) Jobs(ctx context.Context, limit int) ([]producer.JobStatus, error) {
	return p.jobs(ctx, `producer = $1 ORDER BY created_at DESC, id LIMIT $2`, p.id, limit)
}

// AskJob implements producer.Records.
func (p *ProducerStore) AskJob(ctx context.Context, j *producer.JobStatus, a registry.Act) error {
	return pgx.BeginFunc(ctx, p.pool, func(t pgx.Tx) error {
		err := t.QueryRow(ctx, `INSERT INTO jobs (producer, kind, scope, as_of, phase, asked_by) VALUES ($1, $2, $3, 0, $4, $5) RETURNING id::text, created_at`,
			p.id, j.Kind, j.Scope, j.Phase, a.User).Scan(&j.ID, &j.CreatedAt)
		if err != nil {
			return err
		}
		if _, err := t.Exec(ctx, heard, p.id); err != nil {
			return err
		}
		return audit(ctx, t, a)
	})
}

// CancelJob implements producer.Records.
func (p *ProducerStore) CancelJob(ctx context.Context, id string, a registry.Act) error {
	return pgx.BeginFunc(ctx, p.pool, func(t pgx.Tx) error {
		ended, err := t.Exec(ctx, `UPDATE jobs SET ended_at = now(), phase = 'cancelled' WHERE producer = $1 AND id::text = $2 AND ended_at IS NULL AND phase = 'waiting'`, p.id, id)
		if err != nil {
			return err
		}
		if ended.RowsAffected() == 0 {
			return registry.ErrNotFound
		}
		return audit(ctx, t, a)
	})
}

// BeginJob implements producer.Hold.
func (h *hold) BeginJob(ctx context.Context, j producer.Job, wish int64) (producer.Job, error) {
	err := h.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(`UPDATE jobs SET ended_at = now(), phase = 'replaced' WHERE producer = $1 AND ended_at IS NULL AND phase <> 'waiting'`, h.p.id)
		b.Queue(`UPDATE producers SET taken = greatest(taken, $2) WHERE id = $1`, h.p.id, wish)
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		var name string
		err := tx.QueryRow(ctx, `INSERT INTO jobs (producer, kind, scope, as_of, asked_by) VALUES ($1, $2, $3, $4, $5)
			RETURNING id::text, phase, created_at, (SELECT name FROM producers WHERE id = $1)`,
			h.p.id, j.Kind, j.Scope, j.AsOf, j.Why).Scan(&j.ID, &j.Phase, &j.CreatedAt, &name)
		if err != nil || j.Why == "" {
			return err
		}
		return audit(ctx, tx, registry.Actor{User: producer.UserOfSettings}.Did(producer.ActBaselineBySetting, name,
			map[string]any{"job": j.ID, "setting": j.Why, "asOf": j.AsOf}))
	})
	return j, err
}

// TakeJob implements producer.Hold.
func (h *hold) TakeJob(ctx context.Context, c producer.Cursor) (*producer.Job, error) {
	var j *producer.Job
	err := h.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			UPDATE jobs SET phase = 'publish', as_of = $2 WHERE id = (
				SELECT id FROM jobs WHERE producer = $1 AND ended_at IS NULL AND phase = 'waiting' ORDER BY created_at, id LIMIT 1)
			RETURNING id::text, kind, scope, as_of, phase, created_at, ''`, h.p.id, c.Number)
		if err != nil {
			return err
		}
		taken, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[producer.Job])
		if err != nil || len(taken) == 0 {
			return err
		}
		j = taken[0]
		_, err = tx.Exec(ctx, `UPDATE cursors SET number = $2, offsets = $3, moved_at = now() WHERE producer = $1`, h.p.id, c.Number, c.Offsets)
		return err
	})
	return j, err
}

// Progress implements producer.Hold.
func (h *hold) Progress(ctx context.Context, id, phase string, structures, done, bytes int64) error {
	return h.exec(ctx, `UPDATE jobs SET phase = $3, structures = $4, done = $5, bytes = bytes + $6 WHERE producer = $1 AND id = $2`, id, phase, structures, done, bytes)
}

// EndJob implements producer.Hold.
func (h *hold) EndJob(ctx context.Context, id string, c producer.Cursor) error {
	return h.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var from, asOf registry.Number
		err := tx.QueryRow(ctx, `SELECT c.number, j.as_of FROM cursors c, jobs j WHERE c.producer = $1 AND j.id = $2`, h.p.id, id).Scan(&from, &asOf)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`UPDATE jobs SET ended_at = now(), phase = 'done' WHERE id = $1`, id)
		b.Queue(`UPDATE cursors SET number = $2, offsets = $3, moved_at = now() WHERE producer = $1`, h.p.id, c.Number, c.Offsets)
		if asOf > from {
			b.Queue(markSQL, h.p.id, from+1, asOf, producer.StatusCovered, "A baseline holds what it made.")
		}
		return tx.SendBatch(ctx, b).Close()
	})
}
