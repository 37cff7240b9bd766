package producer

import (
	"context"

	"urncast/registry"
)

// A Hold is one term of the lease. Whatever a publisher reads and writes through
// it carries the term, so that one whose term has passed cannot write: every
// method returns ErrLost then.
type Hold interface {
	Lease
	Display
	Ledger
	Outcomes
	JobLedger
	Release()
}

// A Lease says whether it is held still, and what the database keeps of the producer.
type Lease interface {
	// Lost is closed when the lease is lost, or could not be renewed in time.
	Lost() <-chan struct{}
	// Held asks no database: it is ErrLost once Lost is closed, or is due to be by
	// a clock that nobody sets.
	Held() error
	Load(ctx context.Context) (Row, error)
}

// A Display shows people how a producer stands.
type Display interface {
	// Show writes state, reason and question.
	Show(ctx context.Context, s State, reason string, ask []Choice) error
	// Report shows the state, reason and question of an incident and records the
	// incident, both or neither. One whose cause is open already goes on.
	Report(ctx context.Context, i Incident) error
}

// A Ledger keeps what a producer was asked and what it publishes with.
type Ledger interface {
	// Take marks a wish as acted on.
	Take(ctx context.Context, wish int64) error
	// Adopt records a new beginning: the routes, the database and the cursor from
	// which to go on, with the wish that asked for it. A first start marks what
	// is older as skipped.
	Adopt(ctx context.Context, p Published, system string, c Cursor, wish int64) error
	// Forget forgets where transactions were at the ends of topics and after: what
	// was there is gone, and other records take the place.
	Forget(ctx context.Context, ends map[string]int64) error
	// Limit keeps the limits of a topic, as they were seen.
	Limit(ctx context.Context, topic string, l Limits) error
}

// Outcomes keep how far a producer has come, and what became of each transaction.
type Outcomes interface {
	// Move moves the cursor forward and keeps where transactions have landed. It is
	// lossy: it may be undone by a crash of the database, and recovery finds out.
	Move(ctx context.Context, c Cursor, landed []Landed) error
	// Skip marks a transaction as skipped and moves the cursor's number to it.
	Skip(ctx context.Context, n registry.Number, reason string) error
	// SkipAsked marks transactions as skipped by the wish, which it takes, and moves
	// the cursor's number to the last.
	SkipAsked(ctx context.Context, first, last registry.Number, reason string, w *Wish) error
	// Fail marks a transaction as failed; ClearFailed undoes all such marks.
	Fail(ctx context.Context, n registry.Number, reason string) error
	ClearFailed(ctx context.Context) error
	// Leave records structures of a transaction that stay off the topic.
	Leave(ctx context.Context, n registry.Number, left []Left) error
}

// A JobLedger keeps jobs and how far they are.
type JobLedger interface {
	// BeginJob records a job, with the wish that asked for it; the audit holds it where
	// a setting did.
	BeginJob(ctx context.Context, j Job, wish int64) (Job, error)
	// TakeJob begins the job that waits longest, as of the cursor, which it writes;
	// nil if none waits, or that one for a later transaction.
	TakeJob(ctx context.Context, c Cursor) (*Job, error)
	// Progress records a job's phase and how far it is.
	Progress(ctx context.Context, id, phase string, structures, done, bytes int64) error
	// EndJob closes a job: what was pending up to its transaction is covered.
	EndJob(ctx context.Context, id string, c Cursor) error
	// CancelJob closes a job whose end was asked for, with what it leaves: what was
	// pending up to the cursor is skipped. The audit holds it.
	CancelJob(ctx context.Context, id string, c Cursor, leaves string) error
	// RenewJob gives a job another as-of transaction; PutBackJob lets it wait again,
	// until a transaction is handled.
	RenewJob(ctx context.Context, id string, asOf registry.Number) error
	PutBackJob(ctx context.Context, id string, after registry.Number) error
}
