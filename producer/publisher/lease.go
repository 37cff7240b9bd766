package publisher

import (
	"context"
	"log/slog"

	"urncast/producer"
)

// logHeld logs that this instance holds the lease, and from which instance it took it over.
func (p *Publisher) logHeld(ctx context.Context, row *producer.Row) {
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

// logHolder logs that another instance holds the lease.
func (p *Publisher) logHolder(holder string, term int64) {
	p.Log.Info("another instance holds the lease; this one stands by", "holder", holder, "term", term)
}
