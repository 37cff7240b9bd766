package console

import (
	"time"

	"urncast/producer/notice"
)

// A Mail is what the page about mail shows.
type Mail struct {
	Form     *Form // the settings
	Test     *Form
	Settings notice.Settings
	Queue    notice.Queue
	Mails    []notice.Mail
	More     bool
	Tested   string // what a test mail came to
	Refused  string // what the server answered instead
	Sent     string // to whom it was sent all the same
	Saved    bool
	NoKey    bool // no password can be saved
	Now      time.Time
}

// MailOptions are words with the chosen one.
func MailOptions(chosen string, pairs ...string) (out []Option) {
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, Option{Value: pairs[i], Word: pairs[i+1], Chosen: pairs[i] == chosen})
	}
	return out
}

var mailKinds = map[notice.Kind]string{
	notice.KindIncident: "Stopped", notice.KindDigest: "Still stopped", notice.KindRecovered: "Recovered",
}

// state is how it stands with a mail.
func mailState(m *notice.Mail) (Tone, string, string) {
	switch {
	case !m.SentAt.IsZero() && len(m.SentTo) == 0:
		return Needs, "error", "Given up"
	case !m.SentAt.IsZero() && len(m.Refusals) > 0:
		return Soon, "warning", "Sent, not to all"
	case !m.SentAt.IsZero():
		return Well, "tick", "Sent"
	case len(m.SentTo) > 0:
		return Soon, "warning", "Sent, not to all yet"
	case m.Attempts > 0:
		return Soon, "warning", "Tried " + Plural(m.Attempts, "time", "times")
	}
	return Working, "pending", "Waiting"
}
