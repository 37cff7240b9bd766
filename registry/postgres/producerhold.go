package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
	"urncast/registry"
)

// databaseOID is the oid of this database, which differs from that of a copy on the same server.
const databaseOID = `(SELECT oid FROM pg_database WHERE datname = current_database())`

// systemSeparator separates the server's system identifier from the database's oid in what
// producer.Store.System returns. The two parts are stored in separate columns, because older
// versions of the program know only the first.
const systemSeparator = `, database `

// Load implements producer.Hold.
func (h *hold) Load(ctx context.Context) (producer.Row, error) {
	r := producer.Row{ID: h.p.id, Registry: h.p.RegistryID(), Term: h.term, TakenOver: h.takenOver, Takeover: h.takeover}
	c, s, w := &r.Config, &r.Sent, &r.Wish
	err := h.read(ctx, func(b *pgx.Batch) {
		b.Queue(`
			SELECT p.name, p.routes, p.prefix, p.sender, p.connection, p.revision, p.fixed, p.baseline_at_start, p.baseline_on_connection, `+bootstrapNow+`,
				p.wish, p.wish_run, p.wish_how, p.wish_keep, p.wish_skip, p.wish_reason, p.wish_user, p.taken,
				p.state, p.reason, p.since, p.started, coalesce(c.number, 0), coalesce(c.offsets, '{}'),
				p.sent_cluster, p.sent_prefix, p.sent_lanes, p.sent_bootstrap, p.sent_routes,
				CASE WHEN p.system = '' THEN '' ELSE p.system || '`+systemSeparator+`' || coalesce(p.database_oid, `+databaseOID+`) END,
				(SELECT count(*) FROM jobs j WHERE j.producer = p.id AND j.ended_at IS NULL AND j.phase = 'waiting'),
				coalesce((SELECT j.not_before FROM jobs j WHERE j.producer = p.id AND `+nextWaitingJob+`), 0)
			FROM producers p LEFT JOIN cursors c ON c.producer = p.id WHERE p.id = $1`, h.p.id)
		b.Queue(`SELECT `+jobColumns+` FROM jobs WHERE producer = $1 AND ended_at IS NULL AND phase <> 'waiting'`, h.p.id)
	}, func(results pgx.BatchResults) error {
		err := results.QueryRow().Scan(
			&c.Name, &c.Routes, &c.Prefix, &c.Sender, &c.Connection, &c.Revision, &c.Fixed, &c.BaselineAtEveryStart, &c.BaselineWhenConnectionChanges, &c.Bootstrap,
			&w.Sequence, &w.Run, &w.How, &w.Keep, &w.Skip, &w.Reason, &w.User, &r.Taken,
			&r.State, &r.Reason, &r.Since, &r.Started, &r.Cursor.Number, &r.Cursor.Offsets,
			&s.Cluster, &s.Prefix, &s.Lanes, &s.Bootstrap, &s.Routes, &r.System, &r.Waiting, &r.NextJobAfter)
		if err != nil {
			return err
		}
		j, err := scanJob(results.QueryRow())
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return nil
		case err == nil:
			r.Job = j
		}
		return err
	})
	return r, err
}

// Show implements producer.Hold.
func (h *hold) Show(ctx context.Context, s producer.State, reason string, ask []producer.Choice) error {
	if ask == nil {
		ask = []producer.Choice{}
	}
	choices, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	return h.exec(ctx, `UPDATE producers SET since = CASE WHEN state = $2 THEN since ELSE clock_timestamp() END, state = $2, reason = $3, ask = $4 WHERE id = $1`,
		string(s), reason, choices)
}

// Take implements producer.Hold.
func (h *hold) Take(ctx context.Context, wish int64) error {
	return h.exec(ctx, `UPDATE producers SET taken = greatest(taken, $2) WHERE id = $1`, wish)
}

