package console

import (
	"slices"

	"urncast/registry"
	"urncast/registry/access"
)

// Whither is what one producer would send.
type Whither struct {
	Producer, Topic string
	Messages        int
	TooLarge        []string
	Unknown         string // why whether it fits is not known
}

// tooLargeShown is how many structures are named that do not fit a topic.
const tooLargeShown = 5

// verdictViews are the kinds of rows, in the words of the page.
var verdictViews = []struct {
	verdict          registry.Verdict
	name, word, icon string
	tone             Tone
}{
	{registry.Created, "add", "Add", "added", Well},
	{registry.Updated, "change", "Change", "text", "acc"},
	{registry.Deleted, "delete", "Delete", "removed", "plainbad"},
	{registry.Unchanged, "leave", "Leave", "same", Held},
	{registry.Refused, "refuse", "Refuse", "error", "plainbad"},
}

// VerdictView is the view that shows a verdict.
func VerdictView(v registry.Verdict) string {
	for _, view := range verdictViews {
		if view.verdict == v {
			return view.name
		}
	}
	return ""
}

// forcible says whether the reader may have it done all the same: an administrator, where
// nothing but a stable version is in the way (R7).
func forcible(f *Frame, in []registry.Problem) bool {
	other := func(p registry.Problem) bool { return p.Reason != registry.ReasonImmutable }
	return f.Who.Role == access.Admin.String() && len(in) > 0 && !slices.ContainsFunc(in, other)
}
