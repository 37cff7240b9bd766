package submit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/plan"
	"urncast/registry/workspace"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/task"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

const submitShown = 200

// Uploads stores files that were sent and not yet submitted, for all instances.
type Uploads interface {
	BeginUpload(ctx context.Context, user string) (*workspace.Upload, error)
	AddFile(ctx context.Context, u *workspace.Upload, f workspace.File, in io.Reader) (size int64, err error)
	KeepUpload(ctx context.Context, u *workspace.Upload) error
	Upload(ctx context.Context, id, user string) (*workspace.Upload, error)
	Choose(ctx context.Context, u *workspace.Upload) error
	DropUpload(ctx context.Context, id, user, why string) error
	OpenFile(ctx context.Context, u *workspace.Upload, file int) io.Reader
}

// Pages serves the pages on which files are sent, checked and submitted.
type Pages struct {
	*page.Kit
	Registry *plan.Registry
	Tasks    *task.Tasks
	Record   *record.Reader
	Uploads  Uploads

	checks checks
}

// Routes are the pages on which files are sent, checked and submitted.
func (s *Pages) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /submit", Level: guard.Maintain, Act: "Submitting structures", Handle: s.submitPage},
		{Pattern: "POST /submit", Level: guard.Maintain, Act: "Submitting structures", Body: guard.Stream, Handle: s.submitFiles},
		{Pattern: "GET /submit/{id}", Level: guard.Maintain, Act: "Submitting structures", Handle: s.checkedPage},
		{Pattern: "POST /submit/{id}", Level: guard.Maintain, Act: "Submitting structures", Handle: s.submitCommand},
	}
}

// submitPage draws the empty form.
func (s *Pages) submitPage(w http.ResponseWriter, r *http.Request) {
	s.drawSubmit(w, r, http.StatusOK, "", nil)
}

// drawSubmit draws the form; kept are the reader's uploads beside which no more fit.
func (s *Pages) drawSubmit(w http.ResponseWriter, r *http.Request, status int, wrong string, kept []workspace.Upload) {
	s.Draw(w, r, status, SubmitPage(s.Frame(r, "Submit structures", "/submit"), wrong, kept))
}

// uploadPath is the page of an upload, of its check and of its submission.
func uploadPath(id string) string { return "/submit/" + id }

// submitFiles stores files, begins their check and leads to the check's page.
func (s *Pages) submitFiles(w http.ResponseWriter, r *http.Request) {
	form, err := r.MultipartReader()
	if err != nil {
		s.drawSubmit(w, r, http.StatusBadRequest, "The form could not be read: "+err.Error()+".", nil)
		return
	}
	up, err := s.takeUpload(r.Context(), form, access.From(r.Context()).Name)
	var large *http.MaxBytesError
	var full *workspace.FullError
	switch {
	case errors.As(err, &full):
		_, _ = io.Copy(io.Discard, r.Body) // a browser that is still sending would show that the connection was lost
		s.drawSubmit(w, r, http.StatusInsufficientStorage, full.Error(), full.Kept)
		return
	case errors.As(err, &large):
		s.drawSubmit(w, r, http.StatusRequestEntityTooLarge, "The files have more than the "+ui.ExactBytes(large.Limit)+" that this server takes at once. Send them in parts, or zipped.", nil)
		return
	case answer.Busy(err) != nil:
		busy := answer.Busy(err)
		busy.Tell(w.Header())
		s.drawSubmit(w, r, busy.Status, busy.Text, nil)
		return
	case errors.As(err, new(*keepError)):
		s.drawSubmit(w, r, http.StatusInsufficientStorage, "The files could not be kept: "+answer.Private(w, r, err).Error()+".", nil)
		return
	case err != nil:
		s.drawSubmit(w, r, http.StatusBadRequest, "The files did not arrive whole: "+err.Error()+". Send them again.", nil)
		return
	case up == nil:
		s.drawSubmit(w, r, http.StatusUnprocessableEntity, "No file was chosen, or it is empty. Choose one or more.", nil)
		return
	}
	if _, err := s.beginCheck(r.Context(), up, false, answer.Request(r)); err != nil {
		s.DrawTrouble(w, r, "/submit", err)
		return
	}
	http.Redirect(w, r, uploadPath(up.ID), http.StatusSeeOther)
}

