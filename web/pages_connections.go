package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/workspace"
	"urncast/web/answer"
	"urncast/web/console/connections"
	"urncast/web/console/page"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

// connectionPageRoutes are the pages about connections.
func (s *server) connectionPageRoutes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /connections", Level: guard.Admin, Act: "Seeing connections", Handle: s.connectionsPage},
		{Pattern: "GET /connections/new", Level: guard.Admin, Act: "Making a connection", Handle: s.connectionPage},
		{Pattern: "POST /connections/new", Level: guard.Admin, Act: "Making a connection", Body: guard.Files, Handle: s.connectionCommand},
		{Pattern: "POST /connections/new/test", Level: guard.Admin, Act: "Testing a connection", Body: guard.Files, Handle: s.testConnection},
		{Pattern: "GET /connections/{name}", Level: guard.Admin, Act: "Seeing a connection", Handle: s.connectionPage},
		{Pattern: "POST /connections/{name}", Level: guard.Admin, Act: "Saving a connection", Body: guard.Files, Handle: s.connectionCommand},
		{Pattern: "POST /connections/{name}/test", Level: guard.Admin, Act: "Testing a connection", Body: guard.Files, Handle: s.testConnection},
		{Pattern: "GET /connections/{name}/delete", Level: guard.Admin, Act: "Deleting a connection", Handle: s.deleteConnectionPage},
		{Pattern: "POST /connections/{name}/delete", Level: guard.Admin, Act: "Deleting a connection", Handle: s.deleteConnection},
	}
}

const connectionsPath = "/connections"

func (s *server) connectionsPage(w http.ResponseWriter, r *http.Request) {
	all, err := s.Connections.List(r.Context())
	if err != nil {
		s.kit.DrawTrouble(w, r, connectionsPath, err)
		return
	}
	for i := range all {
		if err := s.users(r.Context(), &all[i]); err != nil {
			s.kit.DrawTrouble(w, r, connectionsPath, err)
			return
		}
	}
	s.kit.Draw(w, r, http.StatusOK, connections.ConnectionsPage(s.kit.Frame(r, "Connections", connectionsPath), all))
}

// saved finds the connection of a request; the zero value for a new one. If it says
// false, the answer has been written.
func (s *server) saved(w http.ResponseWriter, r *http.Request) (connection.Shown, bool) {
	name := r.PathValue("name")
	if name == "" {
		return connection.Shown{}, true
	}
	shown, err := s.Connections.Get(r.Context(), name)
	if err == nil {
		err = s.users(r.Context(), &shown)
	}
	switch {
	case errors.Is(err, registry.ErrNotFound):
		s.kit.DrawError(w, r, http.StatusNotFound, connectionsPath, "There is no connection "+name, "It was deleted, or never saved. The list shows those that there are.")
	case err != nil:
		s.kit.DrawTrouble(w, r, connectionsPath, err)
	}
	return shown, err == nil
}

// users finds the producers that take the connection that the process was started
// with; the database does not know of it.
func (s *server) users(ctx context.Context, c *connection.Shown) error {
	if !c.Fixed || c.UsedBy != nil {
		return nil
	}
	all, err := s.kit.ListProducers(ctx)
	for i := range all {
		if name := all[i].Settings.Connection; name == "" || name == c.Name {
			c.UsedBy = append(c.UsedBy, all[i].Name)
		}
	}
	return err
}

// connectionPage draws a connection with the edits that are under way.
func (s *server) connectionPage(w http.ResponseWriter, r *http.Request) {
	saved, ok := s.saved(w, r)
	if !ok {
		return
	}
	c := s.connectionOf(r, saved)
	d, gone, err := s.draftOf(r.Context(), r.URL.Query().Get("draft"), r.PathValue("name"), access.From(r.Context()).Name)
	switch {
	case err != nil:
		s.kit.DrawTrouble(w, r, connectionsPath, err)
		return
	case d != nil:
	case gone != "":
		c.Wrong = "These edits are no longer here: " + gone + ". Make them again."
		fallthrough
	default:
		d = newDraft(r.PathValue("name"), "", saved)
	}
	switch r.URL.Query().Get("done") {
	case "saved":
		c.Done = "Saved. Every server was tried."
	case "anyway":
		c.Done = "Saved, although not every server answered."
	case "same":
		c.Done = "Nothing was to be changed."
	}
	s.drawConnection(w, r, http.StatusOK, c, d, nil)
}

