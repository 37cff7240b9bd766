package task

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/workspace"
	"urncast/web/answer"
	"urncast/web/background"
	"urncast/web/console/page"
	"urncast/web/console/ui"
)

// BrokeOff is the reason of work that writes, whose instance gives no sign of life, and of
// which nothing is recorded.
const BrokeOff = "the instance that did it has ended, or lost the database, and nothing of it is recorded"

// Lost says of other work that its instance gives no sign of life.
const Lost = "It broke off: the instance that did it has ended, or lost the database."

// orderKept is how long the result of an order is kept for its user.
const orderKept = time.Minute

// An Order is a change of structures, or its preview: a rename or a deletion. It has one
// page, at Address, and its answer may take long.
type Order struct {
	Kind string // a later order replaces earlier ones of the same kind
	// Address is where its user finds the order and its result; Section is its entry in
	// the console's side.
	Address, Section string
	Subject          string
	Writes           bool
	// Once says that the page asks anew after the result was shown; a second click is
	// shown the result all the same.
	Once bool
	// Broke is the heading of the page of an order that broke off; Again says there what
	// to do.
	Broke, Again string
	// Do sends the order to the registry. The view that it returns is drawn at the end,
	// maybe by another instance.
	Do func(ctx context.Context, t *Task, key string) (o *registry.Outcome, view any, err error)
	// Draw draws the page.
	Draw func(w http.ResponseWriter, r *http.Request, status int, a *Result)
	// Missing answers that the order's subject does not exist.
	Missing http.HandlerFunc
}

// A Result is the result of an order, as the database keeps it.
type Result struct {
	Sent    []registry.Number `json:"sent,omitempty"`
	Missing bool              `json:"missing,omitempty"`
	Invalid string            `json:"invalid,omitempty"` // what is wrong with the order
	View    json.RawMessage   `json:"view,omitempty"`

	// Broke is why the order broke off; Busy is set if that was for lack of room,
	// Cancelled if it was cancelled.
	Broke     string            `json:"broke,omitempty"`
	Busy      *answer.BusyError `json:"busy,omitempty"`
	Cancelled bool              `json:"cancelled,omitempty"`
	Public    bool              `json:"public,omitempty"` // Broke may be shown to everybody
}

// resultOf makes the Result of an order. The outcome itself, which may be large, is not
// kept.
func resultOf(o *registry.Outcome, view any, err error) *Result {
	a := &Result{}
	var invalid *registry.InvalidError
	switch {
	case errors.Is(err, registry.ErrNotFound):
		a.Missing = true
	case errors.As(err, &invalid):
		a.Invalid = page.Sentence(invalid.Text)
	case err != nil:
		a.Broke, a.Busy, a.Cancelled = err.Error(), answer.Busy(err), errors.Is(err, context.Canceled)
	case len(o.Transactions) > 0:
		a.Sent = o.Transactions
	default:
		if a.View, err = json.Marshal(view); err != nil {
			a.Broke = err.Error()
		}
	}
	return a
}

// Resume answers with an order that was begun before; false if there is none. A second
// click on a button is answered by the first click's order, on any instance.
func (ts *Tasks) Resume(w http.ResponseWriter, r *http.Request, o *Order) bool {
	t, err := ts.Find(r.Context(), access.From(r.Context()).Name, o.Address)
	switch {
	case err != nil:
		ts.Kit.DrawTrouble(w, r, o.Section, err)
		return true
	case t == nil, t.EndedFor > orderKept, o.Once && t.Shown && r.Method != http.MethodPost, t.Lost && (!t.Writes || r.Method == http.MethodPost), r.Method == http.MethodPost && !t.Writes:
		return false
	}
	ts.meet(w, r, o, t)
	return true
}

// Send begins an order, and answers with its result or its progress.
func (ts *Tasks) Send(w http.ResponseWriter, r *http.Request, o *Order) {
	ctx, user, correlation := r.Context(), access.From(r.Context()).Name, answer.Request(r).CorrelationID
	key, err := ts.keyFor(ctx, user, o)
	if err == nil {
		err = ts.Store.ClearOthers(ctx, user, o.Kind, o.Address)
	}
	var t *workspace.Task
	if err == nil {
		t, err = ts.Begin(ctx, Work{
			Task: workspace.Task{User: user, Address: o.Address, Kind: o.Kind, Writes: o.Writes, Key: key},
			Far:  Far{Renames: true, Subject: o.Subject, Phase: Comparing, Waits: true}, Correlation: correlation,
			Do: func(ctx context.Context, t *Task) []byte {
				var made *registry.Outcome
				var view any
				err := background.Guarded(ctx, ts.Kit.Log, "task", correlation, func() (err error) {
					made, view, err = o.Do(ctx, t, key)
					return err
				})
				b, err := json.Marshal(resultOf(made, view, err))
				if err != nil {
					ts.Kit.Log.ErrorContext(ctx, "what came of a task cannot be kept", "error", err, "correlation_id", correlation)
				}
				return b
			}})
	}
	if err != nil {
		ts.Kit.DrawTrouble(w, r, o.Section, err)
		return
	}
	ts.meet(w, r, o, t)
}