// Adopt implements producer.Hold.
func (h *hold) Adopt(ctx context.Context, p producer.Published, system string, c producer.Cursor, wish int64) error {
	system, _, _ = strings.Cut(system, systemSeparator) // the statement stores the oid of this database
	return h.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var first bool
		err := tx.QueryRow(ctx, `SELECT NOT started FROM producers WHERE id = $1 FOR UPDATE`, h.p.id).Scan(&first)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`UPDATE producers SET started = true, taken = greatest(taken, $2), system = $3, database_oid = `+databaseOID+`,
			sent_cluster = $4, sent_prefix = $5, sent_lanes = $6, sent_bootstrap = $7, sent_routes = coalesce($8::jsonb, '[]') WHERE id = $1`,
			h.p.id, wish, system, p.Cluster, p.Prefix, p.Lanes, p.Bootstrap, p.Routes)
		b.Queue(`INSERT INTO cursors (producer, number, offsets) VALUES ($1, $2, coalesce($3::jsonb, '{}'))
			ON CONFLICT (producer) DO UPDATE SET number = excluded.number, offsets = excluded.offsets, moved_at = now()`, h.p.id, c.Number, c.Offsets)
		if first && c.Number > 0 {
			b.Queue(markSQL, h.p.id, registry.Number(1), c.Number, producer.StatusSkipped, neverSent)
		}
		return tx.SendBatch(ctx, b).Close()
	})
}

const markSQL = `INSERT INTO marks (producer, first, last, status, reason) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (producer, last, status) DO UPDATE SET reason = excluded.reason, at = now()`

// Move implements producer.Hold. It does not wait for the disk, and never moves the cursor back.
func (h *hold) Move(ctx context.Context, c producer.Cursor, landed []producer.Landed) error {
	return h.write(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
		if len(landed) > 0 {
			keepLanded(b, h.p.id, landed)
		}
		b.Queue(`UPDATE cursors SET number = $2, offsets = coalesce($3::jsonb, '{}'), moved_at = now() WHERE producer = $1 AND number <= $2`, h.p.id, c.Number, c.Offsets)
	})
}

// Skip implements producer.Hold. A skip directly after one with the same reason extends the
// mark of that.
func (h *hold) Skip(ctx context.Context, n registry.Number, reason string) error {
	return h.write(ctx, func(b *pgx.Batch) {
		b.Queue(`
			WITH extended AS (
				UPDATE marks SET last = $2, at = now() WHERE producer = $1 AND last = $2::bigint - 1 AND status = $3 AND reason = $4 AND user_name = '' RETURNING 1)
			INSERT INTO marks (producer, first, last, status, reason) SELECT $1, $2, $2, $3, $4 WHERE NOT EXISTS (SELECT FROM extended)
			ON CONFLICT (producer, last, status) DO UPDATE SET reason = excluded.reason, at = now()`, h.p.id, n, producer.StatusSkipped, reason)
		b.Queue(`UPDATE cursors SET number = greatest(number, $2) WHERE producer = $1`, h.p.id, n)
	})
}

// SkipAsked implements producer.Hold.
func (h *hold) SkipAsked(ctx context.Context, first, last registry.Number, reason string, w *producer.Wish) error {
	return h.write(ctx, func(b *pgx.Batch) {
		b.Queue(`INSERT INTO marks (producer, first, last, status, reason, user_name) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (producer, last, status) DO UPDATE SET reason = excluded.reason, user_name = excluded.user_name, at = now()`,
			h.p.id, first, last, producer.StatusSkipped, reason, w.User)
		b.Queue(`DELETE FROM marks WHERE producer = $1 AND status = $2`, h.p.id, producer.StatusFailed)
		b.Queue(`UPDATE cursors SET number = greatest(number, $2) WHERE producer = $1`, h.p.id, last)
		b.Queue(`UPDATE producers SET taken = greatest(taken, $2) WHERE id = $1`, h.p.id, w.Sequence)
	})
}

// Limit implements producer.Hold.
func (h *hold) Limit(ctx context.Context, topic string, l producer.Limits) error {
	return h.exec(ctx, `INSERT INTO topic_limits (producer, topic, request, message, socket) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (producer, topic) DO UPDATE SET request = $3, message = $4, socket = $5, seen_at = now()`, topic, l.Request, l.Message, l.Socket)
}

// Fail implements producer.Hold.
func (h *hold) Fail(ctx context.Context, n registry.Number, reason string) error {
	return h.exec(ctx, markSQL, n, n, producer.StatusFailed, reason)
}

// ClearFailed implements producer.Hold.
func (h *hold) ClearFailed(ctx context.Context) error {
	return h.exec(ctx, `DELETE FROM marks WHERE producer = $1 AND status = $2`, producer.StatusFailed)
}

// Leave implements producer.Hold.
func (h *hold) Leave(ctx context.Context, n registry.Number, left []producer.Left) error {
	return h.write(ctx, func(b *pgx.Batch) {
		for _, l := range left {
			b.Queue(`INSERT INTO left_out (producer, number, topic, urn, reason) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, h.p.id, n, l.Topic, l.URN.String(), l.Reason)
		}
	})
}
