package connections

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/registry"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/ui"
)

// saveConnection saves a draft, or says why it cannot.
func (s *Pages) saveConnection(w http.ResponseWriter, r *http.Request, saved connection.Shown, d *draft, word string) {
	wanted := d.wanted()
	done, err := s.Connections.Save(r.Context(), wanted, word == "anyway", answer.Actor(r))
	if err == nil {
		_ = s.Drafts.DropDraft(r.Context(), d.id, d.user) // otherwise it expires
		q := url.Values{}
		if id := s.keepTried(r.Context(), d.user, wanted.Name, done.Servers); id != "" {
			q.Set("tried", id)
		}
		how := map[bool]string{false: "same", true: "saved"}[done.Changed]
		if done.Changed && word == "anyway" {
			how = "anyway"
		}
		q.Set("done", how)
		http.Redirect(w, r, ConnectionPath(wanted.Name)+"?"+q.Encode(), http.StatusSeeOther)
		return
	}
	c := s.connectionOf(r, saved, d)
	c.Draft = d.id
	status := http.StatusUnprocessableEntity
	var refused *connection.RefusedError
	var conflict *connection.ConflictError
	var bad *producer.BadEditError
	var fixed *connection.FixedError
	switch {
	case errors.As(err, &refused) && len(refused.Servers) > 0:
		s.Draw(w, r, status, NotSavedPage(s.Frame(r, "Not saved yet", connectionsPath), c, refused.Servers))
		return
	case errors.As(err, &refused):
		c.Wrong = err.Error() + "."
	case errors.As(err, &conflict) && c.New:
		status = http.StatusConflict
		c.Fault("name", "There is a connection of this name already. Take another name, or change that one.")
	case errors.As(err, &conflict):
		status, c.Conflict = http.StatusConflict, conflict
	case errors.As(err, &bad):
		status = http.StatusBadRequest
		if c.New && strings.HasPrefix(err.Error(), "The name") {
			c.Fault("name", err.Error()+".")
		} else {
			c.Wrong = err.Error() + "."
		}
	case errors.As(err, &fixed):
		status, c.Wrong = http.StatusConflict, err.Error()+"."
	case errors.Is(err, secret.ErrNoKey):
		status, c.Wrong = http.StatusConflict, "The connection was not saved, for it has secrets, and "+err.Error()+"."
	default:
		s.DrawTrouble(w, r, connectionsPath, err)
		return
	}
	s.drawConnection(w, r, status, c, d, nil)
}

// deleteConnectionPage asks before a connection is deleted.
func (s *Pages) deleteConnectionPage(w http.ResponseWriter, r *http.Request) {
	s.askDeleteConnection(w, r, http.StatusOK, "")
}

func (s *Pages) deleteConnection(w http.ResponseWriter, r *http.Request) {
	revision := page.Revision(r.PostFormValue("revision"))
	err := s.Connections.Delete(r.Context(), r.PathValue("name"), revision, answer.Actor(r))
	switch {
	case err == nil:
		http.Redirect(w, r, connectionsPath, http.StatusSeeOther)
	case errors.As(err, new(*connection.InUseError)), errors.As(err, new(*connection.FixedError)), errors.As(err, new(*connection.ConflictError)), errors.Is(err, registry.ErrNotFound):
		s.askDeleteConnection(w, r, http.StatusConflict, err.Error()+".")
	default:
		s.DrawTrouble(w, r, connectionsPath, err)
	}
}

func (s *Pages) askDeleteConnection(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	saved, ok := s.saved(w, r)
	if !ok {
		return
	}
	path := ConnectionPath(saved.Name)
	switch {
	case len(saved.UsedBy) > 0 && !saved.Fixed:
		s.DrawError(w, r, max(status, http.StatusConflict), connectionsPath, "Connection "+saved.Name+" is used",
			"It cannot be deleted while producer "+strings.Join(saved.UsedBy, ", ")+" takes it. Let that take another connection first.")
	case saved.Fixed:
		s.DrawError(w, r, http.StatusConflict, connectionsPath, "Connection "+saved.Name+" is fixed", (&connection.FixedError{Name: saved.Name}).Error()+".")
	default:
		q := &ui.Ask{Question: "Delete connection " + saved.Name + "?", Back: path, Action: path + "/delete", Keep: "Keep it", Act: "Delete " + saved.Name, Wrong: wrong, Hidden: map[string]string{"revision": strconv.FormatInt(saved.Revision, 10)},
			Consequences: []string{"Its settings, secrets and files are gone. A backup of the database has them.", "No producer takes it, so nothing stops.", "What was published over it stays on its topics."}}
		s.Draw(w, r, status, ui.Question(s.Frame(r, q.Question, connectionsPath), q))
	}
}