// connectionOf begins what the page shows.
func (s *server) connectionOf(r *http.Request, saved connection.Shown) *connections.Connection {
	q := r.URL.Query()
	c := &connections.Connection{Name: r.PathValue("name"), New: r.PathValue("name") == "", Saved: saved, Now: s.Now(), NoKey: s.NoKey,
		View: q.Get("view"), Query: q.Get("q"), Infos: s.Connections.Properties()}
	if c.View != connections.ViewImportant && c.View != connections.ViewAll {
		c.View = connections.ViewSet
	}
	return c
}

// drawConnection completes the page by what the client says, and draws it.
func (s *server) drawConnection(w http.ResponseWriter, r *http.Request, status int, c *connections.Connection, d *draft, trial *connections.Trial) {
	c.Draft, c.Edit, c.Typed, c.Replace, c.Text = d.id, d.shownEdit(), maps.Clone(d.typed), maps.Clone(d.replace), d.text
	c.Test = connections.TestAsked{Topic: d.test["topic"], Scratch: d.test["scratch"], Bytes: d.test["bytes"], Make: d.test["make"] != "", Compressible: d.test["compressible"] != ""}
	wanted, pasted := d.wanted(), d.pastedEdit()
	if c.New {
		c.Name = wanted.Name
	}
	var err error
	c.Findings, err = s.Connections.Check(r.Context(), wanted)
	if err == nil && pasted.Text != "" {
		c.Pasted, err = s.Connections.Check(r.Context(), pasted)
		lines := s.Connections.Client.Lines(pasted.Text)
		for i := range c.Pasted {
			if c.Pasted[i].Line == 0 {
				c.Pasted[i].Line = lines[c.Pasted[i].Name]
			}
		}
		slices.SortStableFunc(c.Pasted, func(a, b connection.Finding) int { return a.Line - b.Line })
	}
	if err == nil {
		c.Endings, err = s.Connections.Endings(r.Context(), wanted)
	}
	var bad *producer.BadEditError
	switch {
	case errors.As(err, &bad):
		c.Wrong = err.Error() + "."
	case err != nil:
		s.kit.DrawTrouble(w, r, connectionsPath, err)
		return
	}
	if c.New && len(wanted.Properties) == 0 {
		c.Findings = nil // nothing was written yet, so nothing is wrong
	}
	title := c.Name
	if c.New {
		title = "New connection"
	}
	f := s.kit.Frame(r, "Connection "+title, connectionsPath)
	if trial == nil {
		s.kit.Draw(w, r, status, connections.ConnectionPage(f, c, nil))
		return
	}
	s.kit.Stream(w, r, connections.ConnectionPage(f, c, trial.Stream()))
}

// connectionCommand takes what the form says up, and does what the button says.
func (s *server) connectionCommand(w http.ResponseWriter, r *http.Request) {
	saved, d, f := s.drafted(w, r)
	if d == nil {
		return
	}
	client := s.Connections.Client
	word, name := f.do()
	anchor := "#properties"
	switch word {
	case "save", "anyway", "over":
		if word == "over" { // over what the reader was shown, not over what somebody saved since
			d.edit.Revision = page.Revision(name)
		}
		s.saveConnection(w, r, saved, d, word)
		return
	case "check":
		anchor = "#paste"
	case "use":
		pasted := d.pastedEdit()
		findings, err := s.Connections.Check(r.Context(), pasted)
		if err == nil {
			d.use(client, findings)
		}
		if !s.keep(w, r, d) {
			return
		}
	case "replace", "remove", "drop", "upload":
		d.command(word, name)
		if !s.keep(w, r, d) {
			return
		}
		if word == "drop" || word == "upload" {
			anchor = "#files"
		} else if word == "replace" {
			anchor = "#p." + url.PathEscape(name)
		}
	}
	q := url.Values{"draft": {d.id}}
	switch view := f.fields["view"]; {
	case word == "view":
		q.Set("view", name)
	case view == connections.ViewImportant || view == connections.ViewAll:
		q.Set("view", view)
	}
	if word != "view" && f.fields["q"] != "" {
		q.Set("q", strings.TrimSpace(f.fields["q"]))
	}
	http.Redirect(w, r, r.URL.EscapedPath()+"?"+q.Encode()+anchor, http.StatusSeeOther)
}