// keyFor is the key of an order's request: a new one, except that an order which seemed to
// have broken off hands its key to the next. If its instance is alive after all, the
// registry accepts only one of the two.
func (ts *Tasks) keyFor(ctx context.Context, user string, o *Order) (string, error) {
	t, err := ts.Find(ctx, user, o.Address)
	if err == nil && t != nil && t.Lost && t.Writes && o.Writes {
		return t.Key, nil
	}
	return uuid.NewString(), err
}

// meet waits a moment for the end of an order, and answers with its result or its
// progress.
func (ts *Tasks) meet(w http.ResponseWriter, r *http.Request, o *Order, t *workspace.Task) {
	t, err := ts.Soon(r.Context(), t)
	switch {
	case err != nil:
		ts.Kit.DrawTrouble(w, r, o.Section, err)
	case t == nil && !ts.stops(): // another page has been told what came of it
		http.Redirect(w, r, o.Address, http.StatusSeeOther)
	case t == nil:
		ts.drawResult(w, r, o, false, &Result{Broke: context.Canceled.Error(), Cancelled: true})
	case !t.Runs():
		ts.tell(w, r, o, t)
	case r.Method == http.MethodPost:
		http.Redirect(w, r, o.Address, http.StatusSeeOther)
	default:
		ts.Stream(w, r, o.Section, t)
	}
}

// tell answers with the result of an order. A result of work that was done is kept until
// its user asks for something else; any other is deleted, so that the order can be tried
// again.
func (ts *Tasks) tell(w http.ResponseWriter, r *http.Request, o *Order, t *workspace.Task) {
	a, err := ts.resultFor(r.Context(), t)
	switch {
	case err != nil:
	case len(a.Sent) > 0:
		err = ts.Store.MarkShown(r.Context(), t.ID)
	case !t.Lost || !t.Writes:
		err = ts.Store.ForgetTask(r.Context(), t.ID)
	}
	if errors.Is(err, workspace.ErrSuperseded) { // another page has just been told, or has begun it again
		http.Redirect(w, r, o.Address, http.StatusSeeOther)
		return
	}
	if err != nil {
		ts.Kit.DrawTrouble(w, r, o.Section, err)
		return
	}
	ts.drawResult(w, r, o, t.Writes, a)
}

// resultFor returns what came of an order that does not run any more. One that writes, was broken
// off and has recorded nothing is abandoned first: if its instance was only stopped, and goes on,
// it can no longer record anything. ErrSuperseded says that the order has another state by now.
func (ts *Tasks) resultFor(ctx context.Context, t *workspace.Task) (*Result, error) {
	if t.Lost {
		a := &Result{Broke: BrokeOff, Public: true}
		abandoned, err := !t.Writes, error(nil)
		if t.Writes {
			abandoned, err = ts.Store.AbandonTask(ctx, t.ID)
		}
		if err == nil {
			a.Sent, err = ts.Recorded(ctx, t.User, t.Key)
		}
		if err == nil && !abandoned && len(a.Sent) == 0 {
			err = workspace.ErrSuperseded
		}
		return a, err
	}
	a := &Result{}
	err := ts.Result(ctx, t, a)
	if errors.Is(err, background.ErrDefect) {
		return &Result{Broke: err.Error()}, nil
	}
	return a, err
}

func (ts *Tasks) drawResult(w http.ResponseWriter, r *http.Request, o *Order, writes bool, a *Result) {
	switch {
	case len(a.Sent) > 0:
		http.Redirect(w, r, ui.TransactionPath(a.Sent[0]), http.StatusSeeOther)
	case a.Missing:
		o.Missing(w, r)
	case a.Invalid != "":
		o.Draw(w, r, http.StatusUnprocessableEntity, a)
	case !writes && a.Cancelled:
		ts.Kit.DrawError(w, r, http.StatusConflict, o.Section, "This preview was broken off",
			"You asked for another one, or the server is being stopped. Load the page again to begin anew.")
	case a.Busy != nil: // nothing was begun
		ts.Kit.DrawTrouble(w, r, o.Section, a.Busy)
	case a.Broke != "" && !writes:
		ts.Kit.DrawTrouble(w, r, o.Section, errors.New(a.Broke))
	case a.Broke != "":
		why := a.Broke
		if !a.Public {
			why = answer.Private(w, r, errors.New(why)).Error()
		}
		ts.Kit.DrawError(w, r, http.StatusInternalServerError, o.Section, o.Broke,
			page.Sentence(why)+" All of it is written or nothing: if Transactions does not have it, "+o.Again+" again.")
	case writes:
		o.Draw(w, r, http.StatusConflict, a)
	default:
		o.Draw(w, r, http.StatusOK, a)
	}
}
