package producer

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// A Takeover is an instance's taking of a producer's lease from another one, while it was
// there already: a process that comes up after the holder has ended restarts.
type Takeover struct {
	Term     int64     `json:"term"` // that began
	At       time.Time `json:"at"`
	Instance string    `json:"instance"`
	Former   string    `json:"former"` // the instance that held it before
	Ending   string    `json:"ending"` // how that one lost it: released, expired or lost
}

// How the holder before lost the lease.
const (
	EndingReleased = "released" // it gave it back: it was stopped in good order
	EndingExpired  = "expired"  // it did not renew it: it hangs, or is cut off from the database
	EndingLost     = "lost"     // its session with the database ended: it was killed, or its machine is gone
)

// Why says in words why the lease was free.
func (t *Takeover) Why() string {
	switch t.Ending {
	case EndingReleased:
		return "that instance released the lease"
	case EndingExpired:
		return "that instance did not renew the lease in time"
	}
	return "that instance's session with the database ended"
}

// String is the takeover in a sentence.
func (t *Takeover) String() string {
	return fmt.Sprintf("%s took over from %s, term %d, because %s", t.Instance, t.Former, t.Term, t.Why())
}

// ActTakenOver is the action of the audit for a takeover, which no user asks for.
const ActTakenOver = "producer taken over"

// began tells the log that this instance holds the lease, and from whom it has it.
func (p *Publisher) began(ctx context.Context, row *Row) {
	t := row.Takeover
	if t == nil {
		p.Log.Info("this instance holds the lease", "term", row.Term)
		return
	}
	level := slog.LevelWarn
	if t.Ending == EndingReleased {
		level = slog.LevelInfo
	}
	p.Log.Log(ctx, level, "this instance took over and holds the lease", "term", t.Term, "from", t.Former, "because", t.Why())
}

// another tells the log that another instance holds the lease.
func (p *Publisher) another(holder string, term int64) {
	p.Log.Info("another instance holds the lease; this one stands by", "holder", holder, "term", term)
}