// uploadOf finds the upload in a path and the task that works on it; nil if the answer has
// been written. A submitted upload leads to its transaction, even if its files or its
// instance are gone.
func (s *Pages) uploadOf(w http.ResponseWriter, r *http.Request) (*workspace.Upload, *workspace.Task) {
	ctx, id, user := r.Context(), r.PathValue("id"), access.From(r.Context()).Name
	var t *workspace.Task
	up, err := s.Uploads.Upload(ctx, id, user) // before the transaction, with which the files go
	if err == nil || errors.Is(err, registry.ErrNotFound) {
		made, failed := s.Registry.Recorded(ctx, user, id)
		if len(made) > 0 {
			http.Redirect(w, r, ui.TransactionPath(made[0]), http.StatusSeeOther)
			return nil, nil
		}
		err = cmp.Or(failed, err)
	}
	if err == nil {
		t, err = s.Tasks.Find(ctx, user, uploadPath(id))
	}
	switch {
	case err != nil && !errors.Is(err, registry.ErrNotFound):
		s.DrawTrouble(w, r, "/submit", err)
		return nil, nil
	case err == nil && up.Gone == "":
		return up, t
	}
	why := "They are kept for an hour, for the one who sent them."
	if err == nil {
		why = up.Gone
	}
	s.DrawError(w, r, http.StatusNotFound, "/submit", "These files are not here any more",
		why+" Nothing of them was written unless you submitted them: Transactions says whether that was recorded. If not, send them again.")
	return nil, nil
}

// checkedPage draws the result of a check or its progress; for a submitted upload it leads
// to the transaction. A check whose instance died begins anew, for a check writes nothing.
func (s *Pages) checkedPage(w http.ResponseWriter, r *http.Request) {
	up, t := s.uploadOf(w, r)
	if up == nil {
		return
	}
	var err error
	if t == nil || t.Lost && !t.Writes {
		t, err = s.beginCheck(r.Context(), up, false, answer.Request(r))
	}
	if err == nil {
		t, err = s.Tasks.Soon(r.Context(), t)
	}
	switch {
	case err != nil:
		s.DrawTrouble(w, r, "/submit", err)
	case t == nil: // its instance stops, and another continues
		http.Redirect(w, r, uploadPath(up.ID), http.StatusSeeOther)
	case t.Runs():
		s.Tasks.Stream(w, r, "/submit", t)
	default:
		s.drawChecked(w, r, up, t, http.StatusOK, "")
	}
}

// drawChecked draws the result of a check. The status 409 says that the reader's button was on
// the page of an earlier one.
func (s *Pages) drawChecked(w http.ResponseWriter, r *http.Request, up *workspace.Upload, t *workspace.Task, status int, wrong string) {
	c := &checked{Submit: true, Broke: task.BrokeOff, Public: true}
	if !t.Lost {
		var err error
		if c, err = s.checkOf(r.Context(), t); err != nil {
			s.DrawTrouble(w, r, "/submit", err)
			return
		}
	}
	if len(c.Sent) > 0 {
		http.Redirect(w, r, ui.TransactionPath(c.Sent[0]), http.StatusSeeOther)
		return
	}
	v, err := s.checkView(r.Context(), up, c, page.Word(r.URL.Query(), "show"), page.Number(r.URL.Query(), "from"))
	if err != nil {
		s.DrawTrouble(w, r, "/submit", err)
		return
	}
	v.Check, v.Stale = t.ID, status == http.StatusConflict
	if v.Wrong = wrong; v.Broke != "" && !c.Public {
		v.Broke = answer.Private(w, r, errors.New(v.Broke)).Error()
	}
	s.Draw(w, r, status, CheckedPage(s.Frame(r, "Submit structures", "/submit"), v))
}

// submitCommand does with an upload what a button says. While the upload is checked or
// submitted, and afterwards, it leads to that: a second click does nothing twice. A button
// counts for the check whose page it was on: if there is another by now, as from another tab,
// nothing is done and that is shown.
func (s *Pages) submitCommand(w http.ResponseWriter, r *http.Request) {
	up, t := s.uploadOf(w, r)
	if up == nil {
		return
	}
	do := r.PostFormValue("do")
	runs := t != nil && t.Runs()
	var err error
	switch {
	case do == "discard" && !(runs && t.Writes):
		if err = s.Uploads.DropUpload(r.Context(), up.ID, up.User, "You discarded them."); err == nil && runs {
			err = s.Tasks.Store.CancelTask(r.Context(), t.ID)
		}
		if err == nil {
			http.Redirect(w, r, "/submit", http.StatusSeeOther)
			return
		}
	case t == nil: // nobody has seen the result of a check
		_, err = s.beginCheck(r.Context(), up, false, answer.Request(r))
	case !runs && r.PostFormValue("check") != t.ID:
		s.drawChecked(w, r, up, t, http.StatusConflict, "")
		return
	case !runs:
		var wrong string
		if wrong, err = s.choose(r, up, t, do); wrong != "" {
			s.drawChecked(w, r, up, t, http.StatusUnprocessableEntity, wrong)
			return
		}
		if err == nil {
			_, err = s.beginCheck(r.Context(), up, do == "submit", answer.Request(r))
		}
	}
	if err != nil && !errors.Is(err, workspace.ErrDiscarded) { // its page says why, or what an earlier click has submitted
		s.DrawTrouble(w, r, "/submit", err)
		return
	}
	http.Redirect(w, r, uploadPath(up.ID), http.StatusSeeOther)
}

