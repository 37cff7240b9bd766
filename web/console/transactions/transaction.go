package transactions

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"urncast/producer"
	"urncast/registry"
	"urncast/registry/diff"
	"urncast/sdmx"
	"urncast/web/console/record"
	"urncast/web/console/ui"
)

// A transaction is what the page of one transaction shows.
type transaction struct {
	registry.Transaction
	Now          time.Time
	Older, Newer registry.Number // 0 if there is none
	Sent         []record.Sent
	Troubles     []trouble
	Changes      []record.Changed
	// From is the position of the first of Changes; Next the position of the page that
	// follows, 0 at the end.
	From, Next int
	Chosen     *chosen
	// Removed says in a sentence that housekeeping removed content; empty if it did not.
	Removed string
}

// A trouble is a producer that stopped at the transaction.
type trouble struct {
	ui.Fault
	Producer string
	May      bool // the reader may act on it
}

// isPending reports whether the transaction waits on a producer, or is stuck there.
func (t *transaction) isPending() bool {
	return slices.ContainsFunc(t.Sent, func(s record.Sent) bool {
		return s.Status == producer.StatusPending || s.Status == producer.StatusFailed
	})
}

// A chosen is the structure whose changes are shown.
type chosen struct {
	registry.Transition
	Diff diff.Diff
	// Against is when the version before was made.
	Against time.Time
	// Shown bounds the changes that are drawn.
	Shown int
	// Why says why nothing can be compared; empty if something can.
	Why string
	// More is the path of the page with all changes.
	More string
}

// changes are the changes that are drawn.
func (c *chosen) changes() []diff.Change {
	return c.Diff.Changes[:min(c.Shown, len(c.Diff.Changes))]
}

func (t *transaction) position(p int) string {
	path := ui.TransactionPath(t.Number) + "?structure=" + strconv.Itoa(p)
	if t.From > 1 {
		path += "&from=" + strconv.Itoa(t.From)
	}
	return path + "#changed"
}

// sum is the sentence of the head: what was done to how many structures.
func (t *transaction) sum() string {
	verb := "Replaced "
	if t.Kind == registry.Delete {
		verb = "Deleted "
	}
	return verb + ui.Plural(t.Structures, "structure", "structures") + ". Recorded "
}

// A look is how a kind of change is drawn.
type look struct{ row, icon, word string }

func lookOf(k diff.Kind) look {
	switch k {
	case diff.Added:
		return look{"add", "added", "Added"}
	case diff.Removed:
		return look{"rem", "removed", "Removed"}
	case diff.Renamed:
		return look{"ren", "renamed", "Renamed"}
	case diff.Moved:
		return look{"chg", "moved", "Moved"}
	case diff.Text:
		return look{"chg", "text", "Text"}
	case diff.Reference:
		return look{"chg", "reference", "Reference"}
	}
	return look{"chg", "text", "Property"}
}

// fieldOf is the field that changed, with its language.
func fieldOf(c *diff.Change) string {
	f := ui.Capital(c.Field)
	if c.Lang != "" {
		f += ", " + c.Lang
	}
	return f + ": "
}

// unchanged says how much stayed the same.
func unchanged(c *chosen) string {
	if c.Diff.Items == 0 {
		return ""
	}
	return ui.Plural(c.Diff.Unchanged, ui.ItemWord(c.URN.Class, 1), ui.ItemWord(c.URN.Class, 2)) + " unchanged"
}

func order(d *diff.Diff) string {
	if d.Reordered {
		return "Order: changed"
	}
	return "Order: unchanged"
}

// shortRef is a reference without the prefix that all URNs share.
func shortRef(urn string) string {
	r, err := sdmx.ParseRef(urn)
	switch {
	case err != nil:
		return urn
	case r.Item != "":
		return r.URN.Short() + "." + r.Item
	}
	return r.URN.Short()
}

// marked is a text with removed and added parts marked. No space may come between them.
func marked(pieces []diff.Piece) templ.Component {
	var b strings.Builder
	for _, p := range pieces {
		s := templ.EscapeString(p.Text)
		switch p.Kind {
		case diff.Removed:
			s = "<del>" + s + "</del>"
		case diff.Added:
			s = "<ins>" + s + "</ins>"
		}
		b.WriteString(s)
	}
	return templ.Raw(b.String())
}
