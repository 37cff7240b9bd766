package manage

import (
	"errors"
	"net/http"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/notice"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/wire"
)

// Mail serves the mail settings and shows the queue. The password can be set and is never
// shown.
type Mail struct{ Mailer *notice.Mailer }

// MailTested answers a test mail.
type MailTested struct {
	SentTo []string `json:"sentTo"`
}

// Routes need an administrator, reads too, because they show addresses.
func (m *Mail) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/mail", Level: guard.Admin, Act: "Seeing the mail settings", Handle: m.get},
		{Pattern: "PUT /api/v1/mail", Level: guard.Admin, Act: "Changing the mail settings", Body: guard.Lists, Handle: m.put},
		{Pattern: "POST /api/v1/mail/test", Level: guard.Admin, Act: "Sending a test mail", Handle: m.test},
	}
}

// get serves GET /api/v1/mail.
func (m *Mail) get(w http.ResponseWriter, r *http.Request) {
	shown, err := m.Mailer.Show(r.Context())
	if err != nil {
		writeMailError(w, r, err)
		return
	}
	wire.Tag(w, shown.Settings.Revision)
	wire.WriteJSON(w, http.StatusOK, shown)
}

// put serves PUT /api/v1/mail, all settings: one that is left out gets its default, and a
// password that is left out is removed.
func (m *Mail) put(w http.ResponseWriter, r *http.Request) {
	b, ok := wire.ReadBody(w, r)
	if !ok {
		return
	}
	s := notice.Defaults()
	if err := wire.Decode(b, &s); err != nil {
		answer.WriteError(w, r, http.StatusBadRequest, "The body must be JSON with the mail settings as GET shows them: %s.", err)
		return
	}
	if !wire.Onto(w, r, &s.Revision) {
		return
	}
	shown, err := m.Mailer.Save(r.Context(), s, answer.Actor(r))
	if err != nil {
		writeMailError(w, r, err)
		return
	}
	wire.Tag(w, shown.Settings.Revision)
	wire.WriteJSON(w, http.StatusOK, shown)
}

// test serves POST /api/v1/mail/test: a test mail to the address in to, or to all admins.
// It answers when the mail server has accepted or refused it.
func (m *Mail) test(w http.ResponseWriter, r *http.Request) {
	b, ok := wire.ReadBody(w, r)
	if !ok {
		return
	}
	var in struct {
		To string `json:"to"`
	}
	if err := wire.Decode(b, &in); err != nil {
		answer.WriteError(w, r, http.StatusBadRequest, "The body must be JSON that says to whom, or empty: %s.", err)
		return
	}
	sent, err := m.Mailer.Test(r.Context(), in.To, answer.Actor(r))
	wire.Reply(w, r, http.StatusOK, MailTested{sent}, err, writeMailError)
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
		answer.WriteError(w, r, wire.Conflicting(r), "%s.", err)
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
