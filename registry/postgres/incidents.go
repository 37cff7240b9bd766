package postgres

import (
	"context"
	"encoding/json"

	"urncast/producer"
)

// reportSQL writes a producer's state and its incident in one statement, so that a crash
// leaves both or neither. The incident is over when the transaction that it is about, or
// otherwise the next one, was handled (until_number).
const reportSQL = `
	WITH shown AS (
		UPDATE producers SET since = CASE WHEN state = $2 THEN since ELSE clock_timestamp() END, state = $2, reason = $3, ask = $4
		WHERE id = $1 RETURNING id)
	INSERT INTO incidents (producer, cause, state, reason, brief, cure, ask, number, until_number)
	SELECT s.id, $5, $2, $3, $6, $7, $4, $8::bigint, CASE WHEN $8::bigint > 0 THEN $8::bigint
		ELSE coalesce((SELECT c.number FROM cursors c WHERE c.producer = s.id), 0) + 1 END
	FROM shown s
	ON CONFLICT (producer, cause) WHERE ended_at IS NULL DO UPDATE
	SET reason = excluded.reason, brief = excluded.brief, cure = excluded.cure, ask = excluded.ask,
		times = incidents.times + 1, seen_at = clock_timestamp()`

// Report implements producer.Hold.
func (h *hold) Report(ctx context.Context, i producer.Incident) error {
	ask := i.Ask
	if ask == nil {
		ask = []producer.Choice{}
	}
	choices, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	return h.exec(ctx, reportSQL, string(i.State), i.Reason, choices, i.Cause, i.Brief, i.Cure, i.Number)
}