// command does what concerns one property or file.
func (d *draft) command(word, name string) {
	switch word {
	case "replace":
		d.replace[name] = true
	case "remove":
		d.unset(name)
	case "drop":
		delete(d.edit.Files, name)
	}
}

// drafted reads a form into the draft that it belongs to, or a new one. It is nil if
// the answer has been written.
func (s *server) drafted(w http.ResponseWriter, r *http.Request) (connection.Shown, *draft, *connectionForm) {
	saved, ok := s.saved(w, r)
	if !ok {
		return saved, nil, nil
	}
	f, err := readConnectionForm(r)
	if err != nil {
		status := http.StatusBadRequest
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			status = http.StatusRequestEntityTooLarge
		}
		s.kit.DrawError(w, r, status, connectionsPath, "The form could not be read", "Nothing was changed: "+err.Error()+".")
		return saved, nil, nil
	}
	user, client := access.From(r.Context()).Name, s.Connections.Client
	d, gone, err := s.draftOf(r.Context(), f.fields["draft"], r.PathValue("name"), user)
	if err != nil {
		s.kit.DrawTrouble(w, r, connectionsPath, err)
		return saved, nil, nil
	}
	if word, _ := f.do(); d == nil && f.fields["draft"] != "" && (word == "anyway" || word == "over") {
		s.kit.DrawError(w, r, http.StatusGone, connectionsPath, "These edits are no longer here", page.Sentence(gone)+" Nothing was changed.")
		return saved, nil, nil
	}
	if d == nil {
		// The edits are to what the form was drawn from, whatever was saved since.
		base := saved
		if text, ok := f.fields["revision"]; ok {
			base.Revision = page.Revision(text)
		}
		d = newDraft(r.PathValue("name"), user, base)
	}
	d.take(f, client.Secret)
	if text, ok := f.fields["text"]; ok {
		d.paste(text, client)
	}
	if !s.keep(w, r, d) {
		return saved, nil, nil
	}
	return saved, d, f
}

// keep keeps a draft, for the next step to find it on whichever instance; if it says
// false, the answer has been written.
func (s *server) keep(w http.ResponseWriter, r *http.Request, d *draft) bool {
	err := s.keepDraft(r.Context(), d)
	switch {
	case err == nil:
		return true
	case errors.Is(err, workspace.ErrLarge):
		s.kit.DrawError(w, r, http.StatusRequestEntityTooLarge, connectionsPath, "The edits are too large",
			"Nothing was changed: these edits have more than the "+ui.ExactBytes(workspace.DraftBytesMax)+" that a connection may have.")
	case errors.Is(err, workspace.ErrChanged), errors.Is(err, registry.ErrNotFound):
		s.kit.DrawError(w, r, http.StatusConflict, connectionsPath, "These edits were gone on with elsewhere",
			"Another request changed, saved or discarded them while this one was under way. Nothing was changed: load the page of the connection again.")
	case errors.Is(err, secret.ErrNoKey):
		s.kit.DrawError(w, r, http.StatusConflict, connectionsPath, "The edits were not taken up", "They have secrets, and "+err.Error()+".")
	default:
		s.kit.DrawTrouble(w, r, connectionsPath, err)
	}
	return false
}

