package mail

import (
	"time"

	"urncast/producer/notice"
	"urncast/web/console/ui"
)

// A Mail is what the page about mail shows.
type Mail struct {
	Form     *ui.Form // the settings
	Test     *ui.Form
	Settings notice.Settings
	Queue    notice.Queue
	Mails    []notice.Mail
	More     bool
	Tested   string // the result of a test mail
	Refused  string // the server's refusal
	Sent     string // the addresses that were accepted all the same
	Saved    bool
	NoKey    bool // no password can be saved
	Now      time.Time
}

var mailKinds = map[notice.Kind]string{
	notice.KindIncident: "Stopped", notice.KindDigest: "Still stopped", notice.KindRecovered: "Recovered",
}

// mailState is the state of a mail: its tone, icon and word.
func mailState(m *notice.Mail) (ui.Tone, string, string) {
	switch {
	case !m.SentAt.IsZero() && len(m.SentTo) == 0:
		return ui.Needs, "error", "Given up"
	case !m.SentAt.IsZero() && len(m.Refusals) > 0:
		return ui.Soon, "warning", "Sent, not to all"
	case !m.SentAt.IsZero():
		return ui.Well, "tick", "Sent"
	case len(m.SentTo) > 0:
		return ui.Soon, "warning", "Sent, not to all yet"
	case m.Attempts > 0:
		return ui.Soon, "warning", "Tried " + ui.Plural(m.Attempts, "time", "times")
	}
	return ui.Working, "pending", "Waiting"
}
