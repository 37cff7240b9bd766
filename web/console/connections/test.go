package connections

import (
	"errors"
	"net/http"
	"strings"

	"urncast/producer"
	"urncast/producer/connection"
)

// testConnection tests the settings of the form, and draws each step as it ends. Leaving
// the page ends the test.
func (s *Pages) testConnection(w http.ResponseWriter, r *http.Request) {
	saved, d := s.drafted(w, r)
	if d == nil {
		return
	}
	c := s.connectionOf(r, saved, d)
	if view := r.PostForm.Get("view"); view == ViewImportant || view == ViewAll {
		c.View = view
	}
	c.Query = strings.TrimSpace(r.PostForm.Get("q"))
	wanted, asked := d.wanted(), d.asked()
	shown := &Connection{Saved: saved, Edit: d.shownEdit(), Typed: d.typed}
	edited := shown.Edits() > 0
	back := c.Path() + "?draft=" + d.id
	if !edited && !c.New && d.text == "" {
		_ = s.Drafts.DropDraft(r.Context(), d.id, d.user) // otherwise it expires
		d.id, back = "", c.Path()
		wanted = connection.Edit{Name: saved.Name}
	}
	first, _, _ := strings.Cut(wanted.Properties["bootstrap.servers"].Value+saved.Properties["bootstrap.servers"].Value, ",")
	flush := http.NewResponseController(w)
	s.drawConnection(w, r, http.StatusOK, c, d, &Trial{
		Title: "Test of connection " + saved.Name, Server: first, Back: back,
		Flush: func() { _ = flush.Flush() }, // fails only if the reader has left
		Say:   s.sayTest,
		Run: func(report func(connection.Step)) error {
			var failed []string
			err := s.Connections.Test(r.Context(), wanted, asked, func(step connection.Step) {
				if step.State == connection.StepFailed {
					failed = append(failed, step.ID)
				}
				report(step)
			})
			if !errors.Is(err, connection.ErrBusy) && !errors.As(err, new(*connection.RefusedError)) && !errors.As(err, new(*producer.BadEditError)) {
				s.Audit.Record(r.Context(), connection.ActTested, wanted.Name, connection.TestRecord{Edited: edited, Failed: append([]string{}, failed...),
					Ended: err == nil, Topic: asked.Topic, Scratch: asked.Scratch})
			}
			return err
		},
	})
}

// sayTest says why a test was not made, or broke off.
func (s *Pages) sayTest(err error) string {
	if errors.As(err, new(*connection.RefusedError)) {
		return "Something is refused, so that there is nothing to test with: mend what is marked red among the properties."
	}
	return err.Error() + "."
}
