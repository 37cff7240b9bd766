package console

import (
	"time"

	"urncast/producer"
)

// A Mail is what the page about mail shows.
type Mail struct {
	Form     *Form // the settings
	Test     *Form
	Settings producer.MailSettings
	Queue    producer.MailQueue
	Mails    []producer.Mailed
	More     bool
	Tested   string // what a test mail came to
	Refused  string // what the server answered instead
	Sent     string // to whom it was sent all the same
	Saved    bool
	NoKey    bool // no password can be saved
	Now      time.Time
}

var mailKinds = map[producer.MailKind]string{
	producer.MailIncident: "Stopped", producer.MailDigest: "Still stopped", producer.MailRecovered: "Recovered",
}

// state is how it stands with a mail.
func mailState(m *producer.Mailed) (Tone, string, string) {
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
