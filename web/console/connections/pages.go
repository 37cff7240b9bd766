// Package connections serves the pages about connections: their list, the properties of
// one, pasted text, its test, and unsaved edits.
package connections

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/workspace"
	"urncast/web/console/page"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

// Pages serves the pages about connections.
type Pages struct {
	*page.Kit
	Connections *connection.Connections
	Drafts      Drafts
	Audit       *access.Control // records that a connection was tested
}

// Routes are for administrators, reads too, because they show how the clusters are set up.
func (s *Pages) Routes() []guard.Route {
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

func (s *Pages) connectionsPage(w http.ResponseWriter, r *http.Request) {
	all, err := s.Connections.List(r.Context())
	if err != nil {
		s.DrawTrouble(w, r, connectionsPath, err)
		return
	}
	rows := make([]listed, len(all))
	for i := range all {
		if err := s.users(r.Context(), &all[i]); err != nil {
			s.DrawTrouble(w, r, connectionsPath, err)
			return
		}
		rows[i] = listed{Shown: all[i], now: s.Now()}
		endings, err := s.Connections.Endings(r.Context(), newDraft("", "", all[i]).edit)
		if err == nil { // otherwise its own page shows the error
			rows[i].ending = soonest(endings)
		}
	}
	s.Draw(w, r, http.StatusOK, ConnectionsPage(s.Frame(r, "Connections", connectionsPath), rows))
}

// saved finds the connection of a request; the zero value for a new one. If it returns
// false, the connection does not exist and the answer has been written.
func (s *Pages) saved(w http.ResponseWriter, r *http.Request) (connection.Shown, bool) {
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
		s.DrawError(w, r, http.StatusNotFound, connectionsPath, "There is no connection "+name, "It was deleted, or never saved. The list shows those that there are.")
	case err != nil:
		s.DrawTrouble(w, r, connectionsPath, err)
	}
	return shown, err == nil
}

// users finds the producers that use the connection of the process's configuration, which
// is not in the database.
func (s *Pages) users(ctx context.Context, c *connection.Shown) error {
	if !c.Fixed || c.UsedBy != nil {
		return nil
	}
	all, err := s.Producers.List(ctx)
	for i := range all {
		if name := all[i].Settings.Connection; name == "" || name == c.Name {
			c.UsedBy = append(c.UsedBy, all[i].Name)
		}
	}
	return err
}

// connectionPage draws a connection with its unsaved edits.
func (s *Pages) connectionPage(w http.ResponseWriter, r *http.Request) {
	saved, ok := s.saved(w, r)
	if !ok {
		return
	}
	d, gone, err := s.draftOf(r.Context(), r.URL.Query().Get("draft"), r.PathValue("name"), access.From(r.Context()).Name)
	switch {
	case err != nil:
		s.DrawTrouble(w, r, connectionsPath, err)
		return
	case d == nil:
		d = newDraft(r.PathValue("name"), "", saved)
	}
	c := s.connectionOf(r, saved, d)
	if gone != "" {
		c.Wrong = "These edits are no longer here: " + gone + ". Make them again."
	}
	switch r.URL.Query().Get("done") {
	case "saved":
		c.Done = "Saved. Every server was tried."
	case "anyway":
		c.Done = "Saved, although not every server answered."
	case "same":
		c.Done = "Nothing was to be changed."
	}
	if c.Done != "" {
		c.Tried = s.triedFor(r.Context(), r.URL.Query().Get("tried"), access.From(r.Context()).Name, c.Name)
	}
	s.drawConnection(w, r, http.StatusOK, c, d, nil)
}

// connectionOf makes the view of a saved connection, with the fields of a draft.
func (s *Pages) connectionOf(r *http.Request, saved connection.Shown, d *draft) *Connection {
	q := r.URL.Query()
	c := &Connection{Form: ui.Form{Inputs: d.inputs()}, Name: r.PathValue("name"), New: r.PathValue("name") == "", Saved: saved, Now: s.Now(), NoKey: s.NoKey,
		View: q.Get("view"), Query: q.Get("q"), Infos: s.Connections.Properties()}
	if c.View != ViewImportant && c.View != ViewAll {
		c.View = ViewSet
	}
	return c
}

