package transactions

import (
	"net/http"
	"strconv"
	"time"

	"urncast/web/answer"
	"urncast/web/console/ui"
)

// export sends all transactions that the filter matches as CSV, newest first.
func (s *Pages) export(w http.ResponseWriter, r *http.Request) {
	f := filterOf(r.URL.Query())
	producers, err := s.Producers.List(r.Context())
	if err != nil {
		s.DrawTrouble(w, r, "/transactions", err)
		return
	}
	out := answer.NewSheet(w, "transactions.csv", "number", "recorded", "kind", "origin", "structures", "bytes", "by", "pair", "id")
	q := logQuery(&f, producers, s.Now())
	for q.Limit = answer.SheetRows; ; {
		ts, err := s.Registry.Log(r.Context(), q)
		switch {
		case err != nil && out.Begun():
			s.Log.WarnContext(r.Context(), "an export broke off", "before", q.Before, "error", err)
			out.Break("What is older than transaction " + ui.Number(q.Before) + " is missing; ask for it with before=" + ui.Number(q.Before) + ".")
		case err != nil:
			s.DrawTrouble(w, r, "/transactions", err)
			return
		}
		rows := make([][]string, len(ts))
		for i := range ts {
			t := &ts[i]
			rows[i] = []string{ui.Number(t.Number), t.RecordedAt.UTC().Format(time.RFC3339Nano), t.Kind.String(), t.Origin,
				strconv.Itoa(t.Structures), strconv.FormatInt(t.Bytes, 10), t.User, ui.Number(t.Pair), t.ID}
			q.Before = t.Number
		}
		if err := out.Send(rows); err != nil || len(ts) < q.Limit {
			return // at the end, or the reader has left
		}
	}
}
