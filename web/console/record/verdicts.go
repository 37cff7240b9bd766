package record

import (
	"slices"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/web/console/ui"
)

// tooLargeShown is how many structures that do not fit a topic are named.
const tooLargeShown = 5

// VerdictViews are the groups of rows, with the words of the page.
var VerdictViews = []struct {
	Verdict          registry.Verdict
	Name, Word, Icon string
	Tone             ui.Tone
}{
	{registry.Created, "add", "Add", "added", ui.Well},
	{registry.Updated, "change", "Change", "text", "acc"},
	{registry.Deleted, "delete", "Delete", "removed", "plainbad"},
	{registry.Unchanged, "leave", "Leave", "same", ui.Held},
	{registry.Refused, "refuse", "Refuse", "error", "plainbad"},
}

// VerdictView is the group that shows a verdict.
func VerdictView(v registry.Verdict) string {
	for _, view := range VerdictViews {
		if view.Verdict == v {
			return view.Name
		}
	}
	return ""
}

// Forcible reports whether the reader may force the submission: an administrator, if only
// a stable version is in the way (R7).
func Forcible(f *ui.Frame, in []registry.Problem) bool {
	other := func(p registry.Problem) bool { return p.Reason != registry.ReasonImmutable }
	return f.Who.Role == access.Admin.String() && len(in) > 0 && !slices.ContainsFunc(in, other)
}
