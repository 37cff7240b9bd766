package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"urncast/registry"
)

// Records is what Admin needs of the database.
type Records interface {
	Status(ctx context.Context) (Status, error)
	// Wish records what an admin asks for and wakes the publisher.
	Wish(ctx context.Context, run State, how string, keep bool, user string) error
	// WishSkip records the wish to skip a transaction, with the act of the audit.
	WishSkip(ctx context.Context, s Skip, a Act) error
	// Routes are the producer's routes with what limits a record on them.
	Routes(ctx context.Context) ([]LimitedRoute, error)
	// Statuses gives what became of each transaction in a range, both ends included.
	Statuses(ctx context.Context, from, to registry.Number) (map[registry.Number]Became, error)
}

// An Admin shows and commands a producer, from any instance: through the
// database, where the publisher finds its wishes.
type Admin struct{ records Records }

// NewAdmin makes an Admin.
func NewAdmin(r Records) *Admin { return &Admin{r} }

// ErrCommand marks a command that does not fit the producer's state.
var ErrCommand = errors.New("the command does not fit")

// Status shows the producer.
func (a *Admin) Status(ctx context.Context) (Status, error) {
	s, err := a.records.Status(ctx)
	if err == nil && s.State == Idle && (s.Pending > 0 || s.Job != nil) {
		s.State = Publishing
	}
	return s, err
}

// TransactionStatus says what became of each transaction of a range.
func (a *Admin) TransactionStatus(ctx context.Context, from, to registry.Number) (map[registry.Number]Became, error) {
	return a.records.Statuses(ctx, from, to)
}

// Start starts the producer. The first start must say StartIdle or
// StartBaseline; a later one may be empty, and answers a question with
// StartBaseline or StartContinue.
func (a *Admin) Start(ctx context.Context, how, user string) error {
	s, err := a.Status(ctx)
	if err != nil {
		return err
	}
	allowed := []string{"", StartBaseline, StartContinue}
	if !s.Started {
		allowed = []string{StartIdle, StartBaseline}
	}
	switch {
	case slices.Contains(allowed, how):
		return a.records.Wish(ctx, Idle, how, false, user)
	case !s.Started:
		return fmt.Errorf("%w: the first start says how: %q sends only what comes from now on, %q sends everything that is current first", ErrCommand, StartIdle, StartBaseline)
	}
	return fmt.Errorf("%w: a producer that was started before starts again with %q, %q or nothing, not %q", ErrCommand, StartBaseline, StartContinue, how)
}

// Suspend stops publishing after the transaction under way, until Resume or, if
// keep is false, until the process restarts.
func (a *Admin) Suspend(ctx context.Context, keep bool, user string) error {
	s, err := a.Status(ctx)
	if err != nil {
		return err
	}
	if !s.Started || s.State == Stopped || s.State == Failed {
		return fmt.Errorf("%w: the producer is %s and publishes nothing; there is nothing to suspend", ErrCommand, s.State)
	}
	return a.records.Wish(ctx, Suspended, "", keep, user)
}

// Resume ends a suspension.
func (a *Admin) Resume(ctx context.Context, user string) error {
	s, err := a.Status(ctx)
	if err != nil {
		return err
	}
	if s.State != Suspended {
		return fmt.Errorf("%w: the producer is %s, not suspended", ErrCommand, s.State)
	}
	return a.records.Wish(ctx, Idle, "", false, user)
}
