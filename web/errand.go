package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/workspace"
	"urncast/web/console/task"
	"urncast/web/console/ui"
	"urncast/web/rest"
)

// errandKept is how long what came of an errand is told to the one who asked.
const errandKept = time.Minute

// An errand is a change of structures, or its preview, whose page is at one address and
// whose answer may take long: a rename, or a deletion.
type errand struct {
	kind    string // a later errand of the same kind takes the place of those before
	address string
	subject string
	writes  bool
	// once says that its page asks anew once what is done was told; a second click is told
	// of it all the same.
	once bool
	// broke heads the page of one that broke off, which says what to do again.
	broke, again string
	// do asks the registry. What it gives of the view is drawn in the end, maybe by another
	// instance.
	do func(ctx context.Context, t *task.Running, key string) (o *registry.Outcome, view any, err error)
	// draw draws the page.
	draw func(w http.ResponseWriter, r *http.Request, status int, a *result)
	// missing answers that what it is about is not there.
	missing http.HandlerFunc
}

// A result is what came of an errand, as the database keeps it.
type result struct {
	Sent    []registry.Number `json:"sent,omitempty"`
	Missing bool              `json:"missing,omitempty"`
	Invalid string            `json:"invalid,omitempty"` // what is wrong with what was asked
	View    json.RawMessage   `json:"view,omitempty"`

	// Broke is why it broke off; Busy says that it was for want of room, Cancelled that
	// it was ended.
	Broke     string          `json:"broke,omitempty"`
	Busy      *rest.BusyError `json:"busy,omitempty"`
	Cancelled bool            `json:"cancelled,omitempty"`
	Public    bool            `json:"public,omitempty"` // everybody may be told why
}

// resultOf takes up what came of an errand. The outcome itself, which may be large, is not
// kept.
func resultOf(o *registry.Outcome, view any, err error) *result {
	a := &result{}
	var invalid *registry.InvalidError
	switch {
	case errors.Is(err, registry.ErrNotFound):
		a.Missing = true
	case errors.As(err, &invalid):
		a.Invalid = sentenceOf(invalid.Text)
	case err != nil:
		a.Broke, a.Busy, a.Cancelled = err.Error(), rest.Busy(err), errors.Is(err, context.Canceled)
	case len(o.Transactions) > 0:
		a.Sent = o.Transactions
	default:
		if a.View, err = json.Marshal(view); err != nil {
			a.Broke = err.Error()
		}
	}
	return a
}

// resume answers with an errand that was begun before; false if there is none. A second
// click on a button is answered by what the first has begun, on whichever instance.
func (s *server) resume(w http.ResponseWriter, r *http.Request, e *errand) bool {
	t, err := s.tasks.Find(r.Context(), access.From(r.Context()).Name, e.address)
	switch {
	case err != nil:
		s.drawTrouble(w, r, "/structures", err)
		return true
	case t == nil, t.EndedFor > errandKept, e.once && t.Told && r.Method != http.MethodPost, t.Lost && (!t.Writes || r.Method == http.MethodPost), r.Method == http.MethodPost && !t.Writes:
		return false
	}
	s.meet(w, r, e, t)
	return true
}

// send begins an errand, and answers with what comes of it or how far it is.
func (s *server) send(w http.ResponseWriter, r *http.Request, e *errand) {
	ctx, user, correlation := r.Context(), access.From(r.Context()).Name, rest.Request(r).CorrelationID
	key, err := s.keyFor(ctx, user, e)
	if err == nil {
		err = s.tasks.Store.ClearOthers(ctx, user, e.kind, e.address)
	}
	var t *workspace.Task
	if err == nil {
		t, err = s.tasks.Begin(ctx, task.Work{
			Task: workspace.Task{User: user, Address: e.address, Kind: e.kind, Writes: e.writes, Key: key},
			Far:  task.Far{Renames: true, Subject: e.subject, Phase: task.Comparing, Waits: true}, Correlation: correlation,
			Do: func(ctx context.Context, t *task.Running) []byte {
				var o *registry.Outcome
				var view any
				err := guarded(ctx, s.Log, "task", correlation, func() (err error) {
					o, view, err = e.do(ctx, t, key)
					return err
				})
				b, err := json.Marshal(resultOf(o, view, err))
				if err != nil {
					s.Log.ErrorContext(ctx, "what came of a task cannot be kept", "error", err, "correlation_id", correlation)
				}
				return b
			}})
	}
	if err != nil {
		s.drawTrouble(w, r, "/structures", err)
		return
	}
	s.meet(w, r, e, t)
}