// saveConnection saves a draft, or says what keeps it from that.
func (s *server) saveConnection(w http.ResponseWriter, r *http.Request, saved connection.Shown, d *draft, word string) {
	wanted := d.wanted()
	done, err := s.Connections.Save(r.Context(), wanted, word == "anyway", answer.Actor(r))
	if err == nil {
		_ = s.Workspace.DropDraft(r.Context(), d.id, d.user) // or it expires
		how := map[bool]string{false: "same", true: "saved"}[done.Changed]
		if done.Changed && word == "anyway" {
			how = "anyway"
		}
		http.Redirect(w, r, connections.ConnectionPath(wanted.Name)+"?done="+how, http.StatusSeeOther)
		return
	}
	c := s.connectionOf(r, saved)
	c.Draft = d.id
	status := http.StatusUnprocessableEntity
	var refused *connection.RefusedError
	var conflict *connection.ConflictError
	var bad *producer.BadEditError
	var fixed *connection.FixedError
	switch {
	case errors.As(err, &refused) && len(refused.Servers) > 0:
		s.kit.Draw(w, r, status, connections.NotSavedPage(s.kit.Frame(r, "Not saved yet", connectionsPath), c, refused.Servers))
		return
	case errors.As(err, &refused):
		c.Wrong = err.Error() + "."
	case errors.As(err, &conflict) && c.New:
		status, c.NameWrong = http.StatusConflict, "There is a connection of this name already. Take another name, or change that one."
	case errors.As(err, &conflict):
		status, c.Conflict = http.StatusConflict, conflict
	case errors.As(err, &bad):
		status = http.StatusBadRequest
		if c.New && strings.HasPrefix(err.Error(), "The name") {
			c.NameWrong = err.Error() + "."
		} else {
			c.Wrong = err.Error() + "."
		}
	case errors.As(err, &fixed):
		status, c.Wrong = http.StatusConflict, err.Error()+"."
	case errors.Is(err, secret.ErrNoKey):
		status, c.Wrong = http.StatusConflict, "The connection was not saved, for it has secrets, and "+err.Error()+"."
	default:
		s.kit.DrawTrouble(w, r, connectionsPath, err)
		return
	}
	s.drawConnection(w, r, status, c, d, nil)
}

// deleteConnectionPage asks before a connection is deleted.
func (s *server) deleteConnectionPage(w http.ResponseWriter, r *http.Request) {
	s.askDeleteConnection(w, r, http.StatusOK, "")
}

func (s *server) askDeleteConnection(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	saved, ok := s.saved(w, r)
	if !ok {
		return
	}
	path := connections.ConnectionPath(saved.Name)
	switch {
	case len(saved.UsedBy) > 0 && !saved.Fixed:
		s.kit.DrawError(w, r, max(status, http.StatusConflict), connectionsPath, "Connection "+saved.Name+" is used",
			"It cannot be deleted while producer "+strings.Join(saved.UsedBy, ", ")+" takes it. Let that take another connection first.")
	case saved.Fixed:
		s.kit.DrawError(w, r, http.StatusConflict, connectionsPath, "Connection "+saved.Name+" is fixed", (&connection.FixedError{Name: saved.Name}).Error()+".")
	default:
		q := &ui.Ask{Question: "Delete connection " + saved.Name + "?", Back: path, Action: path + "/delete", Keep: "Keep it", Act: "Delete " + saved.Name, Wrong: wrong, Hidden: map[string]string{"revision": strconv.FormatInt(saved.Revision, 10)},
			Consequences: []string{"Its settings, secrets and files are gone. A backup of the database has them.", "No producer takes it, so nothing stops.", "What was published over it stays on its topics."}}
		s.kit.Draw(w, r, status, ui.Question(s.kit.Frame(r, q.Question, connectionsPath), q))
	}
}

func (s *server) deleteConnection(w http.ResponseWriter, r *http.Request) {
	revision := page.Revision(r.PostFormValue("revision"))
	err := s.Connections.Delete(r.Context(), r.PathValue("name"), revision, answer.Actor(r))
	switch {
	case err == nil:
		http.Redirect(w, r, connectionsPath, http.StatusSeeOther)
	case errors.As(err, new(*connection.InUseError)), errors.As(err, new(*connection.FixedError)), errors.As(err, new(*connection.ConflictError)), errors.Is(err, registry.ErrNotFound):
		s.askDeleteConnection(w, r, http.StatusConflict, err.Error()+".")
	default:
		s.kit.DrawTrouble(w, r, connectionsPath, err)
	}
}
