package publisher

import (
	"context"
	"log/slog"

	"urncast/producer"
)

// began tells the log that this instance holds the lease, and from whom it has it.
func (p *Publisher) began(ctx context.Context, row *producer.Row) {
	t := row.Takeover
	if t == nil {
		p.Log.Info("this instance holds the lease", "term", row.Term)
		return
	}
	level := slog.LevelWarn
	if t.Ending == producer.EndingReleased {
		level = slog.LevelInfo
	}
	p.Log.Log(ctx, level, "this instance took over and holds the lease", "term", t.Term, "from", t.Former, "because", t.Why())
}

// another tells the log that another instance holds the lease.
func (p *Publisher) another(holder string, term int64) {
	p.Log.Info("another instance holds the lease; this one stands by", "holder", holder, "term", term)
}
