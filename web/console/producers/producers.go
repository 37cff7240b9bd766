package producers

import (
	"net/url"
	"strconv"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/web/console/record"
	"urncast/web/console/ui"
)

// Producers is what the list of producers shows.
type Producers struct {
	Now  time.Time
	List []control.Status
	// May says that the reader may create and command producers; NoConnection that there
	// is no connection yet, which an admin is told.
	May, NoConnection bool
}

func (p *Producers) sum() string {
	if len(p.List) == 0 {
		return "Nothing is published yet."
	}
	return ui.ProducersSum(p.List, false)
}

// A Producer is what the page of one producer shows.
type Producer struct {
	control.Status
	Now    time.Time
	May    bool // the reader may command it
	Routes []RouteRow
	Jobs   []control.JobStatus
	Latest []BecameRow
	// Mail are the addresses that mails go to; MailOwn says that they are the producer's
	// own.
	Mail    []string
	MailSet bool // there are mail settings, which the reader may see
	MailOwn bool
	// Saved says what was done just now.
	Saved string
}

// A RouteRow is a route with what it lets through and what is on its topic.
type RouteRow struct {
	producer.Route
	Matches, Bytes int64
	Held           *control.HeldRoute // nil if nothing was published on it
}

// A BecameRow is a transaction with its status on one producer.
type BecameRow struct {
	record.TransactionRow
	control.Became
}

// sum is the sentence that sums up a producer.
func (p *Producer) sum() string {
	switch {
	case !p.Started && p.State == producer.Stopped:
		return "Never started. You decide whether it begins with everything (baseline) or with the next change (idle). "
	case !p.Started:
		return "Its first start says what is sent. "
	case p.Pending == 0:
		return p.Rests() + " "
	}
	text := ui.Plural(p.Pending, "transaction waits", "transactions wait")
	if !p.OldestPending.IsZero() {
		text += ", the oldest for " + ui.Span(p.Now.Sub(p.OldestPending))
	}
	return text + ". "
}

func (p *Producer) connection() string {
	if p.Settings.Connection != "" {
		return p.Settings.Connection
	}
	return "the default"
}

// baseline is the last completed baseline; nil if there is none among the newest jobs.
func (p *Producer) baseline() *control.JobStatus {
	for i := range p.Jobs {
		if j := &p.Jobs[i]; j.Kind == "baseline" && j.Phase == "done" {
			return j
		}
	}
	return nil
}

func (p *Producer) unsaid() (n int64) {
	for i := range p.Routes {
		if h := p.Routes[i].Held; h != nil {
			n += h.LeftOut
		}
	}
	return n
}

func (p *Producer) latestEmpty() string {
	if !p.Started {
		return "Nothing is sent before it is started, idle or with a baseline."
	}
	return "What changes the registry is listed here with what became of it on this producer."
}

// jobMark is the tone, icon and word of a job's phase.
func jobMark(j *control.JobStatus) (t ui.Tone, icon, word string) {
	if j.Cancelling {
		return ui.Working, "recovering", "Is cancelled"
	}
	switch j.Phase {
	case "waiting":
		return ui.Working, "pending", "Waits"
	case "done":
		return ui.Well, "tick", "Done"
	case "cancelled":
		return ui.Held, "skipped", "Cancelled"
	case "replaced":
		return ui.Held, "skipped", "Replaced"
	case "clear":
		return ui.Working, "recovering", "Clears"
	}
	return ui.Working, "recovering", "Sends"
}

// CancelPath is the page that asks before a job is cancelled.
func CancelPath(name, job string) string {
	return ui.ProducerPath(name, "cancel") + "?" + url.Values{"job": {job}}.Encode()
}

func jobShort(id string) string { return id[:min(8, len(id))] }

// needsSkip is the transaction that can be skipped; 0 if none.
func (p *Producer) needsSkip() registry.Number {
	if p.State == producer.Failed {
		return p.Failed
	}
	return 0
}

func settingsRevision(c *producer.Config) string { return strconv.FormatInt(c.Revision, 10) }
