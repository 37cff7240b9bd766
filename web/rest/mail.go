package rest

import (
	"errors"
	"net/http"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/notice"
	"urncast/web/answer"
)

// Mail serves the mail settings and shows the queue. The password can be set and is never
// shown.
type Mail struct{ Mailer *notice.Mailer }

// MailTested answers a test mail.
type MailTested struct {
	SentTo []string `json:"sentTo"`
}

// Get serves GET /api/v1/mail.
func (m *Mail) Get(w http.ResponseWriter, r *http.Request) {
	shown, err := m.Mailer.Show(r.Context())
	if err != nil {
		writeMailError(w, r, err)
		return
	}
	tag(w, shown.Settings.Revision)
	writeJSON(w, http.StatusOK, shown)
}

// Put serves PUT /api/v1/mail, all settings: one that is left out gets its default, and a
// password that is left out is removed.
func (m *Mail) Put(w http.ResponseWriter, r *http.Request) {
	b, ok := readBody(w, r)
	if !ok {
		return
	}
	s := notice.Defaults()
	if err := decode(b, &s); err != nil {
		answer.WriteError(w, r, http.StatusBadRequest, "The body must be JSON with the mail settings as GET shows them: %s.", err)
		return
	}
	if !onto(w, r, &s.Revision) {
		return
	}
	shown, err := m.Mailer.Save(r.Context(), s, answer.Actor(r))
	if err != nil {
		writeMailError(w, r, err)
		return
	}
	tag(w, shown.Settings.Revision)
	writeJSON(w, http.StatusOK, shown)
}

// Test serves POST /api/v1/mail/test: a test mail to the address in to, or to all admins.
// It answers when the mail server has accepted or refused it.
func (m *Mail) Test(w http.ResponseWriter, r *http.Request) {
	b, ok := readBody(w, r)
	if !ok {
		return
	}
	var in struct {
		To string `json:"to"`
	}
	if err := decode(b, &in); err != nil {
		answer.WriteError(w, r, http.StatusBadRequest, "The body must be JSON that says to whom, or empty: %s.", err)
		return
	}
	sent, err := m.Mailer.Test(r.Context(), in.To, answer.Actor(r))
	reply(w, r, http.StatusOK, MailTested{sent}, err, writeMailError)
}

// writeMailError answers with the status that fits an error.
func writeMailError(w http.ResponseWriter, r *http.Request, err error) {
	var bad *producer.BadEditError
	var conflict *notice.ConflictError
	var refused *notice.SendError
	switch {
	case errors.As(err, &bad):
		answer.WriteError(w, r, http.StatusBadRequest, "%s.", err)
	case errors.As(err, &conflict):
		answer.WriteError(w, r, conflicting(r), "%s.", err)
	case errors.Is(err, notice.ErrNoServer):
		answer.WriteError(w, r, http.StatusConflict, "No test mail was sent, for %s.", err)
	case errors.Is(err, secret.ErrNoKey):
		answer.WriteError(w, r, http.StatusConflict, "The mail settings were not saved, for they have a password, and %s.", err)
	case errors.As(err, &refused):
		answer.WriteError(w, r, http.StatusBadGateway, "%s.", err)
	default:
		answer.WriteError(w, r, http.StatusInternalServerError, "The mail settings could not be read or written: %s", err)
	}
}
