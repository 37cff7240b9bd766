package transactions

import (
	"net/url"
	"time"

	"urncast/registry"
	"urncast/web/console/record"
	"urncast/web/console/ui"
)

// A list is a page of the log.
type list struct {
	Now       time.Time
	Zone      *time.Location // the zone of the days that head rows
	Total     registry.Number
	Producers []string
	Filter    filter
	// Needs, Waiting and Failed are how many transactions the quick filters match.
	Needs, Waiting, Failed int64
	Rows                   []record.TransactionRow
	// More says that older transactions match too.
	More bool
}

// A filter is what the reader looks for, as the page's address has it.
type filter struct {
	View string // "", "needs", "waiting", "failed"
	Kind string // "", "replace", "delete"
	Of   string
	By   string
	When string // "", "1", "7", "30" days
	// Before is the number below which a page begins; 0 on the first.
	Before registry.Number
}

// query is the filter in the form of the page's address.
func (f filter) query() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"view": f.View, "kind": f.Kind, "of": f.Of, "by": f.By, "when": f.When} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if f.Before > 0 {
		v.Set("before", ui.Number(f.Before))
	}
	return v
}

func (f filter) path(base string) string {
	if q := f.query().Encode(); q != "" {
		return base + "?" + q
	}
	return base
}

// isSet reports whether the filter excludes anything.
func (f filter) isSet() bool { f.Before = 0; return f != filter{} }

func (f filter) view(name string) filter { f.View, f.Before = name, 0; return f }

// older is the address of the page below the last row.
func (t *list) older() string {
	f := t.Filter
	f.Before = t.Rows[len(t.Rows)-1].Number
	return f.path("/transactions")
}

// top is the newest number on the first page; 0 on others, to which nothing is added.
func (t *list) top() registry.Number {
	if t.Filter.Before > 0 {
		return 0
	}
	return t.Total
}

func (t *list) segments() []ui.Segment {
	seg := func(view, word string) ui.Segment {
		return ui.Segment{Path: t.Filter.view(view).path("/transactions"), Word: word, Current: t.Filter.View == view}
	}
	return []ui.Segment{seg("", "All"), seg("needs", "Need you "+ui.Count(t.Needs)), seg("waiting", "Waiting "+ui.Count(t.Waiting)), seg("failed", "Failed "+ui.Count(t.Failed))}
}

// columns are the table's columns: one for each of up to four producers, else one with the
// worst status of all.
func (t *list) columns() []ui.Column {
	out := []ui.Column{{Word: "No."}, {Word: "Recorded"}, {Word: "Action"}, {Word: "Structures"}, {Word: "By", Class: "p2"}, {Word: "Size", Class: "r p2"}}
	if len(t.Producers) > columnsMax {
		return append(out, ui.Column{Word: "Published"})
	}
	for _, p := range t.Producers {
		out = append(out, ui.Column{Word: p})
	}
	return out
}

const columnsMax = 4

// day is the day of a row, if the row is the first of its day.
func (t *list) day(i int) (string, bool) {
	at := t.Rows[i].RecordedAt.In(t.Zone)
	if i > 0 && sameDay(at, t.Rows[i-1].RecordedAt.In(t.Zone)) {
		return "", false
	}
	now, name := t.Now.In(t.Zone), at.Format("2 January 2006")
	switch {
	case sameDay(at, now):
		name = "Today, " + name
	case sameDay(at, now.AddDate(0, 0, -1)):
		name = "Yesterday, " + name
	}
	return name, true
}

func sameDay(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

func whenOptions(chosen string) []ui.Option {
	return ui.Options(chosen, "", "Any time", "1", "Last 24 hours", "7", "Last 7 days", "30", "Last 30 days")
}

func kindOptions(chosen string) []ui.Option {
	return ui.Options(chosen, "", "Replace and delete", "replace", "Replace", "delete", "Delete")
}