// keyFor is the key of an errand's request: a new one, but that of the errand before it
// where that was taken for broken off. If its instance lives all the same, the registry
// takes one of the two.
func (s *server) keyFor(ctx context.Context, user string, e *errand) (string, error) {
	t, err := s.tasks.Find(ctx, user, e.address)
	if err == nil && t != nil && t.Lost && t.Writes && e.writes {
		return t.Key, nil
	}
	return randomHex(16), err
}

// meet waits a moment for an errand's end, and answers with that or with how far it is.
func (s *server) meet(w http.ResponseWriter, r *http.Request, e *errand, t *workspace.Task) {
	t, err := s.tasks.Soon(r.Context(), t)
	switch {
	case err != nil:
		s.drawTrouble(w, r, "/structures", err)
	case t == nil:
		s.drawResult(w, r, e, false, &result{Broke: context.Canceled.Error(), Cancelled: true})
	case !t.Runs():
		s.tell(w, r, e, t)
	case r.Method == http.MethodPost:
		http.Redirect(w, r, e.address, http.StatusSeeOther)
	default:
		s.streamTask(w, r, "/structures", t)
	}
}

// tell answers with what came of an errand. What is done is told again, until its user
// asks for something else; all else is forgotten, to be tried again.
func (s *server) tell(w http.ResponseWriter, r *http.Request, e *errand, t *workspace.Task) {
	a := &result{Broke: errDefect.Error()}
	var err error
	if t.Lost {
		a.Broke, a.Public = brokeOff, true
		a.Sent, err = s.Registry.Recorded(r.Context(), t.User, t.Key)
	} else {
		var b []byte
		if b, err = s.tasks.Store.Answer(r.Context(), t.ID); err == nil && len(b) > 0 {
			a = &result{}
			err = json.Unmarshal(b, a)
		}
	}
	switch {
	case err != nil:
	case len(a.Sent) == 0:
		err = s.tasks.Store.ForgetTask(r.Context(), t.ID)
	default:
		err = s.tasks.Store.TellTask(r.Context(), t.ID)
	}
	if err != nil {
		s.drawTrouble(w, r, "/structures", err)
		return
	}
	s.drawResult(w, r, e, t.Writes, a)
}

func (s *server) drawResult(w http.ResponseWriter, r *http.Request, e *errand, writes bool, a *result) {
	switch {
	case len(a.Sent) > 0:
		http.Redirect(w, r, ui.TransactionPath(a.Sent[0]), http.StatusSeeOther)
	case a.Missing:
		e.missing(w, r)
	case a.Invalid != "":
		e.draw(w, r, http.StatusUnprocessableEntity, a)
	case !writes && a.Cancelled:
		s.drawError(w, r, http.StatusConflict, "/structures", "This preview was broken off",
			"You asked for another one, or the server is being stopped. Load the page again to begin anew.")
	case a.Busy != nil: // of which nothing was begun
		s.drawTrouble(w, r, "/structures", a.Busy)
	case a.Broke != "" && !writes:
		s.drawTrouble(w, r, "/structures", errors.New(a.Broke))
	case a.Broke != "":
		why := a.Broke
		if !a.Public {
			why = rest.Private(w, r, errors.New(why)).Error()
		}
		s.drawError(w, r, http.StatusInternalServerError, "/structures", e.broke,
			sentenceOf(why)+" All of it is written or nothing: if Transactions does not have it, "+e.again+" again.")
	case writes:
		e.draw(w, r, http.StatusConflict, a)
	default:
		e.draw(w, r, http.StatusOK, a)
	}
}
