package postgres

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
)

const (
	// jobColumns are the columns that scanJob scans.
	jobColumns = `id::text, kind, scope, as_of, phase, created_at, first_start, CASE phase WHEN 'publish' THEN done ELSE 0 END, cancel_by <> ''`
	// nextWaitingJob is the condition, order and limit for the job that has waited longest.
	nextWaitingJob = `ended_at IS NULL AND phase = 'waiting' ORDER BY created_at, id LIMIT 1`
)

func scanJob(row pgx.Row) (*producer.Job, error) {
	j := &producer.Job{}
	return j, row.Scan(&j.ID, &j.Kind, &j.Scope, &j.AsOf, &j.Phase, &j.CreatedAt, &j.First, &j.Done, &j.Cancel)
}

// jobs returns the jobs that match a condition.
func (p *ProducerStore) jobs(ctx context.Context, where string, args ...any) ([]control.JobStatus, error) {
	rows, err := p.pool.Query(ctx, `SELECT id::text, kind, scope, as_of, phase, structures, done, bytes, created_at, ended_at,
		first_start, CASE WHEN phase = 'waiting' THEN not_before ELSE 0 END, ended_at IS NULL AND cancel_by <> '', leaves FROM jobs WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (j control.JobStatus, err error) {
		var ended *time.Time
		if err := row.Scan(&j.ID, &j.Kind, &j.Scope, &j.AsOf, &j.Phase, &j.Structures, &j.Done, &j.Bytes, &j.CreatedAt, &ended,
			&j.First, &j.After, &j.Cancelling, &j.Leaves); err != nil {
			return j, err
		}
		if ended != nil {
			j.EndedAt = *ended
		}
		return j, nil
	})
}

// Jobs implements control.Records.
func (p *ProducerStore) Jobs(ctx context.Context, limit int) ([]control.JobStatus, error) {
	return p.jobs(ctx, `producer = $1 ORDER BY created_at DESC, id LIMIT $2`, p.id, limit)
}

// AskJob implements control.Records.
func (p *ProducerStore) AskJob(ctx context.Context, j *control.JobStatus, a registry.Act) error {
	return pgx.BeginFunc(ctx, p.pool, func(t pgx.Tx) error {
		err := t.QueryRow(ctx, `INSERT INTO jobs (producer, kind, scope, as_of, phase, asked_by, not_before)
			SELECT $1, $2, $3, 0, $4, $5, last_number FROM registry RETURNING id::text, created_at, not_before`,
			p.id, j.Kind, j.Scope, j.Phase, a.User).Scan(&j.ID, &j.CreatedAt, &j.After)
		if err != nil {
			return err
		}
		if _, err := t.Exec(ctx, notifyProducer, p.id); err != nil {
			return err
		}
		return audit(ctx, t, a)
	})
}

// CancelJob implements control.Records.
func (p *ProducerStore) CancelJob(ctx context.Context, id string, start bool, a registry.Act) (*control.JobStatus, error) {
	err := pgx.BeginFunc(ctx, p.pool, func(t pgx.Tx) error {
		done, err := t.Exec(ctx, `UPDATE jobs SET ended_at = CASE phase WHEN 'waiting' THEN now() END, phase = CASE phase WHEN 'waiting' THEN 'cancelled' ELSE phase END, cancel_by = $3
			WHERE producer = $1 AND id::text = $2 AND ended_at IS NULL`, p.id, id, a.User)
		if err != nil {
			return err
		}
		if done.RowsAffected() == 0 {
			return registry.ErrNotFound
		}
		if start {
			if err := wish(ctx, t, p.id, &producer.Wish{Run: producer.Idle, How: producer.WishCancel, User: a.User}); err != nil {
				return err
			}
		}
		if _, err := t.Exec(ctx, notifyProducer, p.id); err != nil {
			return err
		}
		return audit(ctx, t, a)
	})
	if err != nil {
		return nil, err
	}
	jobs, err := p.jobs(ctx, `producer = $1 AND id::text = $2`, p.id, id)
	if err != nil || len(jobs) == 0 {
		return nil, cmp.Or(err, registry.ErrNotFound)
	}
	return &jobs[0], nil
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
		err := tx.QueryRow(ctx, `INSERT INTO jobs (producer, kind, scope, as_of, asked_by, first_start) VALUES ($1, $2, $3, $4, $5, $6)
			RETURNING id::text, phase, created_at, (SELECT name FROM producers WHERE id = $1)`,
			h.p.id, j.Kind, j.Scope, j.AsOf, j.Why, j.First).Scan(&j.ID, &j.Phase, &j.CreatedAt, &name)
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
		taken, err := scanJob(tx.QueryRow(ctx, `UPDATE jobs SET phase = 'publish', as_of = $2 WHERE not_before <= $2 AND id = (
			SELECT id FROM jobs WHERE producer = $1 AND `+nextWaitingJob+`) RETURNING `+jobColumns, h.p.id, c.Number))
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		j = taken
		_, err = tx.Exec(ctx, setCursorSQL, h.p.id, c.Number, c.Offsets)
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
		b.Queue(setCursorSQL, h.p.id, c.Number, c.Offsets)
		if asOf = min(asOf, c.Number); asOf > from {
			b.Queue(markSQL, h.p.id, from+1, asOf, producer.StatusCovered, "A baseline holds what it made.")
		}
		return tx.SendBatch(ctx, b).Close()
	})
}

const setCursorSQL = `UPDATE cursors SET number = $2, offsets = $3, moved_at = now() WHERE producer = $1`

// CancelJob implements producer.Hold. The transactions that are skipped by it get one mark
// together, because they may be the whole log.
func (h *hold) CancelJob(ctx context.Context, id string, c producer.Cursor, leaves string) error {
	return h.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var from registry.Number
		var name, by string
		err := tx.QueryRow(ctx, `UPDATE jobs j SET ended_at = now(), phase = 'cancelled', leaves = $3 FROM cursors c, producers p
			WHERE j.id = $2 AND c.producer = $1 AND p.id = $1 RETURNING c.number, p.name, j.cancel_by`, h.p.id, id, leaves).Scan(&from, &name, &by)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(setCursorSQL, h.p.id, c.Number, c.Offsets)
		if c.Number > from {
			b.Queue(`INSERT INTO marks (producer, first, last, status, reason, user_name) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (producer, last, status) DO UPDATE SET first = excluded.first, reason = excluded.reason, user_name = excluded.user_name, at = now()`,
				h.p.id, from+1, c.Number, producer.StatusSkipped, "Job "+id+", which stood for it, was cancelled. "+leaves, by)
		}
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		return audit(ctx, tx, registry.Actor{User: by}.Did(control.ActJobCancelled, name, map[string]string{"job": id, "leaves": leaves}))
	})
}

// RenewJob implements producer.Hold.
func (h *hold) RenewJob(ctx context.Context, id string, asOf registry.Number) error {
	return h.exec(ctx, `UPDATE jobs SET as_of = $3 WHERE producer = $1 AND id = $2`, id, asOf)
}

// PutBackJob implements producer.Hold.
func (h *hold) PutBackJob(ctx context.Context, id string, after registry.Number) error {
	return h.exec(ctx, `UPDATE jobs SET phase = 'waiting', as_of = 0, not_before = $3, structures = 0 WHERE producer = $1 AND id = $2`, id, after)
}
