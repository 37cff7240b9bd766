package submit

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/registry/diff"
	"urncast/registry/workspace"
	"urncast/web/console/record"
	"urncast/web/console/ui"
)

// Checked is the result of checking files that were sent.
type Checked struct {
	ID      string
	Check   string // id of the check, which each form names
	Stale   bool   // the reader's button was on the page of an earlier check
	Files   []string
	Formats []string
	Bytes   int64
	Took    time.Duration
	Action  string
	// Unread says why the files could not be read; all else is empty then.
	Unread *Unread
	// Broke is why the check broke off, or if BrokeSubmit the submission; all else is
	// empty then, too.
	Broke       string
	BrokeSubmit bool
	// Wrong is the form's error.
	Wrong string
	// Problems are the reasons of all refusals.
	Problems []registry.Problem
	// Force is the reason for changing final or stable structures; empty if they are not
	// to be changed.
	Force             string
	Skipped, Warnings formats.Remarks
	Left, Dangling    int
	Show              string // the kind of rows; empty for all
	From, Matching    int
	Rows              []CheckedRow
	Deliveries        []record.Delivery

	counts map[registry.Verdict]int
}

// keptWords say what is in an upload behind its first file's name.
func keptWords(u *workspace.Upload) string {
	more := ""
	if n := len(u.Files) - 1; n > 0 {
		more = "and " + ui.Plural(n, "more", "more") + ", "
	}
	return more + ui.Size(u.Bytes())
}

// Unread is why files could not be read, and where.
type Unread struct {
	File, Path, Text string
	Line, Column     int
	// Unsupported says that a type in the file is not kept here, and may be left out.
	Unsupported bool
}

// A CheckedRow is one structure.
type CheckedRow struct {
	registry.Result
	File, Line string
	Bytes      int
	Sum        *diff.Diff // nil where it was not compared
}

// Count counts a verdict.
func (c *Checked) Count(v registry.Verdict) {
	if c.counts == nil {
		c.counts = map[registry.Verdict]int{}
	}
	c.counts[v]++
}

// Arrange sorts the rows by file, refused ones first.
func (c *Checked) Arrange() {
	refused := func(r CheckedRow) int {
		if r.Verdict == registry.Refused {
			return 0
		}
		return 1
	}
	files := map[string]int{}
	for _, r := range c.Rows {
		if _, ok := files[r.File]; !ok {
			files[r.File] = len(files)
		}
	}
	slices.SortStableFunc(c.Rows, func(a, b CheckedRow) int {
		if d := refused(a) - refused(b); d != 0 {
			return d
		}
		return files[a.File] - files[b.File]
	})
}

func (c *Checked) path() string { return "/submit/" + c.ID }

func (c *Checked) segments() []ui.Segment {
	all := 0
	for _, n := range c.counts {
		all += n
	}
	out := []ui.Segment{{Path: c.path(), Word: "All " + ui.Count(all), Current: c.Show == ""}}
	for _, v := range record.VerdictViews {
		if n := c.counts[v.Verdict]; n > 0 || v.Verdict == registry.Refused {
			out = append(out, ui.Segment{Path: c.path() + "?show=" + v.Name, Word: v.Word + " " + ui.Count(n), Current: c.Show == v.Name})
		}
	}
	return out
}

func (c *Checked) refused() int { return c.counts[registry.Refused] }

func (c *Checked) deletes() int { return c.counts[registry.Deleted] }

// changes is how many structures would be written.
func (c *Checked) changes() int {
	return c.counts[registry.Created] + c.counts[registry.Updated] + c.counts[registry.Deleted]
}

// verdict is the headline, and what it means.
func (c *Checked) verdict() (t ui.Tone, heading, text string) {
	same := c.counts[registry.Unchanged]
	switch n := c.refused(); {
	case n > 0:
		return ui.Needs, ui.Plural(n, "structure is refused", "structures are refused") + ", so nothing would be written",
			"A submission is taken whole or not at all. Mend the places below in the file and send it again, or leave out what is refused."
	case c.changes() == 0 && same == 0:
		return ui.Soon, "The files hold no structures", "Nothing would be written."
	case c.changes() == 0:
		return ui.Well, "All " + ui.Count(same) + " are the same as in the registry", "No transaction would be made."
	default:
		if t = ui.Well; c.Force != "" {
			t = ui.Soon
		}
		return t, ui.Plural(c.changes(), "structure would be written", "structures would be written"), c.plan()
	}
}

// plan says which transactions the submission would make.
func (c *Checked) plan() string {
	replaces := c.counts[registry.Created] + c.counts[registry.Updated]
	var parts []string
	if replaces > 0 {
		parts = append(parts, "one transaction that replaces "+ui.Count(replaces))
	}
	if n := c.deletes(); n > 0 {
		parts = append(parts, "one that deletes "+ui.Count(n))
	}
	s := "It makes " + strings.Join(parts, " and ") + "."
	if n := c.counts[registry.Unchanged]; n > 0 {
		s += " " + ui.Plural(n, "is", "are") + " the same as in the registry."
	}
	return s
}

// stops says which producers the submission would stop because it does not fit their
// topics.
func (c *Checked) stops() (out []string) {
	for i := range c.Deliveries {
		if w := &c.Deliveries[i]; len(w.TooLarge) > 0 {
			out = append(out, w.Producer+" will stop at it: "+ui.Plural(len(w.TooLarge), "message is", "messages are")+" too large for "+w.Topic+", as said below.")
		}
	}
	return out
}

func (c *Checked) files() string { return strings.Join(c.Files, ", ") }

func (c *Checked) facts() string {
	s := ui.Plural(len(c.Files), "file", "files")
	if len(c.Formats) > 0 {
		s += ", " + strings.Join(c.Formats, " and ")
	}
	return s + ", " + ui.Size(c.Bytes) + ", checked in " + ui.Span(c.Took)
}

// begins reports whether a row begins a group, and the group's name.
func (c *Checked) begins(i int) (string, bool) {
	name := func(r *CheckedRow) string {
		if r.File == "" {
			return "Not in the files"
		}
		return r.File
	}
	if i > 0 && name(&c.Rows[i-1]) == name(&c.Rows[i]) && (c.Rows[i-1].Verdict == registry.Refused) == (c.Rows[i].Verdict == registry.Refused) {
		return "", false
	}
	return name(&c.Rows[i]), true
}

func (c *Checked) next() string {
	return c.path() + "?show=" + c.Show + "&from=" + strconv.Itoa(c.From+len(c.Rows))
}

// place says where in the file reading failed.
func (u *Unread) place() string {
	var parts []string
	if u.Line > 0 {
		parts = append(parts, "line "+strconv.Itoa(u.Line)+", column "+strconv.Itoa(u.Column))
	}
	if u.Path != "" {
		parts = append(parts, u.Path)
	}
	return strings.Join(parts, ", ")
}

var actions = ui.Options("replace", "replace", "Replace", "append", "Append", "merge", "Merge", "full-replace", "Full replace", "delete", "Delete")

var actionHelp = map[string]string{
	"replace":      "Puts whole structures in the place of those with the same URN.",
	"append":       "Adds what is new, and changes nothing that is there.",
	"merge":        "Puts items in the place of those with the same id, and adds the others.",
	"full-replace": "Replaces, and deletes whatever else the agencies in the files maintain.",
	"delete":       "Deletes the structures that the files name.",
}
