package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"urncast/formats"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/submit"
	"urncast/web/console/ui"
)

const submitShown = 200

// submitPage draws the empty form.
func (s *server) submitPage(w http.ResponseWriter, r *http.Request) {
	s.drawSubmit(w, r, http.StatusOK, "")
}

func (s *server) drawSubmit(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	s.kit.Draw(w, r, status, submit.SubmitPage(s.kit.Frame(r, "Submit structures", "/submit"), wrong))
}

// submitFiles takes files, checks them and leads to what the check says.
func (s *server) submitFiles(w http.ResponseWriter, r *http.Request) {
	form, err := r.MultipartReader()
	if err != nil {
		s.drawSubmit(w, r, http.StatusBadRequest, "The form could not be read: "+err.Error()+".")
		return
	}
	up, fields, err := s.uploads.take(form, access.From(r.Context()).Name)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		s.drawSubmit(w, r, http.StatusRequestEntityTooLarge, "The files have more than the "+ui.ExactBytes(large.Limit)+" that this server takes at once. Send them in parts, or zipped.")
		return
	case answer.Busy(err) != nil:
		busy := answer.Busy(err)
		busy.Tell(w.Header())
		s.drawSubmit(w, r, busy.Status, busy.Text)
		return
	case errors.As(err, new(*fs.PathError)):
		s.drawSubmit(w, r, http.StatusInsufficientStorage, "The files could not be kept: "+answer.Private(w, r, err).Error()+".")
		return
	case err != nil:
		s.drawSubmit(w, r, http.StatusBadRequest, "The files did not arrive whole: "+err.Error()+". Send them again.")
		return
	case up == nil:
		s.drawSubmit(w, r, http.StatusUnprocessableEntity, "No file was chosen, or it is empty. Choose one or more.")
		return
	}
	up.mu.Lock()
	defer up.mu.Unlock()
	up.mode, err = registry.ParseMode(fields["action"])
	if err != nil {
		up.mode = registry.ModeReplace
	}
	up.skip = fields["skip"] != ""
	s.begin(r, up, false)
	http.Redirect(w, r, "/submit/"+up.id, http.StatusSeeOther)
}

// uploadOf finds the upload that a path names; nil if that is answered.
func (s *server) uploadOf(w http.ResponseWriter, r *http.Request) *upload {
	id, user := r.PathValue("id"), access.From(r.Context()).Name
	up := s.uploads.find(id, user)
	if up == nil {
		why := s.uploads.gone.Why(id, user)
		if why == "" {
			why = "They are kept for an hour, by the instance that took them, for the one who sent them."
		}
		s.kit.DrawError(w, r, http.StatusNotFound, "/submit", "These files are not here any more",
			why+" Nothing of them was written unless you submitted them: Transactions says whether that was recorded. If not, send them again.")
	}
	return up
}

// checkedPage draws what the check says, or how far it is; of what was submitted it
// leads to the transaction.
func (s *server) checkedPage(w http.ResponseWriter, r *http.Request) {
	up := s.uploadOf(w, r)
	if up == nil {
		return
	}
	if t := up.task.Load(); t != nil && !t.Soon(r.Context()) {
		s.tasks.Stream(w, r, "/submit", "/submit/"+up.id, t)
		return
	}
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.sent > 0 {
		http.Redirect(w, r, ui.TransactionPath(up.sent), http.StatusSeeOther)
		return
	}
	s.drawChecked(w, r, up, http.StatusOK, "")
}

func (s *server) drawChecked(w http.ResponseWriter, r *http.Request, up *upload, status int, wrong string) {
	v, err := s.checkView(r.Context(), up, page.Word(r.URL.Query(), "show"), page.Natural(r.URL.Query(), "from"))
	if err != nil {
		s.kit.DrawTrouble(w, r, "/submit", err)
		return
	}
	if v.Wrong = wrong; v.Broke != "" {
		v.Broke = answer.Private(w, r, up.last.err).Error()
	}
	s.kit.Draw(w, r, status, submit.CheckedPage(s.kit.Frame(r, "Submit structures", "/submit"), v))
}

