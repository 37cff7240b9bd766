package postgres

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/sdmx"
)

// keepLanded stores where transactions are on their topics. The time of acknowledgement is
// passed as an age, so that it is by the database's clock, as recorded_at is. A row without
// that time, as recovery finds it, does not replace one that has it.
func keepLanded(b *pgx.Batch, id string, landed []producer.Landed) {
	numbers := make([]registry.Number, len(landed))
	ago := make([]*float64, len(landed)) // seconds since the acknowledgement
	stretches := make([]map[string]producer.Stretch, len(landed))
	for i := range landed {
		numbers[i], stretches[i] = landed[i].Number, landed[i].Stretches
		if at := landed[i].At; !at.IsZero() {
			seconds := time.Since(at).Seconds()
			ago[i] = &seconds
		}
	}
	b.Queue(`
		INSERT INTO sent_transactions (producer, number, acknowledged_at, lag_ms, stretches)
		SELECT $1, number, at, greatest(0, extract(epoch FROM at - recorded_at) * 1000), stretches
		FROM (SELECT n AS number, clock_timestamp() - ago * interval '1 second' AS at, stretches FROM unnest($2::bigint[], $3::float8[], $4::jsonb[]) u(n, ago, stretches)) u
			JOIN transactions t USING (number)
		ON CONFLICT (producer, number) DO UPDATE SET acknowledged_at = excluded.acknowledged_at, lag_ms = excluded.lag_ms, stretches = excluded.stretches
			WHERE excluded.acknowledged_at IS NOT NULL`, id, numbers, ago, stretches)
}

// Forget implements producer.Hold. The times of acknowledgement stay.
func (h *hold) Forget(ctx context.Context, ends map[string]int64) error {
	return h.exec(ctx, `
		UPDATE sent_transactions SET stretches = coalesce((SELECT jsonb_object_agg(topic, s) FROM jsonb_each(stretches) e(topic, s)
			WHERE ($2::jsonb->topic)::bigint IS NULL OR (s->'end')::bigint <= ($2::jsonb->topic)::bigint), '{}')
		WHERE producer = $1 AND EXISTS (SELECT FROM jsonb_each(stretches) e(topic, s) WHERE (s->'end')::bigint > ($2::jsonb->topic)::bigint)`, ends)
}

// Statuses implements control.Records.
func (p *ProducerStore) Statuses(ctx context.Context, from, to registry.Number) (map[registry.Number]control.Became, error) {
	b := &pgx.Batch{}
	b.Queue(`SELECT coalesce(c.number, 0), p.started FROM producers p LEFT JOIN cursors c ON c.producer = p.id WHERE p.id = $1`, p.id)
	b.Queue(`SELECT number, acknowledged_at, lag_ms, stretches FROM sent_transactions WHERE producer = $1 AND number BETWEEN $2 AND $3`, p.id, from, to)
	b.Queue(`SELECT first, last, status, reason, user_name FROM marks
		WHERE producer = $1 AND int8range(first, last, '[]') && int8range($2, $3, '[]') ORDER BY at`, p.id, from, to)
	if from == to {
		b.Queue(`SELECT topic, urn, reason FROM left_out WHERE producer = $1 AND number = $2 ORDER BY urn, topic LIMIT $3`, p.id, from, control.LeftOutMax)
	}
	results := p.pool.SendBatch(ctx, b)
	defer results.Close()
	var cursor registry.Number
	var started bool
	if err := results.QueryRow().Scan(&cursor, &started); err != nil {
		return nil, err
	}
	out := make(map[registry.Number]control.Became, to-from+1)
	for n := from; n <= to; n++ {
		out[n] = control.Became{Status: producer.StatusPending}
		if started && n <= cursor {
			out[n] = control.Became{Status: producer.StatusSent}
		}
	}
	if err := readLanded(results, out); err != nil {
		return nil, err
	}
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	var first, last registry.Number
	var mark control.Became
	_, err = pgx.ForEachRow(rows, []any{&first, &last, &mark.Status, &mark.Reason, &mark.User}, func() error {
		for n := max(first, from); n <= min(last, to); n++ {
			became := out[n]
			became.Status, became.Reason, became.User = mark.Status, mark.Reason, mark.User
			out[n] = became
		}
		return nil
	})
	if err == nil && from == to {
		became := out[from]
		err = readLeftOut(results, &became)
		out[from] = became
	}
	return out, err
}

// readLeftOut adds the structures that a route's format could not express.
func readLeftOut(results pgx.BatchResults, became *control.Became) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	var topic, urn, reason string
	_, err = pgx.ForEachRow(rows, []any{&topic, &urn, &reason}, func() error {
		if len(became.LeftOut) == control.LeftOutShown {
			became.MoreLeftOut++
			return nil
		}
		u, err := sdmx.ParseURN(urn)
		became.LeftOut = append(became.LeftOut, producer.Left{Topic: topic, URN: u, Reason: reason})
		return err
	})
	return err
}

// readLanded adds where transactions are on their topics, and when they were acknowledged.
func readLanded(results pgx.BatchResults, out map[registry.Number]control.Became) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	var n registry.Number
	var at *time.Time
	var lag *float64 // ms
	var stretches map[string]producer.Stretch
	_, err = pgx.ForEachRow(rows, []any{&n, &at, &lag, &stretches}, func() error {
		became := out[n]
		if at != nil && lag != nil {
			became.AcknowledgedAt, became.Lag = *at, milliseconds(*lag)
		}
		for topic, s := range stretches {
			became.Where = append(became.Where, control.OnTopic{Topic: topic, Stretch: s})
		}
		slices.SortFunc(became.Where, func(a, b control.OnTopic) int { return strings.Compare(a.Topic, b.Topic) })
		out[n] = became
		stretches = nil // the next row is read into a map of its own
		return nil
	})
	return err
}

// Lags implements control.Records.
func (p *ProducerStore) Lags(ctx context.Context, since time.Time, step time.Duration) (control.LagHistory, error) {
	h := control.LagHistory{Steps: map[int]control.Lags{}}
	rows, err := p.pool.Query(ctx, `
		SELECT floor(date_part('epoch', acknowledged_at - $2) / $3)::int AS step, count(*), percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY lag_ms)
		FROM sent_transactions WHERE producer = $1 AND acknowledged_at BETWEEN $2 AND `+farFuture+` GROUP BY GROUPING SETS ((step), ())`, p.id, since, step.Seconds())
	if err != nil {
		return h, err
	}
	var at *int // interval; nil for the row of the total
	var l control.Lags
	var quantiles []float64 // ms; nil if nothing was sent
	_, err = pgx.ForEachRow(rows, []any{&at, &l.Sent, &quantiles}, func() error {
		if len(quantiles) == 2 {
			l.Median, l.P99 = milliseconds(quantiles[0]), milliseconds(quantiles[1])
		}
		if at == nil {
			h.All = l
		} else {
			h.Steps[*at] = l
		}
		l = control.Lags{}
		return nil
	})
	return h, err
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
