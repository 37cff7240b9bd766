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

// BrokeOff says what is known of work that writes, whose instance gives no sign of life,
// and of which nothing is recorded.
const BrokeOff = "the instance that did it has ended, or lost the database, and nothing of it is recorded"

// orderKept is how long what came of an order is told to the one who asked.
const orderKept = time.Minute

// An Order is a change of structures, or its preview, whose page is at one address and
// whose answer may take long: a rename, or a deletion.
type Order struct {
	Kind string // a later order of the same kind takes the place of those before
	// Address is where its user finds it, and what came of it; Section is its entry in the
	// console's side.
	Address, Section string
	Subject          string
	Writes           bool
	// Once says that its page asks anew once what is done was told; a second click is told
	// of it all the same.
	Once bool
	// Broke heads the page of one that broke off, which says what to do Again.
	Broke, Again string
	// Do asks the registry. What it gives of the view is drawn in the end, maybe by another
	// instance.
	Do func(ctx context.Context, t *Task, key string) (o *registry.Outcome, view any, err error)
	// Draw draws the page.
	Draw func(w http.ResponseWriter, r *http.Request, status int, a *Result)
	// Missing answers that what it is about is not there.
	Missing http.HandlerFunc
}

// A Result is what came of an order, as the database keeps it.
type Result struct {
	Sent    []registry.Number `json:"sent,omitempty"`
	Missing bool              `json:"missing,omitempty"`
	Invalid string            `json:"invalid,omitempty"` // what is wrong with what was asked
	View    json.RawMessage   `json:"view,omitempty"`

	// Broke is why it broke off; Busy says that it was for want of room, Cancelled that
	// it was ended.
	Broke     string            `json:"broke,omitempty"`
	Busy      *answer.BusyError `json:"busy,omitempty"`
	Cancelled bool              `json:"cancelled,omitempty"`
	Public    bool              `json:"public,omitempty"` // everybody may be told why
}

// resultOf takes up what came of an order. The outcome itself, which may be large, is not
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
// click on a button is answered by what the first has begun, on whichever instance.
func (ts *Tasks) Resume(w http.ResponseWriter, r *http.Request, o *Order) bool {
	t, err := ts.Find(r.Context(), access.From(r.Context()).Name, o.Address)
	switch {
	case err != nil:
		ts.Kit.DrawTrouble(w, r, o.Section, err)
		return true
	case t == nil, t.EndedFor > orderKept, o.Once && t.Told && r.Method != http.MethodPost, t.Lost && (!t.Writes || r.Method == http.MethodPost), r.Method == http.MethodPost && !t.Writes:
		return false
	}
	ts.meet(w, r, o, t)
	return true
}

// Send begins an order, and answers with what comes of it or how far it is.
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

// keyFor is the key of an order's request: a new one, but that of the order before it
// where that was taken for broken off. If its instance lives all the same, the registry
// takes one of the two.
func (ts *Tasks) keyFor(ctx context.Context, user string, o *Order) (string, error) {
	t, err := ts.Find(ctx, user, o.Address)
	if err == nil && t != nil && t.Lost && t.Writes && o.Writes {
		return t.Key, nil
	}
	return uuid.NewString(), err
}

// meet waits a moment for an order's end, and answers with that or with how far it is.
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

// tell answers with what came of an order. What is done is told again, until its user
// asks for something else; all else is forgotten, to be tried again.
func (ts *Tasks) tell(w http.ResponseWriter, r *http.Request, o *Order, t *workspace.Task) {
	a, err := ts.resultFor(r.Context(), t)
	switch {
	case err != nil:
	case len(a.Sent) > 0:
		err = ts.Store.TellTask(r.Context(), t.ID)
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
	b, err := ts.Store.Answer(ctx, t.ID)
	switch {
	case err != nil:
		return nil, err
	case len(b) == 0:
		return &Result{Broke: background.ErrDefect.Error()}, nil
	}
	a := &Result{}
	return a, json.Unmarshal(b, a)
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
	case a.Busy != nil: // of which nothing was begun
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