// submitCommand does with an upload what a button says. While a task is under way, and
// after the submission, it leads there: a second click does nothing twice.
func (s *server) submitCommand(w http.ResponseWriter, r *http.Request) {
	up := s.uploadOf(w, r)
	if up == nil {
		return
	}
	up.mu.Lock()
	defer up.mu.Unlock()
	do := r.PostFormValue("do")
	t := up.task.Load()
	if do == "discard" && up.sent == 0 && (t == nil || !t.Now().Writes) {
		if t != nil {
			t.Cancel()
		}
		s.uploads.forget(up, "You discarded them.")
		http.Redirect(w, r, "/submit", http.StatusSeeOther)
		return
	}
	if t == nil && up.sent == 0 {
		if mode, err := registry.ParseMode(r.PostFormValue("action")); err == nil {
			up.mode = mode
		}
		if do == "submit" && up.mode == registry.ModeFullReplace && strings.TrimSpace(r.PostFormValue("confirm")) != up.mode.String() {
			s.drawChecked(w, r, up, http.StatusUnprocessableEntity, "A full replace deletes what the files leave out. Type full-replace to say that you mean it.")
			return
		}
		switch do {
		case "leave":
			up.leaveRefused()
		case "skip":
			up.skip = true
		case "check":
			up.force = ""
		case "force":
			if wrong := up.forceFor(page.Prose(r.PostForm, "force")); wrong != "" {
				s.drawChecked(w, r, up, http.StatusUnprocessableEntity, wrong)
				return
			}
		}
		s.begin(r, up, do == "submit")
	}
	http.Redirect(w, r, "/submit/"+up.id, http.StatusSeeOther)
}

// forceFor has what is final or stable changed all the same from the next check on, or
// says what is wrong with the reason.
func (up *upload) forceFor(reason string) (wrong string) {
	switch {
	case reason == "":
		return "Say why, in words: the audit keeps them."
	case len(reason) > registry.ReasonMax:
		return fmt.Sprintf("The reason has %d bytes, more than the limit of %d.", len(reason), registry.ReasonMax)
	}
	up.force = reason
	return ""
}

// leaveRefused leaves out what the last check refused.
func (up *upload) leaveRefused() {
	if up.last == nil || up.last.outcome == nil {
		return
	}
	for _, res := range up.last.outcome.Results {
		if res.Verdict == registry.Refused {
			up.left[res.URN] = true
		}
	}
}

// checkView gathers what the page of a check shows.
func (s *server) checkView(ctx context.Context, up *upload, show string, from int) (*submit.Checked, error) {
	c := up.last
	v := &submit.Checked{ID: up.id, Bytes: up.bytes(), Took: c.took, Formats: c.formats, Action: up.mode.String(), Skipped: c.summary.Skipped, Warnings: c.summary.Warnings, Show: show, Left: len(up.left), Force: up.force}
	for _, f := range up.files {
		v.Files = append(v.Files, f.name)
	}
	if c.err != nil {
		if v.Unread = unread(c.err); v.Unread == nil {
			v.Broke, v.BrokeSubmit = c.err.Error(), c.submit
		}
		return v, nil
	}
	v.Dangling = len(c.outcome.Dangling)
	v.From, v.Whither = from, c.whither
	return v, s.fillChecked(ctx, v, c)
}

// unread tells why files could not be read, and where; nil if that is not what an error
// is about.
func unread(err error) *submit.Unread {
	var bad *formats.Error
	var invalid *registry.InvalidError
	switch {
	case answer.Busy(err) != nil: // before the file's error, in which it may stand
	case errors.As(err, &bad):
		return &submit.Unread{File: bad.File, Line: bad.Line, Column: bad.Column, Path: bad.Path, Text: bad.Text, Unsupported: bad.Unsupported}
	case errors.As(err, &invalid):
		return &submit.Unread{Text: invalid.Text}
	}
	return nil
}

// fillChecked puts the results into rows, of the kind that is asked for.
func (s *server) fillChecked(ctx context.Context, v *submit.Checked, c *checked) error {
	read, place := 0, 0
	for i := range c.outcome.Results {
		res := &c.outcome.Results[i]
		v.Count(res.Verdict)
		v.Problems = append(v.Problems, res.Problems...)
		if v.Show != "" && v.Show != record.VerdictView(res.Verdict) {
			continue
		}
		if place++; place <= v.From || len(v.Rows) >= submitShown {
			continue
		}
		row := submit.CheckedRow{Result: *res, Bytes: c.sizes[res.URN]}
		row.File, row.Line = fileAndLine(res.Where)
		if body := c.body(res.URN); body != nil && read+row.Bytes <= sumBytesAll {
			read += row.Bytes
			var err error
			if row.Sum, err = s.wouldChange(ctx, res, body); err != nil {
				return err
			}
		}
		v.Rows = append(v.Rows, row)
	}
	v.Matching = place
	v.Arrange()
	return nil
}

// fileAndLine takes the place of a structure in what was sent apart: the file, and the line
// in it.
func fileAndLine(where string) (file, line string) {
	at := strings.LastIndex(where, ", line ")
	if at < 0 {
		return "", strings.TrimPrefix(where, "line ")
	}
	line, _, _ = strings.Cut(where[at+len(", line "):], ",")
	return where[:at], line
}
