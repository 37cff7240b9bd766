package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"urncast/sdmx"
)

// A Keep says how much old content housekeeping leaves. The zero value keeps
// everything; where both fields are set, both are kept.
type Keep struct {
	// Transactions is the number of newest transactions that stay readable.
	Transactions int64 `json:"keepTransactions"`
	// Days is for how long what was current stays readable.
	Days int `json:"keepDays"`
}

// daysMax bounds Keep.Days: a hundred years.
const daysMax = 36500

// All says that everything is kept.
func (k Keep) All() bool { return k == Keep{} }

// String is a phrase for people.
func (k Keep) String() string {
	var parts []string
	if k.Transactions > 0 {
		parts = append(parts, fmt.Sprintf("the last %d transactions", k.Transactions))
	}
	if k.Days > 0 {
		parts = append(parts, fmt.Sprintf("%d days", k.Days))
	}
	if parts == nil {
		return "everything"
	}
	return strings.Join(parts, " and ")
}

func (k Keep) check() error {
	switch {
	case k.Transactions < 0 || k.Days < 0:
		return &InvalidError{"Housekeeping keeps a number of transactions and of days; neither can be negative. 0 and 0 keep everything."}
	case k.Days > daysMax:
		return &InvalidError{fmt.Sprintf("Housekeeping keeps content for at most %d days, not %d. 0 and 0 keep everything.", daysMax, k.Days)}
	}
	return nil
}

// A Removal is what one run of housekeeping removed, or would remove. The content
// that transactions made goes; their records stay.
type Removal struct {
	Keep Keep
	// After is the horizon before the run, Horizon the one that it reached.
	After, Horizon Number
	// Limit says what keeps the horizon from being nearer; for runs that are past
	// it is empty.
	Limit string
	// Transactions counts those whose content goes, in whole or in part; it is
	// counted in a dry run only.
	Transactions     int64
	Documents, Bytes int64
	User             string
	BeganAt          time.Time
	EndedAt          time.Time // zero while it runs, or if it was broken off
	// BrokenAt is when the run was broken off, or found to be, and Why says in a sentence
	// what by. The next run goes on with it, and ends it.
	BrokenAt time.Time
	Why      string
}

// Housekeeping is how far old content was removed.
type Housekeeping struct {
	Keep Keep
	// Horizon: what was current after this transaction, or a later one, can be
	// read, and so can the content of every later transaction. 0 before the
	// first removal.
	Horizon Number
	// Last is the last run that moved the horizon; nil if none did.
	Last *Removal
}

// ErrBusy says that housekeeping runs already.
var ErrBusy = errors.New("housekeeping runs already, on this instance or another")

// Housekeeping says how far old content was removed.
func (r *Registry) Housekeeping(ctx context.Context) (Housekeeping, error) {
	return r.store.Housekeeping(ctx)
}

// A HousekeepingOrder asks for a run of housekeeping.
type HousekeepingOrder struct {
	By  Actor
	Dry bool // say what would be removed, and remove nothing
	// Keep is what the settings kept when somebody was asked whether the rest may go; nil
	// if nobody was. If they keep something else by now, nothing is removed: ErrKeepChanged.
	Keep *Keep
}

// ErrKeepChanged says that somebody changed what is kept.
var ErrKeepChanged = errors.New("what housekeeping keeps was changed since you were asked; nothing was removed")

// Housekeep removes the content that the settings allow to go and that nothing needs. It
// may be broken off at any point: the next run goes on. The audit has an entry of a run
// that removed something, and of one that was broken off.
func (r *Registry) Housekeep(ctx context.Context, o HousekeepingOrder) (Removal, error) {
	if o.Dry {
		return r.store.HousekeepDry(ctx)
	}
	return r.store.Housekeep(ctx, o)
}

// NoteBrokenHousekeeping looks for runs whose process ended before they did, and puts them
// into the audit, each once. It gives the last of them, nil if there is none. ErrBusy says
// that a run is under way.
func (r *Registry) NoteBrokenHousekeeping(ctx context.Context) (*Removal, error) {
	return r.store.NoteBrokenHousekeeping(ctx)
}

// A GoneError says that what was asked for was removed by housekeeping.
type GoneError struct {
	Horizon Number // from here on everything can be read
	Text    string
}

// Error implements error.
func (e *GoneError) Error() string { return e.Text }

// removedBy says when and by which rule, as far as is known.
func removedBy(run *Removal) string {
	if run == nil {
		return "was removed by housekeeping"
	}
	return fmt.Sprintf("was removed by housekeeping on %s (kept: %s)", run.BeganAt.UTC().Format("2 January 2006"), run.Keep)
}

// ContentRemoved says in a sentence, if content of the changes was removed, when
// that was and what stays; it is empty if all is there.
func (r *Registry) ContentRemoved(ctx context.Context, n Number, changes []Change) (string, error) {
	var until Number
	for _, c := range changes {
		if c.Removed && (until == 0 || c.Until < until) {
			until = c.Until
		}
	}
	if until == 0 {
		return "", nil
	}
	run, err := r.store.RunOver(ctx, until)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("The content of transaction %d %s; its record stays.", n, removedBy(run)), nil
}

// checkAsOf refuses what lies outside of what can be read as of a transaction.
func (r *Registry) checkAsOf(ctx context.Context, n Number) error {
	h, err := r.store.Housekeeping(ctx)
	if err != nil {
		return err
	}
	if n < h.Horizon {
		run, err := r.store.RunOver(ctx, n+1)
		if err != nil {
			return err
		}
		return &GoneError{h.Horizon, fmt.Sprintf("What was current after transaction %d %s. What was current after transaction %d, and after each since, can be read.",
			n, removedBy(run), h.Horizon)}
	}
	return nil
}

// Content yields the structures that a transaction made current, with canonical
// forms, by class in the order given and then by URN; none for a transaction that
// deletes. The error is a *GoneError where content was removed.
func (r *Registry) Content(ctx context.Context, n Number, order func(sdmx.Class) int, yield func(u sdmx.URN, body []byte) error) error {
	t, changes, err := r.Transaction(ctx, n)
	if err != nil || t.Kind == Delete {
		return err
	}
	if err := r.gone(ctx, n, changes); err != nil {
		return err
	}
	slices.SortFunc(changes, func(a, b Change) int { return compare(order, a.URN, b.URN) })
	found := make([]Stored, len(changes))
	for i, c := range changes {
		found[i] = Stored{URN: c.URN, Document: c.Document}
	}
	err = r.bodies(ctx, found, yield)
	if errors.Is(err, errWent) {
		if _, changes, again := r.Transaction(ctx, n); again == nil {
			return errors.Join(r.gone(ctx, n, changes), err)
		}
	}
	return err
}

func (r *Registry) gone(ctx context.Context, n Number, changes []Change) error {
	text, err := r.ContentRemoved(ctx, n, changes)
	if err != nil || text == "" {
		return err
	}
	h, err := r.store.Housekeeping(ctx)
	if err != nil {
		return err
	}
	return &GoneError{h.Horizon, fmt.Sprintf("%s Everything after transaction %d is there with its content.", text, h.Horizon)}
}