// drawConnection adds the client's findings to the page, and draws it.
func (s *Pages) drawConnection(w http.ResponseWriter, r *http.Request, status int, c *Connection, d *draft, trial *Trial) {
	c.Draft, c.Edit, c.Typed, c.Replace, c.Text = d.id, d.shownEdit(), maps.Clone(d.typed), maps.Clone(d.replace), d.text
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
		s.DrawTrouble(w, r, connectionsPath, err)
		return
	}
	if c.New && len(wanted.Properties) == 0 {
		c.Findings = nil // nothing was entered yet, so nothing is wrong
	}
	title := "Connection " + c.Name
	if c.New {
		title = "New connection"
	}
	f := s.Frame(r, title, connectionsPath)
	if trial == nil {
		s.Draw(w, r, status, ConnectionPage(f, c, nil))
		return
	}
	s.Stream(w, r, ConnectionPage(f, c, trial.Stream()))
}

// connectionCommand takes a form into the draft, and does what its button says.
func (s *Pages) connectionCommand(w http.ResponseWriter, r *http.Request) {
	saved, d := s.drafted(w, r)
	if d == nil {
		return
	}
	client := s.Connections.Client
	word, name := order(r)
	anchor := "#properties"
	switch word {
	case "save", "anyway", "over":
		if word == "over" { // over the change that was shown, not over a later one
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
	switch view := r.PostForm.Get("view"); {
	case word == "view":
		q.Set("view", name)
	case view == ViewImportant || view == ViewAll:
		q.Set("view", view)
	}
	if text := r.PostForm.Get("q"); word != "view" && text != "" {
		q.Set("q", strings.TrimSpace(text))
	}
	http.Redirect(w, r, r.URL.EscapedPath()+"?"+q.Encode()+anchor, http.StatusSeeOther)
}

// command replaces or removes one property or file.
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

// drafted reads a form into its draft, or a new one. The draft is nil if the answer has
// been written.
func (s *Pages) drafted(w http.ResponseWriter, r *http.Request) (connection.Shown, *draft) {
	saved, ok := s.saved(w, r)
	if !ok {
		return saved, nil
	}
	files, ok := s.ReadFiles(w, r)
	if !ok {
		return saved, nil
	}
	form := r.PostForm
	user, client := access.From(r.Context()).Name, s.Connections.Client
	d, gone, err := s.draftOf(r.Context(), form.Get("draft"), r.PathValue("name"), user)
	if err != nil {
		s.DrawTrouble(w, r, connectionsPath, err)
		return saved, nil
	}
	if word, _ := order(r); d == nil && form.Get("draft") != "" && (word == "anyway" || word == "over") {
		s.DrawError(w, r, http.StatusGone, connectionsPath, "These edits are no longer here", page.Sentence(gone)+" Nothing was changed.")
		return saved, nil
	}
	if d == nil {
		// The edits are to the revision that the form was drawn from, whatever was saved
		// since.
		base := saved
		if form.Has("revision") {
			base.Revision = page.Revision(form.Get("revision"))
		}
		d = newDraft(r.PathValue("name"), user, base)
	}
	d.take(form, files, client.Secret)
	if form.Has("text") {
		d.paste(form.Get("text"), client)
	}
	if !s.keep(w, r, d) {
		return saved, nil
	}
	return saved, d
}

// keep stores a draft, so that the next step finds it on any instance. If it returns
// false, that failed and the answer has been written.
func (s *Pages) keep(w http.ResponseWriter, r *http.Request, d *draft) bool {
	err := s.keepDraft(r.Context(), d)
	switch {
	case err == nil:
		return true
	case errors.Is(err, workspace.ErrLarge):
		s.DrawError(w, r, http.StatusRequestEntityTooLarge, connectionsPath, "The edits are too large",
			"Nothing was changed: these edits have more than the "+ui.ExactBytes(workspace.DraftBytesMax)+" that a connection may have.")
	case errors.Is(err, workspace.ErrChanged), errors.Is(err, registry.ErrNotFound):
		s.DrawError(w, r, http.StatusConflict, connectionsPath, "These edits were gone on with elsewhere",
			"Another request changed, saved or discarded them while this one was under way. Nothing was changed: load the page of the connection again.")
	case errors.Is(err, secret.ErrNoKey):
		s.DrawError(w, r, http.StatusConflict, connectionsPath, "The edits were not taken up", "They have secrets, and "+err.Error()+".")
	default:
		s.DrawTrouble(w, r, connectionsPath, err)
	}
	return false
}
