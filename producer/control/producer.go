package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// Records reads and writes the rows of one producer in the database.
type Records interface {
	Status(ctx context.Context) (Status, error)
	// Wish records a command of an admin, with the act of the audit, and wakes the
	// publisher.
	Wish(ctx context.Context, w producer.Wish, a registry.Act) error
	// AskJob queues a job, with the act, and wakes the publisher. It sets the job's id and
	// time.
	AskJob(ctx context.Context, j *JobStatus, a registry.Act) error
	// CancelJob removes a waiting job, or records that the job under way is to end, with
	// the wish to start the producer if start is set; registry.ErrNotFound if no such job
	// waits or runs.
	CancelJob(ctx context.Context, id string, start bool, a registry.Act) (*JobStatus, error)
	// Jobs lists the newest jobs, the newest first.
	Jobs(ctx context.Context, limit int) ([]JobStatus, error)
	// Routes are the producer's routes with what limits a record on them.
	Routes(ctx context.Context) ([]LimitedRoute, error)
	// Statuses returns what became of each transaction in a range, both ends included.
	Statuses(ctx context.Context, from, to registry.Number) (map[registry.Number]Became, error)
	// Lags returns the lags since a time, in steps.
	Lags(ctx context.Context, since time.Time, step time.Duration) (LagHistory, error)
	// Held returns the counts of each topic that was published to.
	Held(ctx context.Context) ([]HeldRoute, error)
}

// A Producer shows and commands one producer from any instance, through the database,
// from which the publisher reads the wishes.
type Producer struct{ records Records }

// New returns the Producer with these records.
func New(r Records) *Producer { return &Producer{r} }

// The actions of the audit about a producer.
const (
	ActProducerCreated = "producer created"
	ActProducerChanged = "producer changed"
	ActProducerDeleted = "producer deleted"
	ActStartAsked      = "producer start asked"
	ActSuspensionAsked = "producer suspension asked"
	ActResumptionAsked = "producer resumption asked"
	ActJobAsked        = "job asked"
	ActJobCancelled    = "job cancelled"
)

// ErrCommand is wrapped by the errors of commands that do not fit the producer's state.
var ErrCommand = errors.New("the command does not fit")

// Status returns the producer's status.
func (a *Producer) Status(ctx context.Context) (Status, error) {
	s, err := a.records.Status(ctx)
	if err == nil && s.State == producer.Idle {
		s.setPublishing()
	}
	if j := s.Job; err == nil && j != nil {
		job := producer.Job{ID: j.ID, Kind: j.Kind, Scope: j.Scope, AsOf: j.AsOf, Phase: j.Phase, Done: j.Done, First: j.First}
		j.Leaves = job.Leaves(producer.UnknownChunks, j.Structures, s.Sent, &s.Settings)
	}
	return s, err
}

// setPublishing makes the state of a producer whose row says IDLE PUBLISHING if anything is
// pending, and sets when the state began.
func (s *Status) setPublishing() {
	since := s.HandledAt
	if s.Pending > 0 || s.Job != nil {
		s.State, since = producer.Publishing, s.OldestPending
		if s.Job != nil {
			since = s.Job.CreatedAt
		}
	}
	if since.After(s.Since) {
		s.Since = since
	}
}

// Rests returns a sentence saying that nothing is pending, and which transactions were never
// sent because they are older than the first start.
func (s *Status) Rests() string {
	if s.BeforeStart > 0 {
		return fmt.Sprintf("Nothing is pending. Transactions up to %d, recorded before the first start, were never sent.", s.BeforeStart)
	}
	return "Nothing is pending."
}

// TransactionStatus returns what became of each transaction of a range.
func (a *Producer) TransactionStatus(ctx context.Context, from, to registry.Number) (map[registry.Number]Became, error) {
	return a.records.Statuses(ctx, from, to)
}

// Lags returns how long transactions took to be sent, since a time, in steps.
func (a *Producer) Lags(ctx context.Context, since time.Time, step time.Duration) (LagHistory, error) {
	return a.records.Lags(ctx, since, step)
}

// Start starts the producer. how must be StartIdle or StartBaseline at the first start. At a
// later one it may be empty; StartBaseline or StartContinue then answers a question.
func (a *Producer) Start(ctx context.Context, how string, by registry.Actor) error {
	s, err := a.Status(ctx)
	if err != nil {
		return err
	}
	allowed := []string{"", producer.StartBaseline, producer.StartContinue}
	if !s.Started {
		allowed = []string{producer.StartIdle, producer.StartBaseline}
	}
	switch {
	case slices.Contains(allowed, how):
		return a.wish(ctx, &s, producer.Wish{Run: producer.Idle, How: how}, ActStartAsked, by, map[string]string{"how": how})
	case !s.Started:
		return fmt.Errorf("%w: the first start says how: %q (--%[2]s) sends only what comes from now on, %[3]q (--%[3]s) sends everything that is current first", ErrCommand, producer.StartIdle, producer.StartBaseline)
	}
	return fmt.Errorf("%w: %q (--%[2]s) does not fit a producer that was started before: start it with nothing (%[3]s) to go on after transaction %[4]d, "+
		"with %[5]q (--%[5]s) to send everything that is current first, or with %[6]q (--%[6]s) to accept what it asks about",
		ErrCommand, how, producer.Command("start", s.Name), s.Sent, producer.StartBaseline, producer.StartContinue)
}

func (a *Producer) wish(ctx context.Context, s *Status, w producer.Wish, action string, by registry.Actor, detail any) error {
	w.User = by.User
	return a.records.Wish(ctx, w, by.Did(action, s.Name, detail))
}

// Suspend stops publishing after the transaction under way, until Resume or, if
// keep is false, until the process restarts.
func (a *Producer) Suspend(ctx context.Context, keep bool, by registry.Actor) error {
	s, err := a.Status(ctx)
	if err != nil {
		return err
	}
	if !s.Started || s.State == producer.Stopped || s.State == producer.Failed {
		return fmt.Errorf("%w: the producer is %s and publishes nothing; there is nothing to suspend", ErrCommand, s.State)
	}
	return a.wish(ctx, &s, producer.Wish{Run: producer.Suspended, Keep: keep}, ActSuspensionAsked, by, map[string]bool{"keep": keep})
}

// Resume ends a suspension.
func (a *Producer) Resume(ctx context.Context, by registry.Actor) error {
	s, err := a.Status(ctx)
	if err != nil {
		return err
	}
	if s.State != producer.Suspended {
		return fmt.Errorf("%w: the producer is %s, not suspended", ErrCommand, s.State)
	}
	return a.wish(ctx, &s, producer.Wish{Run: producer.Idle, How: producer.WishResume}, ActResumptionAsked, by, map[string]string{})
}
