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

// A Keep is how much old content housekeeping keeps. The zero value keeps everything. If
// both fields are set, content is kept that either of them keeps.
type Keep struct {
	// Transactions is the number of newest transactions that stay readable.
	Transactions int64 `json:"keepTransactions"`
	// Days is for how many days a content stays readable after it was replaced or deleted.
	Days int `json:"keepDays"`
}

// daysMax bounds Keep.Days: a hundred years.
const daysMax = 36500

// All reports whether everything is kept.
func (k Keep) All() bool { return k == Keep{} }

// String returns a phrase for people, such as "the last 100 transactions and 30 days".
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

// A Removal is what one run of housekeeping removed, or would remove: contents of
// structures that are not current any more. The records of transactions are never removed.
type Removal struct {
	Keep Keep
	// After is the horizon before the run, Horizon the one that it moved to.
	After, Horizon Number
	// Limit is a sentence that says why the horizon cannot be newer. It is set when a run
	// is planned, and empty when it is read from the list of runs.
	Limit string
	// Transactions counts those that lose content, in whole or in part; it is set in a dry
	// run only.
	Transactions     int64
	Documents, Bytes int64
	User             string
	BeganAt          time.Time
	EndedAt          time.Time // zero while the run is under way, and if it was broken off
	// BrokenAt is when the run was broken off, or when that was discovered, and Why is a
	// sentence that gives the cause. The next run continues and completes it.
	BrokenAt time.Time
	Why      string
}

// Housekeeping is the state of housekeeping: the setting, and how far content was removed.
type Housekeeping struct {
	Keep Keep
	// Horizon is the oldest transaction as of which the registry can be read; contents of
	// later transactions can be read too. 0 before the first removal.
	Horizon Number
	// Last is the last run that moved the horizon; nil if none did.
	Last *Removal
}

// ErrBusy is returned if housekeeping is under way already.
var ErrBusy = errors.New("housekeeping runs already, on this instance or another")

// Housekeeping returns the state of housekeeping.
func (r *Registry) Housekeeping(ctx context.Context) (Housekeeping, error) {
	return r.store.Housekeeping(ctx)
}

// A HousekeepingOrder asks for a run of housekeeping.
type HousekeepingOrder struct {
	By  Actor
	Dry bool // report what would be removed, and remove nothing
	// Keep is the setting that a person has confirmed; nil if none was asked. If the
	// setting is another by now, nothing is removed and the error is ErrKeepChanged.
	Keep *Keep
	// Progress is called after each step with what the run has removed so far; nil if nobody
	// wants to know.
	Progress func(documents, bytes int64)
}

// ErrKeepChanged is returned if HousekeepingOrder.Keep is not the current setting any more.
var ErrKeepChanged = errors.New("what housekeeping keeps was changed since you were asked; nothing was removed")

// Housekeep removes the contents that the settings do not keep and that no producer or job
// needs. A run may be broken off at any point: the next one continues it. The audit records
// each run that removed something, and each that was broken off.
func (r *Registry) Housekeep(ctx context.Context, o HousekeepingOrder) (Removal, error) {
	if o.Dry {
		return r.store.HousekeepDry(ctx)
	}
	return r.store.Housekeep(ctx, o)
}

// NoteBrokenHousekeeping records in the audit, once, each run whose process ended before the
// run did. It returns the last of these runs, nil if there is none. The error is ErrBusy if a
// run is under way.
func (r *Registry) NoteBrokenHousekeeping(ctx context.Context) (*Removal, error) {
	return r.store.NoteBrokenHousekeeping(ctx)
}

// A GoneError is returned for content that housekeeping has removed.
type GoneError struct {
	Horizon Number // as in Housekeeping
	Text    string
}

// Error implements error.
func (e *GoneError) Error() string { return e.Text }

// removedBy returns the predicate of a sentence about removed content: when it was removed,
// and by which setting, if the run is known.
func removedBy(run *Removal) string {
	if run == nil {
		return "was removed by housekeeping"
	}
	return fmt.Sprintf("was removed by housekeeping on %s (kept: %s)", run.BeganAt.UTC().Format("2 January 2006"), run.Keep)
}

// ContentRemoved returns a sentence that says when contents of the changes were removed; it
// is empty if all of them can be read.
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
	run, err := r.store.RemovalReaching(ctx, until)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("The content of transaction %d %s; its record stays.", n, removedBy(run)), nil
}

// checkAsOf returns a *GoneError if the registry as of transaction n cannot be read any more.
func (r *Registry) checkAsOf(ctx context.Context, n Number) error {
	h, err := r.store.Housekeeping(ctx)
	if err != nil {
		return err
	}
	if n < h.Horizon {
		run, err := r.store.RemovalReaching(ctx, n+1)
		if err != nil {
			return err
		}
		return &GoneError{h.Horizon, fmt.Sprintf("What was current after transaction %d %s. What was current after transaction %d, and after each since, can be read.",
			n, removedBy(run), h.Horizon)}
	}
	return nil
}

// Content yields the structures that transaction n stored, in canonical form, ordered by
// class as order gives it and then by URN; none for a transaction that deletes. The error is
// a *GoneError if content was removed.
func (r *Registry) Content(ctx context.Context, n Number, order func(sdmx.Class) int, yield func(u sdmx.URN, body []byte) error) error {
	t, changes, err := r.Transaction(ctx, n)
	if err != nil || t.Kind == Delete {
		return err
	}
	if err := r.goneError(ctx, n, changes); err != nil {
		return err
	}
	slices.SortFunc(changes, func(a, b Change) int { return compare(order, a.URN, b.URN) })
	found := make([]Stored, len(changes))
	for i, c := range changes {
		found[i] = Stored{URN: c.URN, Document: c.Document}
	}
	err = r.bodies(ctx, found, yield)
	if errors.Is(err, errContentRemoved) {
		if _, changes, again := r.Transaction(ctx, n); again == nil {
			return errors.Join(r.goneError(ctx, n, changes), err)
		}
	}
	return err
}

// goneError returns a *GoneError if content of the changes was removed, and nil otherwise.
func (r *Registry) goneError(ctx context.Context, n Number, changes []Change) error {
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