// choose records what a button and the form say about an upload, or returns what is wrong
// in the form. The rest is as it was for the check that the form showed.
func (s *Pages) choose(r *http.Request, up *workspace.Upload, t *workspace.Task, do string) (wrong string, err error) {
	shown := &checked{}
	if !t.Lost {
		if shown, err = s.checkOf(r.Context(), t); err != nil {
			return "", err
		}
	}
	c := &up.Choices
	if shown.Choices != nil {
		*c = *shown.Choices
		c.Left = slices.Clone(c.Left)
	}
	if mode, err := registry.ParseMode(r.PostFormValue("action")); err == nil {
		c.Mode = mode
	}
	if do == "submit" && c.Mode == registry.ModeFullReplace && strings.TrimSpace(r.PostFormValue("confirm")) != c.Mode.String() {
		return "A full replace deletes what the files leave out. Type full-replace to say that you mean it.", nil
	}
	switch do {
	case "leave":
		leaveRefused(c, shown)
	case "skip":
		c.Skip = true
	case "check":
		c.Force = ""
	case "force":
		reason := page.Prose(r.PostForm, "force")
		switch {
		case reason == "":
			return "Say why, in words: the audit keeps them.", nil
		case len(reason) > registry.ReasonMax:
			return fmt.Sprintf("The reason has %d bytes, more than the limit of %d.", len(reason), registry.ReasonMax), nil
		}
		c.Force = reason
	}
	return "", s.Uploads.Choose(r.Context(), up)
}

// leaveRefused leaves out the structures that a check refused.
func leaveRefused(c *workspace.Choices, shown *checked) {
	for i := range shown.Results {
		if urn := shown.Results[i].URN.String(); shown.Results[i].Verdict == registry.Refused && !slices.Contains(c.Left, urn) {
			c.Left = append(c.Left, urn)
		}
	}
}

// checkView gathers what the page of a check shows.
func (s *Pages) checkView(ctx context.Context, up *workspace.Upload, c *checked, show string, from int) (*Checked, error) {
	choices := up.Choices
	if c.Choices != nil {
		choices = *c.Choices
	}
	v := &Checked{ID: up.ID, Bytes: up.Bytes(), Took: c.Took, Formats: c.Formats, Action: choices.Mode.String(), Skipped: c.Skipped, Warnings: c.Warnings, Show: show, Left: len(choices.Left), Force: choices.Force}
	for _, f := range up.Files {
		if f.Size > 0 {
			v.Files = append(v.Files, f.Name)
		}
	}
	if c.Unread != nil || c.Broke != "" {
		v.Unread, v.Broke, v.BrokeSubmit = c.Unread, c.Broke, c.Submit && c.Broke != ""
		return v, nil
	}
	v.Dangling = c.Dangling
	v.From, v.Deliveries = from, c.Deliveries
	return v, s.fillChecked(ctx, v, c)
}

// fillChecked adds rows for the results of the chosen kind.
func (s *Pages) fillChecked(ctx context.Context, v *Checked, c *checked) error {
	read, place := 0, 0
	for i := range c.Results {
		res := &c.Results[i]
		v.Count(res.Verdict)
		v.Problems = append(v.Problems, res.Problems...)
		if v.Show != "" && v.Show != record.VerdictView(res.Verdict) {
			continue
		}
		if place++; place <= v.From || len(v.Rows) >= submitShown {
			continue
		}
		row := CheckedRow{Result: *res, Bytes: c.Sizes[res.URN]}
		row.File, row.Line = fileAndLine(res.Where)
		if body := c.Bodies[res.URN]; body != nil && read+row.Bytes <= record.SumBytesAll {
			read += row.Bytes
			var err error
			if row.Sum, err = s.Record.WouldChange(ctx, res, body); err != nil {
				return err
			}
		}
		v.Rows = append(v.Rows, row)
	}
	v.Matching = place
	v.Arrange()
	return nil
}

// fileAndLine splits the place of a structure into the file and the line in it.
func fileAndLine(where string) (file, line string) {
	at := strings.LastIndex(where, ", line ")
	if at < 0 {
		return "", strings.TrimPrefix(where, "line ")
	}
	line, _, _ = strings.Cut(where[at+len(", line "):], ",")
	return where[:at], line
}
